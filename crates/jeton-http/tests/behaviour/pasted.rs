//! Credentials as they are pasted: with what stood around them, and several at once. The rows that are asked what a text is find the one that
//! is in it, whoever asks; they never say of a live credential that it is none.

use http::Method;
use jeton_testkit::{Answer, World};
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";
/// What stood around a credential; `%` is where it was.
const AROUND: [&str; 14] = [
    "%",
    "  %\n",
    "\"%\"",
    "'%',",
    "Bearer %",
    "Authorization: Bearer %",
    "x-api-key: %",
    "API_KEY=%",
    "export API_KEY=\"%\"",
    "{\n  \"id\": \"0192f3a4b5c6d7e8f90a1b2c3d4e5f60\",\n  \"key\": \"%\"\n}",
    "10:03 WARN GET /orders?api_key=% 401 (again: %)",
    "curl -H 'Authorization: Bearer %' https://orders.example",
    "it was %.",
    "sess.%",
];

async fn ask(world: &World, path: &str, member: &str, text: &str) -> Answer {
    let answer = world.administer(Method::POST, path, Some(json!({member: text}))).await;
    assert!(!answer.text().contains("jtn_key_") && !answer.text().contains("eyJ"), "{text}: it is told again: {}", answer.shown());
    answer
}

#[tokio::test]
async fn a_key_is_found_in_what_was_pasted_with_it() {
    let world = World::new().await;
    world.api("orders").await;
    let made = world.make_key("external:acme", ORDERS, Value::Null).await;
    for around in AROUND {
        let text = around.replace('%', made["key"].as_str().unwrap());
        let found = ask(&world, "/keys/lookup", "key", &text).await.json();
        assert_eq!((&found["id"], &found["secret"]), (&made["id"], &json!("current")), "{around}: {found}");
        let explained = ask(&world, "/keys/explain", "key", &text).await.json();
        assert_eq!((&explained["id"], &explained["is_ours"]), (&made["id"], &json!(true)), "{around}: {explained}");
        let no_token = ask(&world, "/tokens/explain", "token", &text).await.json();
        assert_eq!((&no_token["is_ours"], &no_token["looks"]), (&json!(false), &json!("left")), "{around}: {no_token}");
    }
}

#[tokio::test]
async fn a_key_that_was_imported_is_found_behind_its_name() {
    let world = World::new().await;
    world.api("orders").await;
    let (text, sha256) = ("sk_live_1", "992621cb15795f3e17e7e637aad64ef2cacf8471091104c0153e98355c520261");
    let keys = json!([{"owner": "external:acme", "name": "old", "sha256": sha256}]);
    let report = world.done(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": keys}))).await;
    let id = &report["imported"][0]["id"];
    for around in ["%", "\"%\"", "x-api-key: %", "API_KEY=%", "Authorization: Bearer %"] {
        let found = ask(&world, "/keys/lookup", "key", &around.replace('%', text)).await.json();
        assert_eq!(&found["id"], id, "{around}: {found}");
        let explained = ask(&world, "/keys/explain", "key", &around.replace('%', text)).await.json();
        assert_eq!(&explained["id"], id, "{around}: {explained}");
    }
}

#[tokio::test]
async fn a_token_is_found_in_what_was_pasted_with_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let opaque = world.api_with("stock", |request| request.token_format = Some("opaque".into())).await;
    let worker = world.client("worker", &[&orders]).await;
    let other = world.client("other", &[&opaque]).await;
    for token in [world.token(&worker).await, world.token(&other).await] {
        let alone = ask(&world, "/tokens/explain", "token", &token).await.json();
        for around in AROUND {
            let text = around.replace('%', &token);
            let explained = ask(&world, "/tokens/explain", "token", &text).await.json();
            assert_eq!((&explained["is_ours"], &explained["id"]), (&json!(true), &alone["id"]), "{around}: {explained}");
            let no_key = ask(&world, "/keys/explain", "key", &text).await.json();
            assert_eq!((&no_key["is_ours"], &no_key["looks"]), (&json!(false), &json!("left")), "{around}: {no_key}");
            let nothing = ask(&world, "/keys/lookup", "key", &text).await;
            assert_eq!((nothing.status, nothing.member("code")), (404, json!("not_found")), "{around}: {}", nothing.shown());
        }
    }
}

#[tokio::test]
async fn several_are_told_by_their_lines() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let key = async || world.make_key("external:acme", ORDERS, Value::Null).await["key"].as_str().unwrap().to_owned();
    let (one, other, token) = (key().await, key().await, world.token(&worker).await);
    let size = world.ledger_size();
    for (text, lines) in [
        (format!("{one} {other}"), "in line 1:"),
        (format!("A={one}\n\nB={other}\n"), "in lines 1, 3:"),
        (format!("{{\"key\": \"{one}\",\n\"token\": \"{token}\"}}"), "in lines 1, 2:"),
    ] {
        for (path, member) in [
            ("/keys/lookup", "key"),
            ("/keys/explain", "key"),
            ("/tokens/explain", "token"),
            ("/revocations", "token"),
            ("/suspensions", "token"),
        ] {
            let answer = ask(&world, path, member, &text).await;
            assert_eq!((answer.status, answer.member("code")), (400, json!("invalid_request")), "{path}: {}", answer.shown());
            assert!(answer.text().contains("several") && answer.text().contains(lines), "{path}: {}", answer.shown());
        }
    }
    assert_eq!(world.ledger_size(), size, "nothing was ended by half");
}
