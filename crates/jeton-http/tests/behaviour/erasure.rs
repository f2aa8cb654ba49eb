//! A person who is erased: what is theirs ends, nothing says any more who they were, and the ledger verifies.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

/// A person with a key, a role and a group, of whom somebody wrote something.
async fn ada(world: &World) -> (String, String) {
    world.opaque_api("orders").await;
    let ada = world.done(Method::POST, "/users", Some(json!({"username": "ada", "name": "Ada Müller", "email": "ada@example.org"}))).await;
    world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    let role = json!({"audience": "https://orders.example", "name": "reader", "scope": "orders:read"});
    world.done(Method::POST, "/roles", Some(role)).await;
    world.done(Method::PUT, "/groups/billing/members/ada", None).await;
    world.done(Method::PUT, "/roles/reader/assignments/user:ada", None).await;
    let key = world.make_key("user:ada", "https://orders.example", json!({"name": "the laptop of ada", "scope": "orders:read"})).await;
    let gone = world.make_key("user:ada", "https://orders.example", json!({"scope": "orders:read"})).await;
    world.done(Method::POST, "/revocations", Some(json!({"id": gone["id"], "why": "her telephone was stolen"}))).await;
    (text(&ada, "id"), text(&key, "key"))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

async fn erase(world: &World, user: &str, dry_run: bool) -> Value {
    world.done(Method::POST, &format!("/users/{user}/erase"), Some(json!({"dry_run": dry_run}))).await
}

/// What the ledger says, all of it.
fn ledger(world: &World) -> String {
    let entries = world.service().store().tail(0, 10_000).unwrap();
    let said = entries.iter().filter_map(|entry| Some(String::from_utf8_lossy(&entry.content.as_ref()?.payload).into_owned()));
    said.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn nothing_of_a_person_is_left_but_an_id() {
    let world = World::new().await;
    let (id, key) = ada(&world).await;
    let caller = world.client("caller", &[&world.service().find_api("https://orders.example").unwrap().record]).await;
    assert_eq!(world.key_code(&caller, &key).await, "valid");
    let before = world.service().store().head().size;
    let would = erase(&world, "ada", true).await;
    let expected = |dry_run: bool| json!({"id": id, "keys": 2, "groups": 1, "roles": 1, "entries": 2, "dry_run": dry_run});
    assert_eq!((would, world.service().store().head().size), (expected(true), before));
    assert!(ledger(&world).contains("her telephone") && ledger(&world).contains(r#""username":"ada""#));
    assert_eq!(erase(&world, "Ada", false).await, expected(false));
    for name in ["ada", &id] {
        assert_eq!(world.administer(Method::GET, &format!("/users/{name}"), None).await.status, 404);
    }
    assert_ne!(world.key_code(&caller, &key).await, "valid");
    let said = ledger(&world);
    for words in ["\"ada\"", "Müller", "ada@example.org", "telephone", "laptop"] {
        assert!(!said.contains(words), "{words}: {said}");
    }
    assert!(said.contains(r#""username":"bob""#) && said.contains(&id));
    let keys = world.done(Method::GET, "/keys", None).await;
    assert_eq!(keys["items"], json!([]));
    let members = world.done(Method::GET, "/groups/billing", None).await;
    assert_eq!(members["members"], 0);
    // The name is free, and whoever has it next has nothing of theirs.
    let next = world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    assert_eq!((next["groups"].clone(), next["roles"].clone()), (json!([]), json!([])));
    let silent = world.service().store().tail(0, 10_000).unwrap().iter().filter(|entry| entry.content.is_none()).count();
    assert_eq!(silent, 2);
    // A restart finds it so.
    let world = world.reopen().await;
    assert_eq!(world.administer(Method::GET, &format!("/users/{id}"), None).await.status, 404);
    assert_ne!(world.key_code(&caller, &key).await, "valid");
}

#[tokio::test]
async fn nobody_erases_the_last_owner_nor_who_may_do_more() {
    let world = World::new().await;
    ada(&world).await;
    world.administrator_of("boss", "owner").await;
    let refused = world.administer(Method::POST, "/users/boss/erase", Some(json!({}))).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (409, json!("conflict")), "{}", refused.shown());
    let operator = format!("Bearer {}", world.administrator_of("desk", "operator").await);
    let asked = world.manage(Some(&operator), Method::POST, "/users/ada/erase", Some(&json!({}))).await;
    assert_eq!(asked.status, 403, "{}", asked.shown());
    world.administrator_of("second", "owner").await;
    assert_eq!(erase(&world, "boss", false).await["roles"], 1);
    assert_eq!(world.administer(Method::POST, "/users/nobody/erase", Some(json!({}))).await.status, 404);
}
