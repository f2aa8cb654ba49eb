//! All keys of an owner outside at once: revoked, suspended, resumed; told to whoever checks them, and counted by kind.

use http::Method;
use jeton_oauth::feed::{Change, FeedEvent, Subject};
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";
const ACME: &str = "external:acme";

fn keys(count: u64) -> Value {
    json!({"access_tokens": 0, "keys": count, "personal_access_tokens": 0, "client_secrets": 0, "sessions": 0, "authorization_codes": 0, "refresh_tokens": 0})
}

/// A world in which somebody outside has two keys, and somebody else one; and an API that asks about them.
struct Outside {
    world: World,
    api: Registered,
    made: Vec<Value>,
    other: Value,
}

impl Outside {
    async fn new() -> Outside {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let api = world.client("orders", &[&orders]).await;
        let mut made = vec![];
        for more in [Value::Null, json!({"client": "orders"})] {
            made.push(world.make_key(ACME, ORDERS, more).await);
        }
        let other = world.make_key("external:acme 2", ORDERS, Value::Null).await;
        Outside { world, api, made, other }
    }

    async fn code(&self, key: &Value) -> String {
        self.world.key_code(&self.api, key["key"].as_str().unwrap()).await
    }

    /// How their keys are answered, and then the other's.
    async fn codes(&self) -> Vec<String> {
        let mut codes = vec![];
        for key in self.made.iter().chain([&self.other]) {
            codes.push(self.code(key).await);
        }
        codes
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.world.done(Method::POST, path, Some(body)).await
    }

    /// The same, asked first in a dry run that writes nothing.
    async fn both(&self, path: &str, member: &str, expected: u64) {
        let size = self.world.ledger_size();
        let dry = self.post(path, json!({"owner": ACME, "dry_run": true})).await;
        assert_eq!((&dry[member], &dry["dry_run"]), (&keys(expected), &json!(true)), "{path}");
        assert_eq!(self.world.ledger_size(), size, "{path}: only counted");
        assert_eq!(self.post(path, json!({"owner": ACME})).await[member], keys(expected), "{path}");
    }
}

#[tokio::test]
async fn every_key_of_theirs_ends_and_nobody_elses() {
    let outside = Outside::new().await;
    outside.both("/revocations", "fell", 2).await;
    assert_eq!(outside.codes().await, ["revoked", "revoked", "valid"]);
    let size = outside.world.ledger_size();
    assert_eq!(outside.post("/revocations", json!({"owner": ACME})).await["fell"], keys(0), "they were over already");
    assert_eq!(outside.world.ledger_size(), size, "a repetition writes nothing");
    assert_eq!(outside.code(&outside.world.make_key(ACME, ORDERS, Value::Null).await).await, "valid", "a new one is not concerned");
    let Outside { world, api, made, other } = outside;
    let outside = Outside { world: world.reopen().await, api, made, other };
    assert_eq!(outside.codes().await, ["revoked", "revoked", "valid"], "after a restart");
}

#[tokio::test]
async fn they_are_suspended_and_resumed() {
    let outside = Outside::new().await;
    outside.both("/suspensions", "suspended", 2).await;
    assert_eq!(outside.codes().await, ["suspended", "suspended", "valid"]);
    outside.both("/suspensions", "suspended", 0).await;
    outside.post("/revocations", json!({"key": outside.made[1]["id"]})).await;
    outside.both("/resumptions", "resumed", 1).await;
    assert_eq!(outside.codes().await, ["valid", "revoked", "valid"], "a revocation is final");
}

/// As of every cut-off: what is made later is not concerned.
#[tokio::test]
async fn only_keys_that_were_made_before() {
    let mut outside = Outside::new().await;
    outside.world.advance(60);
    let between = outside.world.now();
    outside.world.advance(60);
    outside.made.push(outside.world.make_key(ACME, ORDERS, Value::Null).await);
    for (path, member) in [("/suspensions", "suspended"), ("/resumptions", "resumed"), ("/revocations", "fell")] {
        let answer = outside.post(path, json!({"owner": ACME, "before": between})).await;
        assert_eq!((&answer[member], &answer["before_seconds"]), (&keys(2), &json!(between)), "{path}");
        assert_eq!(outside.code(&outside.made[2]).await, "valid", "{path}");
    }
    assert_eq!(outside.codes().await, ["revoked", "revoked", "valid", "valid"]);
    assert_eq!(outside.post("/revocations", json!({"owner": ACME, "before": 1})).await["fell"], keys(0), "nothing is so old");
}

