//! Keys that were made elsewhere go on as before.

use std::collections::BTreeSet;

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

/// Texts of several forms, and what `sha256sum` prints of them.
const FOREIGN: [(&str, &str); 4] = [
    ("sk_live_1", "992621cb15795f3e17e7e637aad64ef2cacf8471091104c0153e98355c520261"),
    ("0123456789abcdef0123456789abcdef", "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9"),
    ("pass wörd", "3a22679025588a8942c729ba398e6f4b0e0a70ae7fe1bc95978c7063dda7296e"),
    ("jtn_key_notreally", "978207d794692922411b5063d6fd4f768a0492cc60a52e5e17931f01f453608f"),
];

fn foreign(sha256: &str) -> Value {
    json!({"sha256": sha256, "owner": "external:a", "name": "old"})
}

/// The digest of a text that nobody knows.
fn digest(number: usize) -> String {
    format!("{number:064x}")
}

#[tokio::test]
async fn whoever_holds_one_goes_on_as_before() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let texts = FOREIGN.map(|(text, _)| text);
    for text in texts {
        assert_eq!(world.key_code(&shop, text).await, "not_found");
    }
    let body = |dry_run: bool| json!({"audience": ORDERS, "keys": FOREIGN.map(|(_, sha256)| foreign(sha256)), "dry_run": dry_run});
    let size = world.ledger_size();
    let planned = world.done(Method::POST, "/keys/import", Some(body(true))).await;
    assert_eq!(
        (planned["imported"].as_array().map(Vec::len), &planned["dry_run"], &planned["imported"][0]["id"]),
        (Some(4), &json!(true), &Value::Null)
    );
    assert_eq!(world.ledger_size(), size);
    assert_eq!(world.key_code(&shop, texts[0]).await, "not_found");
    let made = world.done(Method::POST, "/keys/import", Some(body(false))).await;
    assert_eq!(made["imported"].as_array().map(Vec::len), Some(4), "{made}");
    let again = world.done(Method::POST, "/keys/import", Some(body(false))).await;
    assert_eq!((&again["existed"], again["imported"].as_array().map(Vec::len)), (&json!([0, 1, 2, 3]), Some(0)));
    let world = world.reopen().await;
    for (text, made) in texts.iter().zip(made["imported"].as_array().unwrap()) {
        let answer = world.check_key(&shop, text, Value::Null).await;
        assert_eq!((&answer["code"], &answer["key_id"]), (&json!("valid"), &made["id"]), "{text}");
        let shown = world.done(Method::GET, &format!("/keys/{}", made["id"].as_str().unwrap()), None).await;
        assert_eq!(shown["is_imported"], true);
        assert!(!shown.to_string().contains(text));
    }
    let path = format!("/keys/{}", made["imported"][0]["id"].as_str().unwrap());
    let rotated = world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": 60}))).await;
    assert!(rotated["key"].as_str().unwrap().starts_with("jtn_key_"));
    assert_eq!(world.key_code(&shop, texts[0]).await, "valid", "during the overlap");
    let world = world.reopen().await;
    assert_eq!(world.key_code(&shop, texts[0]).await, "valid");
    let reads = world.reads();
    assert_eq!((world.key_code(&shop, texts[0]).await.as_str(), world.reads()), ("valid", reads), "it is found in memory");
    world.advance(60);
    assert_eq!(world.key_code(&shop, texts[0]).await, "expired");
    assert_eq!(world.key_code(&shop, rotated["key"].as_str().unwrap()).await, "valid");
    world.done(Method::DELETE, &path, None).await;
    assert_eq!(world.key_code(&shop, texts[0]).await, "revoked");
}

#[tokio::test]
async fn what_cannot_be_taken_over_says_why_and_holds_up_nobody_else() {
    let world = World::new().await;
    world.api("orders").await;
    let with = |number: usize, name: &str, value: Value| {
        let mut key = foreign(&digest(number));
        key[name] = value;
        key
    };
    let keys = json!([
        foreign(&digest(0)),
        with(1, "sha256", json!("abc")),
        with(2, "owner", json!("client:nobody")),
        with(3, "scope", json!("stock:read")),
        with(4, "expires_at", json!("2001-01-01T00:00:00Z")),
        foreign(&digest(0)),
        with(5, "expires_at", json!("2027-02-01T00:00:00Z")),
    ]);
    let report = world.done(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": keys}))).await;
    let places = |of: &str| -> Vec<u64> { report[of].as_array().unwrap().iter().map(|item| item["index"].as_u64().unwrap()).collect() };
    assert_eq!((places("imported"), &report["existed"], places("refused")), (vec![0, 6], &json!([5]), vec![1, 2, 3, 4]), "{report}");
    let codes: Vec<&str> = report["refused"].as_array().unwrap().iter().map(|refused| refused["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["invalid_request", "not_found", "invalid_scope", "invalid_request"]);
    assert_eq!(report["imported"][1]["expires_at"], "2027-02-01T00:00:00Z");
    let many: Vec<Value> = (0..101).map(|number| foreign(&digest(1_000 + number))).collect();
    let refused = world.administer(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": many}))).await;
    assert_eq!((refused.status, refused.member("code")), (400, json!("invalid_request")));
    let ends: BTreeSet<String> = {
        let report = world.done(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": many[..100]}))).await;
        report["imported"].as_array().unwrap().iter().map(|made| made["expires_at"].as_str().unwrap()[..10].to_owned()).collect()
    };
    assert!(ends.len() > 15 && ends.first().unwrap().as_str() >= "2027-04-15" && ends.last().unwrap().as_str() <= "2027-05-15", "{ends:?}");
}
