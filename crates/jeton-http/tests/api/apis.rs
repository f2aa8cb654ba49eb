//! APIs.

use http::Method;
use serde_json::json;

use crate::ORDERS;
use crate::asking::{Api, without};

#[tokio::test]
async fn an_api_from_beginning_to_end() {
    let api = Api::new().await;
    let created = api.post("/apis", json!({"audience": ORDERS, "scopes": {"read": "Read orders"}})).await;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(
        without(created, &["id", "created_at", "updated_at"]),
        json!({"audience": ORDERS, "name": ORDERS, "scopes": {"read": "Read orders"}, "default_scope": "",
            "access_token_lifetime_seconds": 3600, "effective_lifetime_seconds": 3600, "token_format": "jwt", "signing_alg": "ES256",
            "claims": {}, "state": "active"})
    );
    for name in [id.as_str(), "https%3A%2F%2Forders.example"] {
        assert_eq!(api.get(&format!("/apis/{name}")).await["id"], id.as_str());
    }
    let updated = Api::expect(api.ask(Method::PATCH, &format!("/apis/{id}"), Some(json!({"token_format": "opaque"}))).await, 200);
    assert_eq!(updated["token_format"], "opaque");
    assert_eq!(updated["scopes"], json!({"read": "Read orders"}));
    api.refused(Method::POST, "/apis", json!({"audience": ORDERS}), 409, "conflict").await;
    assert_eq!(api.get("/apis").await["items"].as_array().unwrap().len(), 1);
    Api::expect(api.ask(Method::DELETE, &format!("/apis/{id}"), None).await, 200);
    api.refused(Method::DELETE, &format!("/apis/{id}"), json!({}), 404, "not_found").await;
}
