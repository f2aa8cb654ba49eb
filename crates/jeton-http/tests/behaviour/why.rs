//! Why something was ended, in whoever's words: kept, told and shown; and what is no reason.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const WORDS: &str = "found in a public repository: case 4711";

/// What the ledger told last of this kind.
async fn last(world: &World, kind: &str) -> Value {
    let entries = world.done(Method::GET, "/audit/entries?limit=1000", None).await;
    let items = entries["items"].as_array().unwrap();
    items.iter().rev().find(|entry| entry["kind"] == kind).unwrap_or(&Value::Null)["data"].clone()
}

#[tokio::test]
async fn a_key_s_own_words_stand_everywhere() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.client("shop", &[&orders]).await;
    for (method, verb, kind) in [(Method::POST, "/suspend", "api_key.suspended"), (Method::DELETE, "", "api_key.revoked")] {
        let made = world.make_key("client:shop", "https://orders.example", json!({})).await;
        let path = format!("/keys/{}", made["id"].as_str().unwrap());
        let ended = world.done(method, &format!("{path}{verb}"), Some(json!({"why": WORDS}))).await;
        assert_eq!((&ended["why"], &ended["ended_by"]), (&json!(WORDS), &json!("unix:1000")));
        assert_eq!(last(&world, kind).await["why"], WORDS);
        let listed = world.done(Method::GET, "/keys", None).await;
        assert!(listed["items"].as_array().unwrap().iter().any(|key| key["id"] == made["id"] && key["why"] == WORDS));
        let explained = world.done(Method::GET, &format!("{path}/explanation"), None).await;
        assert_eq!(explained["decided_by"]["why"], WORDS);
    }
}

#[tokio::test]
async fn tokens_and_subjects_too() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let why = async |token: &str| {
        let explained = world.done(Method::POST, "/tokens/explain", Some(json!({"token": token}))).await;
        (explained["decided_by"]["rule"].clone(), explained["decided_by"]["why"].clone(), explained["statements"].clone())
    };
    let token = world.token(&shop).await;
    let id = world.done(Method::POST, "/tokens/introspect", Some(json!({"token": token}))).await["id"].clone();
    world.done(Method::POST, &format!("/tokens/{}/suspend", id.as_str().unwrap()), Some(json!({"why": WORDS}))).await;
    let (rule, said, statements) = why(&token).await;
    assert_eq!((rule, said, &statements[0]["why"]), (json!("suspended"), json!(WORDS), &json!(WORDS)));
    world.done(Method::POST, "/revocations", Some(json!({"token": token, "why": "leaked"}))).await;
    assert_eq!((why(&token).await.1, last(&world, "token.revoked").await["why"].clone()), (json!("leaked"), json!("leaked")));
    let token = world.token(&shop).await;
    world.done(Method::POST, "/suspensions", Some(json!({"client": "shop", "why": WORDS}))).await;
    let (rule, said, _) = why(&token).await;
    assert_eq!(
        (rule, said, last(&world, "subject.suspended").await["why"].clone()),
        (json!("subject_suspended"), json!(WORDS), json!(WORDS))
    );
    world.done(Method::POST, "/resumptions", Some(json!({"client": "shop"}))).await;
    world.done(Method::POST, "/revocations", Some(json!({"client": "shop", "why": WORDS}))).await;
    let (rule, said, _) = why(&token).await;
    assert_eq!((rule, said, last(&world, "tokens.cut_off").await["why"].clone()), (json!("cut_off"), json!(WORDS), json!(WORDS)));
    // Nobody said: the entry is as it was before anybody could.
    world.done(Method::POST, "/revocations", Some(json!({"client": "shop"}))).await;
    assert!(last(&world, "tokens.cut_off").await.get("why").is_none());
}

#[tokio::test]
async fn people_and_signing_keys() {
    let world = World::new().await;
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    world.done(Method::POST, "/users/ada/disable", Some(json!({"why": WORDS}))).await;
    assert_eq!(last(&world, "user.disabled").await["why"], WORDS);
    assert_eq!(last(&world, "tokens.cut_off").await["why"], WORDS, "what falls says so too");
    world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await;
    world.done(Method::POST, "/users/bob/disable", None).await;
    assert!(last(&world, "user.disabled").await.get("why").is_none(), "nobody said");
    let current = async || {
        let keys = world.done(Method::GET, "/signing-keys", None).await;
        let signs = |key: &&Value| key["state"] == "current" && key["purpose"] == "token";
        keys["items"].as_array().unwrap().iter().find(signs).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    for (why, expected) in [(Some(json!({"why": "leaked"})), json!("leaked")), (None, Value::Null)] {
        let path = format!("/signing-keys/{}", current().await);
        let refused = world.administer(Method::DELETE, &path, Some(json!({"why": "idle"}))).await;
        assert_eq!(refused.status, 400, "{}", refused.shown());
        assert_eq!(world.administer(Method::DELETE, &path, why).await.status, 204);
        assert_eq!(last(&world, "signing_key.revoked").await["why"], expected);
    }
}

#[tokio::test]
async fn what_is_no_reason() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let (long, wide) = ("x".repeat(201), "ü".repeat(101));
    for why in ["", " a", "a\nb", "\u{1b}[31m", "\u{202e}a", "idle", "cut_off", &long, &wide] {
        for (path, name) in [("/revocations", "client"), ("/suspensions", "client")] {
            let refused = world.administer(Method::POST, path, Some(json!({name: "shop", "why": why}))).await;
            assert_eq!(refused.status, 400, "{path} {why:?}: {}", refused.shown());
            assert!(!refused.text().contains(['\u{202e}', '\u{1b}']), "{}", refused.shown());
        }
    }
    let resumed = world.administer(Method::POST, "/resumptions", Some(json!({"client": "shop", "why": "leaked"}))).await;
    assert_eq!(resumed.status, 400, "{}", resumed.shown());
    world.token(&shop).await;
}
