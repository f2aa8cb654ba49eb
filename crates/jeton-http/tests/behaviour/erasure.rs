//! A person who is erased: what is theirs ends, nothing says any more who they were, and the ledger verifies.

use http::Method;
use jeton_core::record::Value as Column;
use jeton_core::schema::CHANGE;
use jeton_store::ledger::Frontier;
use jeton_store::line::Change;
use jeton_store::schema::SCHEMA;
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

/// What commits changed, as it is kept for backups.
fn changes(world: &World) -> Vec<String> {
    let rows = world.service().store().view().unwrap().walk(&CHANGE, None, None, 10_000).unwrap();
    let lines = rows.iter().filter_map(|row| row.record.get(1).and_then(Column::as_text));
    lines.flat_map(|lines| lines.lines()).map(str::to_owned).collect()
}

/// What nothing may say of Ada any more.
const SAID: [&str; 6] = ["\"ada\"", "Müller", "ada@example.org", "telephone", "laptop", "\"of\""];

#[track_caller]
fn is_named_nowhere(world: &World, id: &str) {
    let (said, copies) = (ledger(world), changes(world));
    for words in SAID {
        assert!(!said.contains(words), "{words}: {said}");
        let naming: Vec<_> = copies.iter().filter(|line| line.contains(words)).collect();
        assert!(naming.is_empty(), "{words}: {naming:?}");
    }
    // What they might not do any more is still told, and everything of others.
    let changes: Vec<Change> = copies.iter().map(|line| Change::parse(&SCHEMA, line).unwrap()).collect();
    let puts = || changes.iter().flat_map(|change| &change.puts);
    assert!(
        puts().any(|put| put.table.name == "person" && put.row.contains(&Column::text("disabled")) && put.row.contains(&Column::text(id)))
    );
    assert!(puts().any(|put| put.table.name == "person" && put.row.contains(&Column::text("bob"))));
    assert!(puts().any(|put| put.table.name == "api_key" && put.row.contains(&Column::text("revoked"))));
    let deleted = |name: &str| changes.iter().flat_map(|change| &change.deletes).filter(|(table, _)| table.name == name).count();
    assert_eq!((deleted("person"), deleted("api_key")), (1, 2));
    let (entries, head) = (world.service().store().tail(0, 10_000).unwrap(), world.service().store().head());
    let mut frontier = Frontier::default();
    entries.iter().for_each(|entry| frontier.append(entry.leaf()));
    assert_eq!((frontier.root(), frontier.size()), (head.frontier.root(), head.size), "the ledger verifies");
}

/// Whatever fails in it, and wherever the process ends: the next one goes on with it.
#[tokio::test]
async fn an_erasure_that_is_broken_off_is_gone_on_with_at_the_next_start() {
    let mut refused = 0;
    for commits in 0.. {
        let world = World::new().await;
        let (id, key) = ada(&world).await;
        world.done(Method::POST, "/users", Some(json!({"username": "carl"}))).await;
        assert!(changes(&world).iter().any(|line| line.contains("laptop")), "what is looked for is to be found before");
        world.fail_after(commits);
        let asked = world.administer(Method::POST, "/users/ada/erase", Some(json!({}))).await;
        assert_eq!(asked.status, if asked.status == 200 { 200 } else { 503 }, "{}", asked.shown());
        let world = world.reopen().await;
        let caller = world.client("caller", &[&world.service().find_api("https://orders.example").unwrap().record]).await;
        let ended = world.service().go_on_erasing(&world.moment()).await.unwrap();
        if commits == 0 {
            assert_eq!((ended, world.administer(Method::GET, "/users/ada", None).await.json()["state"].clone()), (0, json!("active")));
            continue;
        }
        assert_eq!(ended, u64::from(asked.status != 200), "after {commits} commits");
        assert_eq!(world.service().go_on_erasing(&world.moment()).await, Ok(0), "nothing is left to do");
        assert_eq!(world.administer(Method::GET, &format!("/users/{id}"), None).await.status, 404);
        assert_ne!(world.key_code(&caller, &key).await, "valid");
        assert_eq!(world.done(Method::GET, "/keys", None).await["items"], json!([]));
        is_named_nowhere(&world, &id);
        assert_eq!(world.administer(Method::GET, "/users/carl", None).await.status, 200);
        if asked.status == 200 {
            break;
        }
        refused += 1;
    }
    assert!(refused >= 5, "it takes more commits than {refused}");
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
    is_named_nowhere(&world, &id);
    let said = ledger(&world);
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
