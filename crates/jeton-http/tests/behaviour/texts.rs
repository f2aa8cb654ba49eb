//! Texts that people give: none that steers a terminal or a page gets in, whatever it names.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

/// Every place of the management API that takes a text of people, with a request that is right but for the text `%`.
fn places(end: i64) -> Vec<(&'static str, &'static str, Value)> {
    let key = json!({"owner": "external:a", "audience": ORDERS, "name": "a"});
    let with = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    vec![
        ("api name", "/apis", json!({"audience": "https://new.example", "name": "%"})),
        ("api scope", "/apis", json!({"audience": "https://new.example", "scopes": {"a:b": "%"}})),
        ("client name", "/clients", json!({"name": "%"})),
        ("client contact", "/clients", json!({"name": "a", "contact": "%"})),
        ("username", "/users", json!({"username": "%"})),
        ("user name", "/users", json!({"username": "a", "name": "%"})),
        ("user email", "/users", json!({"username": "a", "email": "%"})),
        ("group name", "/groups", json!({"name": "%"})),
        ("group description", "/groups", json!({"name": "a", "description": "%"})),
        ("role name", "/roles", json!({"audience": ORDERS, "name": "%", "scope": "orders:read"})),
        ("role description", "/roles", json!({"audience": ORDERS, "name": "a", "scope": "orders:read", "description": "%"})),
        ("key name", "/keys", with("name", json!("%"))),
        ("key note", "/keys", with("note", json!("%"))),
        ("key owner", "/keys", with("owner", json!("external:%"))),
        ("key metadata", "/keys", with("metadata", json!({"plan": "%"}))),
        ("key metadata name", "/keys", with("metadata", json!({"%": "gold"}))),
        ("exception owner", "/keys", with("exception", json!({"owner": "%", "reason": "why", "ends_at": end}))),
        ("exception reason", "/keys", with("exception", json!({"owner": "A", "reason": "%", "ends_at": end}))),
    ]
}

#[tokio::test]
async fn nothing_that_steers_a_terminal_gets_in() {
    let world = World::new().await;
    world.api("orders").await;
    let size = world.ledger_size();
    let hostile = ["a\u{0}b", "\u{1b}[2Ja", "a\nb", "a\u{7f}", "a\u{9b}31m", "a\u{202e}b", "\u{2066}a", "a\u{200f}", "a\u{61c}b"];
    for (place, path, body) in places(world.now() + 380 * 86_400) {
        for text in hostile {
            let shape = body.to_string().replace('%', json!(text).to_string().trim_matches('"'));
            let answer = world.administer(Method::POST, path, Some(serde_json::from_str(&shape).unwrap())).await;
            assert_eq!(answer.status, 400, "{place} {text:?}: {}", answer.shown());
            assert!(!answer.text().contains(text), "{place} {text:?} is told again: {}", answer.shown());
        }
        let large = body.to_string().replace('%', &"x".repeat(1 << 20));
        let answer = world.administer(Method::POST, path, Some(serde_json::from_str(&large).unwrap())).await;
        assert!(matches!(answer.status, 400 | 413), "{place}: {}", answer.shown());
        assert!(answer.body.len() < 2_000, "{place}");
    }
    assert_eq!(world.ledger_size(), size, "nothing was written");
}

#[tokio::test]
async fn what_an_import_names_is_held_to_the_same() {
    let world = World::new().await;
    world.api("orders").await;
    let key = |number: usize, member: &str, text: &str| {
        let mut key = json!({"sha256": format!("{number:064x}"), "owner": "external:a", "name": "a"});
        key[member] = if member == "metadata" { json!({"plan": text}) } else { json!(text) };
        key
    };
    let hostile = "a\u{202e}\u{1b}[2J";
    let keys =
        [key(1, "name", hostile), key(2, "note", hostile), key(3, "owner", &format!("external:{hostile}")), key(4, "metadata", hostile)];
    let report = world.done(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": keys}))).await;
    assert_eq!((report["imported"].as_array().map(Vec::len), report["refused"].as_array().map(Vec::len)), (Some(0), Some(4)), "{report}");
    assert!(!report.to_string().contains(['\u{202e}', '\u{1b}']), "{report}");
}

#[tokio::test]
async fn a_client_s_contact_is_read_back() {
    let world = World::new().await;
    world.done(Method::POST, "/clients", Some(json!({"name": "shop", "contact": "Ada Example, +1 555 0100"}))).await;
    let contact = async || {
        let listed = world.done(Method::GET, "/clients", None).await["items"][0]["contact"].clone();
        assert_eq!(world.done(Method::GET, "/clients/shop", None).await["contact"], listed);
        listed
    };
    assert_eq!(contact().await, "Ada Example, +1 555 0100");
    world.done(Method::PATCH, "/clients/shop", Some(json!({"contact": "Bea"}))).await;
    assert_eq!(contact().await, "Bea");
}
