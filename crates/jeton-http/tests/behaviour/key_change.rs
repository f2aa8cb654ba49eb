//! Keys change: what they allow, and whose they are. Those of people and groups follow their roles.

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

fn text(made: &Value) -> String {
    made["key"].as_str().expect("the text of a key").to_owned()
}

fn path(made: &Value) -> String {
    format!("/keys/{}", made["id"].as_str().expect("the id of a key"))
}

#[tokio::test]
async fn a_change_is_felt_at_once_and_says_what_it_is() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:a", ORDERS, json!({"note": "x", "max_uses": 50})).await;
    let (key, path) = (text(&made), path(&made));
    let change = async |body: Value| world.done(Method::PATCH, &path, Some(body)).await;
    let changed = change(json!({"name": "other", "note": null, "metadata": {"a": "b"}, "scope": "orders:write"})).await;
    assert_eq!((&changed["name"], &changed["note"], &changed["metadata"]), (&json!("other"), &Value::Null, &json!({"a": "b"})));
    let check = async |more: Value, code: &str| assert_eq!(world.check_key(&shop, &key, more).await["code"], code);
    check(json!({"scope": "orders:write"}), "valid").await;
    check(json!({"scope": "orders:read"}), "insufficient_scope").await;
    let too_few = world.administer(Method::PATCH, &path, Some(json!({"max_uses": 1}))).await;
    assert_eq!((too_few.status, too_few.member("code")), (400, json!("invalid_request")), "uses were handed out: {}", too_few.shown());
    assert_eq!(change(json!({"max_uses": null})).await["max_uses"], Value::Null);
    change(json!({"rate_limit": {"count": 1, "period_seconds": 60}})).await;
    check(Value::Null, "valid").await;
    check(Value::Null, "rate_limited").await;
    change(json!({"rate_limit": null, "allow_ip": ["192.0.2.1"]})).await;
    check(Value::Null, "ip_denied").await;
    check(json!({"client_ip": "192.0.2.1"}), "valid").await;
    let later = world.administer(Method::PATCH, &path, Some(json!({"expires_in_seconds": 100 * 86_400}))).await;
    assert_eq!(later.status, 400, "a later end comes with a rotation");
    change(json!({"expires_in_seconds": 0, "allow_ip": []})).await;
    check(Value::Null, "expired").await;
}

#[tokio::test]
async fn a_key_goes_to_another_owner_with_its_text() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    world.client_with("other", &[&orders], |request| request.scopes = Some("orders:read".into())).await;
    world.client_with("poor", &[&orders], |request| request.scopes = Some("orders:write".into())).await;
    let made = world.make_key("client:shop", ORDERS, json!({"scope": "orders:read"})).await;
    let (key, path) = (text(&made), path(&made));
    let moved = world.done(Method::POST, &format!("{path}/transfer"), Some(json!({"owner": "client:other"}))).await;
    assert_ne!(moved["owner"], made["owner"]);
    assert_eq!(world.check_key(&shop, &key, Value::Null).await["owner"], moved["owner"]);
    let refused = world.administer(Method::POST, &format!("{path}/transfer"), Some(json!({"owner": "client:poor"}))).await;
    assert_eq!((refused.status, refused.member("code")), (400, json!("invalid_scope")));
    world.done(Method::DELETE, "/clients/shop", None).await;
    let reader = world.client("reader", &[&orders]).await;
    assert_eq!(world.key_code(&reader, &key).await, "valid", "it went in time");
}

#[tokio::test]
async fn the_keys_of_people_and_groups_follow_their_roles() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let post = async |path: &str, body: Value| world.done(Method::POST, path, Some(body)).await;
    post("/users", json!({"username": "ada"})).await;
    post("/groups", json!({"name": "till"})).await;
    let reader = post("/roles", json!({"audience": ORDERS, "name": "reader", "scope": "orders:read"})).await;
    let role = format!("/roles/{}/assignments", reader["id"].as_str().unwrap());
    let nothing = world.administer(Method::POST, "/keys", Some(json!({"owner": "user:ada", "audience": ORDERS, "name": "k"}))).await;
    assert_eq!((nothing.status, nothing.member("code")), (400, json!("invalid_scope")), "{}", nothing.shown());
    for holder in ["user:ada", "group:till"] {
        let assigned = world.administer(Method::PUT, &format!("{role}/{holder}"), None).await;
        assert!((200..300).contains(&assigned.status), "{}", assigned.shown());
    }
    let own = world.make_key("user:ada", ORDERS, Value::Null).await;
    let shared = world.make_key("group:till", ORDERS, Value::Null).await;
    assert!(text(&own).starts_with("jtn_pat_") && text(&shared).starts_with("jtn_key_"), "{own} {shared}");
    let wants = json!({"scope": "orders:read"});
    let code = async |made: &Value| world.check_key(&shop, &text(made), wants.clone()).await["code"].as_str().unwrap().to_owned();
    assert_eq!((code(&own).await, code(&shared).await), ("valid".into(), "valid".into()));
    world.done(Method::DELETE, &format!("{role}/group:till"), None).await;
    assert_eq!((code(&own).await, code(&shared).await), ("valid".into(), "insufficient_scope".into()));
    let mixed = world.administer(Method::POST, &format!("{}/transfer", path(&own)), Some(json!({"owner": "group:till"}))).await;
    assert_eq!(mixed.status, 400, "{}", mixed.shown());
    world.done(Method::POST, "/users/ada/disable", None).await;
    assert_eq!(code(&own).await, "revoked");
    world.done(Method::POST, "/users/ada/enable", None).await;
    assert_eq!(code(&own).await, "revoked", "enabling brings nothing back");
    let again = world.make_key("user:ada", ORDERS, Value::Null).await;
    assert_eq!(code(&again).await, "valid");
    let held_up = world.administer(Method::DELETE, "/groups/till", None).await;
    assert_eq!(held_up.status, 409, "a group does not go while it has keys: {}", held_up.shown());
    assert_ne!(code(&shared).await, "revoked");
    world.done(Method::DELETE, &path(&shared), None).await;
    world.done(Method::DELETE, "/groups/till", None).await;
    assert_eq!(code(&shared).await, "revoked");
}

