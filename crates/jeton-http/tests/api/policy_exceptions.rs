//! Exceptions from policies.

use http::Method;
use jeton_http::api::rfc3339;
use serde_json::json;

use crate::asking::{Api, without};

#[tokio::test]
async fn an_exception_from_a_policy() {
    let api = Api::with_worker().await;
    let secret = api.get("/clients/worker/secrets").await["items"][0]["id"].clone();
    let ends_at = rfc3339::format(api.world.now() + 390 * 86_400);
    let asked = json!({"client": "worker", "secret": secret, "owner": "Ada Example", "reason": "replaced in May", "ends_at": ends_at});
    let size = api.world.ledger_size();
    for (member, value, needle) in [
        ("owner", json!(""), "the owner"),
        ("owner", json!("a\u{202e}b"), "the owner"),
        ("reason", json!("x".repeat(501)), "the reason"),
        ("reason", json!("a\u{1b}[31m"), "the reason"),
        ("reason", json!(7), "expected a string"),
        ("ends_at", json!("now"), "does not end now"),
        ("ends_at", json!("soon"), "expected"),
        ("ends_at", json!(1), "at most 400 days"),
        ("ends_at", json!(u64::MAX), "expected"),
        ("ends_at", json!(api.world.now() + 86_400), "no exception is needed"),
    ] {
        let mut body = asked.clone();
        body[member] = value;
        let problem = api.refused(Method::POST, "/policies/exceptions", body, 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{member}: {problem}");
    }
    for member in ["client", "secret", "owner", "reason", "ends_at"] {
        api.refused(Method::POST, "/policies/exceptions", without(asked.clone(), &[member]), 400, "invalid_request").await;
    }
    for member in ["client", "secret"] {
        let mut body = asked.clone();
        body[member] = json!("nobody");
        api.refused(Method::POST, "/policies/exceptions", body, 404, "not_found").await;
    }
    assert_eq!(api.world.ledger_size(), size);
    let made = api.post("/policies/exceptions", asked.clone()).await;
    assert_eq!((&made["credential"], &made["ends_at"], &made["kind"]), (&secret, &json!(ends_at), &json!("client_secret")));
    assert_eq!(api.get("/clients/worker/secrets").await["items"][0]["expires_at"], json!(ends_at));
    api.refused(Method::POST, "/policies/exceptions", asked, 409, "conflict").await;
    assert_eq!(api.get("/policies/exceptions").await, json!({"items": [made]}));
    let path = format!("/policies/exceptions/{}", made["id"].as_str().unwrap());
    Api::expect(api.ask(Method::DELETE, &path, None).await, 204);
    api.refused(Method::DELETE, &path, json!({}), 404, "not_found").await;
}
