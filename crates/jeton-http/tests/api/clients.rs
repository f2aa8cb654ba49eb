//! Clients and their secrets.

use http::Method;
use serde_json::json;

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn a_client_and_its_secrets() {
    let api = Api::with_worker().await;
    let created = api.post("/clients", json!({"name": "other", "audiences": [ORDERS], "scope": "read"})).await;
    assert!(created["client_secret"].as_str().unwrap().starts_with("jtn_cs_"));
    let shown = api.get("/clients/other").await;
    assert!(shown.get("client_secret").is_none());
    assert_eq!(shown["audiences"], json!([ORDERS]));
    assert_eq!(shown["token_endpoint_auth_method"], "client_secret_basic");
    let second = api.post("/clients/other/secrets", json!({"overlap_seconds": 3600})).await;
    api.refused(Method::POST, "/clients/other/secrets", json!({}), 409, "conflict").await;
    let secrets = api.get("/clients/other/secrets").await;
    let live: Vec<_> = secrets["items"].as_array().unwrap().iter().map(|secret| secret["is_live"].as_bool().unwrap()).collect();
    assert_eq!(live, [true, true]);
    let path = format!("/clients/other/secrets/{}", second["client_secret_id"].as_str().unwrap());
    Api::expect(api.ask(Method::DELETE, &path, None).await, 204);
    let updated = Api::expect(api.ask(Method::PATCH, "/clients/other", Some(json!({"name": "renamed", "scope": "read write"}))).await, 200);
    assert_eq!((updated["name"].as_str(), updated["scope"].as_str()), (Some("renamed"), Some("read write")));
    let names: Vec<_> = api.get("/clients").await["items"].as_array().unwrap().iter().map(|client| client["name"].clone()).collect();
    assert_eq!(names, ["renamed", "worker"]);
    let page = api.get("/clients?limit=1").await;
    let last = api.get(&format!("/clients?limit=1&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((&page["items"][0]["name"], &last["items"][0]["name"], last.get("next")), (&json!("renamed"), &json!("worker"), None));
    Api::expect(api.ask(Method::DELETE, "/clients/renamed", None).await, 204);
    api.refused(Method::PATCH, "/clients/renamed", json!({"name": "x"}), 404, "not_found").await;
}

#[tokio::test]
async fn an_update_that_asks_for_nothing_changes_nothing() {
    let api = Api::with_worker().await;
    api.post("/apis", json!({"audience": "urn:stock", "scopes": {"stock": ""}})).await;
    api.post("/clients", json!({"name": "keeper", "audiences": [ORDERS, "urn:stock"]})).await;
    assert_eq!(api.get("/clients/keeper").await["scope"], "read stock write");
    Api::expect(api.ask(Method::DELETE, "/apis/urn:stock", None).await, 200);
    let before = api.get("/clients/keeper").await;
    assert_eq!((&before["audiences"], &before["scope"]), (&json!([ORDERS]), &json!("read write")), "what is gone is not shown");
    let size = api.world.ledger_size();
    for nothing in [json!({}), json!({"name": null}), json!({"scope": null, "audiences": null})] {
        assert_eq!(Api::expect(api.ask(Method::PATCH, "/clients/keeper", Some(nothing)).await, 200), before);
    }
    assert_eq!(api.world.ledger_size(), size);
}
