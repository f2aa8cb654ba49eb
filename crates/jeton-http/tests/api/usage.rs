//! Usage.

use http::Method;
use jeton_http::api::rfc3339;
use serde_json::json;

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn usage_is_told_by_subject_and_time() {
    let api = Api::with_worker().await;
    assert!(api.get("/clients/worker").await.get("last_used_at").is_none());
    api.post("/tokens", json!({"client": "worker"})).await;
    api.world.service().flush_usage().await.unwrap();
    let minute = rfc3339::format(api.world.now() / 60 * 60);
    let usage = api.get("/usage?subject=client%3Aworker&resolution=minute").await;
    let item = json!({"start": minute, "audience": ORDERS, "outcome": "issued", "count": 1});
    assert_eq!((&usage["items"], &usage["last_used_at"]), (&json!([item]), &json!(minute)));
    assert_eq!(usage["subject"], format!("client:{}", api.get("/clients/worker").await["client_id"].as_str().unwrap()));
    for path in ["/clients/worker", "/clients"] {
        let shown = api.get(path).await;
        assert_eq!(*shown.pointer("/items/0").unwrap_or(&shown).get("last_used_at").unwrap(), minute);
    }
    let at = api.world.now();
    let earlier = api.get(&format!("/usage?resolution=day&from={}&until={}", at - 90_000, at - 86_400)).await;
    assert_eq!(earlier["items"], json!([]));
    let audience = api.get("/usage?subject=api%3Ahttps%3A%2F%2Forders.example").await;
    assert_eq!(audience["items"][0]["count"], 1);
    for (query, words) in [
        ("subject=worker", "no subject"),
        ("resolution=week", "no such resolution"),
        ("from=tomorrow", "`from` is no time"),
        ("from=2027-01-15T09:00:00Z&until=2027-01-15T09:00:00Z", "not after"),
        ("resolution=minute&from=0", "more than 1500"),
        ("until=99999999999999", "`until` is no time"),
    ] {
        let problem = api.refused(Method::GET, &format!("/usage?{query}"), json!({}), 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    api.refused(Method::GET, "/usage?subject=client%3Anobody", json!({}), 404, "not_found").await;
    let gone = api.get("/usage?subject=client%3Aclient_gone").await;
    assert_eq!(gone["items"], json!([]), "what is gone is still told of by its id");
}
