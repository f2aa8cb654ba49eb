//! `POST /api/v1/keys/verify`: who may ask, and what is answered.

use http::Method;
use insta::assert_snapshot;
use jeton_jose::Algorithm;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::assertion::Assertion;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";
const VERIFY: &str = "/api/v1/keys/verify";

fn text(made: &Value) -> String {
    made["key"].as_str().expect("the text of a key").to_owned()
}

#[tokio::test]
async fn the_answer() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let key = text(&world.make_key("external:customer 7", ORDERS, json!({"metadata": {"plan": "b"}})).await);
    let answer = world.post_json(VERIFY, Some(&shop.basic()), &json!({"key": key, "scope": "orders:read"})).await;
    assert_snapshot!(answer.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"code":"valid","valid":true,"key_id":"[id]","owner":"external:customer 7","audience":"https://orders.example","scope":"orders:read","name":"a key","metadata":{"plan":"b"},"environment":"live","expires_at":"2027-04-15T08:00:00Z","cache_seconds":60}
    "#);
    for junk in ["", "x", "jtn_key_x", &key[1..], &format!("{key} "), &"x".repeat(10_000)] {
        let answer = world.post_json(VERIFY, Some(&shop.basic()), &json!({"key": junk})).await;
        assert_eq!(answer.text(), r#"{"code":"not_found","valid":false,"cache_seconds":0}"#);
    }
    let of_administrator = world.done(Method::POST, "/keys/verify", Some(json!({"key": key}))).await;
    assert_eq!(of_administrator["code"], "valid");
}

/// An answer that is the same each time is written once: whatever changes is in the next one all the same.
#[tokio::test]
async fn what_changes_is_in_the_next_answer() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    world.client("owner", &[&orders]).await;
    let made = world.make_key("client:owner", ORDERS, json!({"scope": "orders:read orders:write"})).await;
    let (id, before) = (made["id"].as_str().unwrap().to_owned(), text(&made));
    let asked = async |key: &str| {
        let mut last = Value::Null;
        for _ in 0..4 {
            last = world.check_key(&shop, key, Value::Null).await;
        }
        last
    };
    let first = asked(&before).await;
    assert_eq!((&first["name"], &first["scope"]), (&json!("a key"), &json!("orders:read orders:write")));
    world.done(Method::PATCH, &format!("/keys/{id}"), Some(json!({"name": "another", "metadata": {"plan": "c"}}))).await;
    let named = asked(&before).await;
    assert_eq!((&named["name"], &named["metadata"]), (&json!("another"), &json!({"plan": "c"})));
    world.done(Method::PATCH, "/clients/owner", Some(json!({"scope": "orders:read"}))).await;
    assert_eq!(asked(&before).await["scope"], "orders:read");
    world.done(Method::PUT, "/policies/api_key", Some(json!({"max_seconds": 86_400}))).await;
    let lowered = asked(&before).await;
    assert_ne!(lowered["expires_at"], first["expires_at"]);
    let rotated = world.done(Method::POST, &format!("/keys/{id}/rotate"), Some(json!({"overlap_seconds": 3_600}))).await;
    let (old, new) = (asked(&before).await, asked(&text(&rotated)).await);
    assert_ne!(old["expires_at"], new["expires_at"], "each secret has its own end");
    world.done(Method::PATCH, &format!("/keys/{id}"), Some(json!({"allow_ip": ["192.0.2.0/24"]}))).await;
    assert_eq!(asked(&text(&rotated)).await["code"], "ip_denied");
    world.done(Method::DELETE, &format!("/keys/{id}"), None).await;
    assert_eq!(asked(&text(&rotated)).await["code"], "revoked");
}

#[tokio::test]
async fn who_may_ask() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let key = text(&world.make_key("external:customer 7", ORDERS, Value::Null).await);
    let body = json!({"key": key});
    let stranger = world.post_json(VERIFY, None, &body).await;
    assert_eq!((stranger.status, stranger.member("code")), (401, json!("invalid_client")), "{}", stranger.shown());
    assert!(stranger.header("www-authenticate").starts_with("Basic"));
    let shop = world.client("shop", &[&orders]).await;
    let wrong = world.post_json(VERIFY, Some(&shop.with_secret("x").basic()), &body).await;
    assert_eq!((wrong.status, wrong.member("code")), (401, json!("invalid_client")));
    let blind = world.client_with("blind", &[&orders], |request| request.may_introspect = false).await;
    let refused = world.post_json(VERIFY, Some(&blind.basic()), &body).await;
    assert_eq!((refused.status, refused.member("code")), (403, json!("unauthorized_client")));
    let other = world.client("other", &[&stock]).await;
    assert_eq!(world.check_key(&other, &key, Value::Null).await, json!({"code": "not_found", "valid": false, "cache_seconds": 0}));

    let post = world.client_with("post", &[&orders], |request| request.authentication = Some("client_secret_post".to_owned())).await;
    let proven = json!({"key": key, "client_id": post.id, "client_secret": post.secret});
    assert_eq!(world.post_json(VERIFY, None, &proven).await.member("code"), "valid");
    let signer = world.signing_client("signer", &[&orders], Algorithm::Es256).await;
    let assertion = Assertion::of(&signer.id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), "1");
    let mut proven = body.clone();
    assertion.parameters().into_iter().for_each(|(name, value)| proven[name] = json!(value));
    assert_eq!(world.post_json(VERIFY, None, &proven).await.member("code"), "valid");
    let again = world.post_json(VERIFY, None, &proven).await;
    assert_eq!((again.status, again.member("code")), (401, json!("invalid_client")), "an assertion is spent: {}", again.shown());
}

#[tokio::test]
async fn environments_scopes_and_what_is_malformed() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let live = text(&world.make_key("external:a", ORDERS, Value::Null).await);
    let test = text(&world.make_key("external:a", ORDERS, json!({"environment": "test"})).await);
    assert!(test.starts_with("jtn_test_key_"));
    let check = async |key: &str, more: Value, code: &str| {
        assert_eq!(world.check_key(&shop, key, more.clone()).await["code"], code, "{more}");
    };
    check(&live, json!({"environment": "live"}), "valid").await;
    check(&live, json!({"environment": "test"}), "not_found").await;
    check(&live, json!({"environment": "any"}), "valid").await;
    check(&test, Value::Null, "not_found").await;
    check(&test, json!({"environment": "test"}), "valid").await;
    check(&test, json!({"environment": "any"}), "valid").await;
    check(&live, json!({"scope": ""}), "valid").await;
    check(&live, json!({"scope": "orders:read orders:write"}), "insufficient_scope").await;
    for body in [json!({}), json!({"key": live, "scope": "\u{1}"}), json!({"key": live, "client_ip": "x"}), json!({"key": live, "kee": 1})]
    {
        let answer = world.post_json(VERIFY, Some(&shop.basic()), &body).await;
        assert_eq!((answer.status, answer.member("code")), (400, json!("invalid_request")), "{}", answer.shown());
        assert!(!answer.text().contains(&live));
    }
    let form = world.post(VERIFY, Some(&shop.basic()), form::encode([("key", live.as_str())])).await;
    assert_eq!(form.status, 415, "{}", form.shown());
}