/// Verifiers that follow the feed hear of each key.
#[tokio::test]
async fn the_feed_tells_of_each() {
    let outside = Outside::new().await;
    let mut following = outside.world.follow(&outside.api, "", None).await.ok().unwrap();
    crate::feed::snapshot(&outside.world, &mut following).await;
    for path in ["/suspensions", "/revocations"] {
        outside.post(path, json!({"owner": ACME})).await;
        let mut heard = vec![];
        for _ in &outside.made {
            let Some(FeedEvent::Narrowing { narrowing, .. }) = following.next().await else { panic!("{path}: nothing was told") };
            let Change::Cutoff { subject: Subject::Key(key), .. } = narrowing.change else { panic!("{path}: {:?}", narrowing.change) };
            heard.push(json!(key.as_str()));
        }
        let mut expected: Vec<&Value> = outside.made.iter().map(|key| &key["id"]).collect();
        expected.sort_by_key(|id| id.to_string());
        heard.sort_by_key(Value::to_string);
        assert_eq!(heard.iter().collect::<Vec<_>>(), expected, "{path}");
    }
}

/// A request changes so many of them, and says that there are more; keys that are made between two requests are left alone.
#[tokio::test]
async fn very_many_are_changed_by_several_requests() {
    let outside = Outside::new().await;
    for _ in 0..501 {
        outside.world.make_key(ACME, ORDERS, Value::Null).await;
    }
    let first = outside.post("/revocations", json!({"owner": ACME})).await;
    assert_eq!((&first["fell"], &first["has_more"]), (&keys(500), &json!(true)));
    outside.world.advance(2);
    let later = outside.world.make_key(ACME, ORDERS, Value::Null).await;
    let second = outside.post("/revocations", json!({"owner": ACME, "before": first["before_seconds"]})).await;
    assert_eq!((&second["fell"], second.get("has_more")), (&keys(3), None));
    assert_eq!(outside.code(&later).await, "valid");
}

#[tokio::test]
async fn why_stands_at_each_and_in_the_ledger() {
    let outside = Outside::new().await;
    outside.post("/revocations", json!({"owner": ACME, "why": "case 4711"})).await;
    for key in &outside.made {
        let shown = outside.world.done(Method::GET, &format!("/keys/{}", key["id"].as_str().unwrap()), None).await;
        assert_eq!((&shown["state"], &shown["ended_by"]), (&json!("revoked"), &json!("unix:1000")), "{shown}");
        assert!(shown.to_string().contains("case 4711"), "{shown}");
    }
}

/// Whoever may end one key may end these; to hold neither permission, or that for tokens alone, is not enough.
#[tokio::test]
async fn who_may() {
    let outside = Outside::new().await;
    let management = "https://tokens.example/api/v1";
    for (name, scope) in [("ends", "jeton:keys:revoke"), ("tokens", "jeton:tokens:revoke"), ("writes", "jeton:keys:write")] {
        outside.post("/roles", json!({"audience": management, "name": name, "scope": scope})).await;
        outside.post("/users", json!({"username": name})).await;
        outside.world.done(Method::PUT, &format!("/roles/{name}/assignments/user:{name}"), None).await;
        let key = outside.world.make_key(&format!("user:{name}"), management, json!({"scope": scope})).await;
        let text = format!("Bearer {}", key["key"].as_str().unwrap());
        for path in ["/suspensions", "/resumptions", "/revocations"] {
            let answer = outside.world.manage(Some(&text), Method::POST, path, Some(&json!({"owner": ACME}))).await;
            assert_eq!(answer.status, if name == "ends" { 200 } else { 403 }, "{name} {path}: {}", answer.shown());
        }
    }
    assert_eq!(outside.codes().await, ["revoked", "revoked", "valid"]);
}

#[tokio::test]
async fn what_names_nobody_outside() {
    let outside = Outside::new().await;
    for (owner, status) in [
        (json!("external:nobody"), 404),
        (json!("acme"), 400),
        (json!("client:orders"), 400),
        (json!("user:ada"), 400),
        (json!("external:"), 400),
        (json!("external:\u{202e}a\u{7}"), 400),
        (json!(format!("external:{}", "x".repeat(60_000))), 400),
        (json!(7), 400),
        (json!([ACME]), 400),
    ] {
        for path in ["/revocations", "/suspensions", "/resumptions"] {
            let answer = outside.world.administer(Method::POST, path, Some(json!({"owner": owner}))).await;
            assert_eq!(answer.status, status, "{path} {owner:.80}: {}", answer.shown());
            assert!(!answer.text().contains(['\u{202e}', '\u{7}']), "{}", answer.shown());
        }
    }
    for (path, body) in [
        ("/revocations", json!({"owner": ACME, "user": "ada"})),
        ("/revocations", json!({"owner": ACME, "before": outside.world.now() + 60})),
        ("/resumptions", json!({"owner": ACME, "why": "paid"})),
        ("/suspensions", json!({"owner": ACME, "more": 1})),
    ] {
        let answer = outside.world.administer(Method::POST, path, Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.shown());
    }
    assert_eq!(outside.codes().await, ["valid", "valid", "valid"]);
}