/// Whoever hears `revoked` forgets the key for good: it is said where nothing brings it back, and not before.
#[tokio::test]
async fn a_client_that_may_not_use_the_api_for_now_has_its_keys_refused_for_now() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let [shop, reader] = [world.client("shop", &[&orders, &stock]).await, world.client("reader", &[&orders]).await];
    let keys =
        [world.make_key("client:shop", ORDERS, Value::Null).await, world.make_key("external:a", ORDERS, json!({"client": "shop"})).await];
    let reach = async |audiences: Value| {
        let body = json!({"audiences": audiences, "scope": ""});
        drop(world.done(Method::PATCH, &format!("/clients/{}", shop.id), Some(body)).await);
    };
    reach(json!(["https://stock.example"])).await;
    for key in &keys {
        assert_eq!(world.key_code(&reader, &text(key)).await, "suspended");
        let shown = world.done(Method::GET, &path(key), None).await;
        assert_eq!((&shown["state"], &shown["why"]), (&json!("suspended"), &json!("no_access")));
        let explained = world.done(Method::GET, &format!("{}/explanation", path(key)), None).await;
        assert_eq!(explained["decided_by"]["rule"], "no_access");
        let rotated = world.administer(Method::POST, &format!("{}/rotate", path(key)), Some(json!({}))).await;
        assert_eq!(rotated.status, 400, "{}", rotated.shown());
    }
    reach(json!([ORDERS])).await;
    for key in &keys {
        assert_eq!(world.key_code(&reader, &text(key)).await, "valid");
    }
    world.done(Method::DELETE, &format!("/clients/{}", shop.id), None).await;
    for key in &keys {
        assert_eq!(world.key_code(&reader, &text(key)).await, "revoked");
    }
}

#[tokio::test]
async fn what_is_over_is_not_resumed() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let resume = async |key: &Value| world.administer(Method::POST, &format!("{}/resume", path(key)), None).await;
    let short = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 1})).await;
    world.advance(1);
    let refused = resume(&short).await;
    assert_eq!(refused.status, 409, "{}", refused.shown());
    assert!(refused.text().contains("expired"), "{}", refused.shown());
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    world.cut_off(CutOffSubject::Client, &shop.id).await;
    let refused = resume(&made).await;
    assert_eq!(refused.status, 409, "{}", refused.shown());
    assert!(refused.text().contains("cut off"), "{}", refused.shown());
    world.advance(2);
    let gone = world.make_key("client:shop", ORDERS, Value::Null).await;
    world.done(Method::DELETE, "/clients/shop", None).await;
    assert_eq!(resume(&gone).await.status, 409);
}

#[tokio::test]
async fn a_key_that_was_suspended_by_itself_stays_so_when_its_owner_is_resumed() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let judge = world.client("judge", &[&orders]).await;
    world.client("shop", &[&orders]).await;
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    world.done(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": "reader", "scope": "orders:read"}))).await;
    for (kind, name) in [("client", "shop"), ("user", "ada"), ("group", "billing")] {
        let (owner, subject) = (format!("{kind}:{name}"), json!({kind: name}));
        if kind != "client" {
            world.done(Method::PUT, &format!("/roles/reader/assignments/{owner}"), None).await;
        }
        let make = async || world.make_key(&owner, ORDERS, json!({"scope": "orders:read"})).await;
        let (leaked, other) = (make().await, make().await);
        world.done(Method::POST, &format!("{}/suspend", path(&leaked)), Some(json!({"why": "leaked"}))).await;
        world.done(Method::POST, "/suspensions", Some(subject.clone())).await;
        assert_eq!(world.key_code(&judge, &text(&other)).await, "suspended", "{owner}");
        world.done(Method::POST, "/resumptions", Some(subject)).await;
        let codes = [world.key_code(&judge, &text(&leaked)).await, world.key_code(&judge, &text(&other)).await];
        assert_eq!(codes, ["suspended", "valid"], "{owner}");
        assert_eq!(world.done(Method::GET, &path(&leaked), None).await["why"], "leaked", "{owner}");
    }
}
