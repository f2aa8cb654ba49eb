//! Signing keys, and the root key.

use http::Method;
use serde_json::{Value, json};

use crate::asking::Api;

#[tokio::test]
async fn keys_rotate_and_are_revoked() {
    let api = Api::new().await;
    let states = |keys: Value| -> Vec<String> {
        let items = keys["items"].as_array().unwrap().clone();
        items.iter().filter(|key| key["purpose"] == "token").map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current"]);
    api.refused(Method::POST, "/signing-keys/rotate", json!({}), 409, "conflict").await;
    let rotated = api.post("/signing-keys/rotate", json!({"alg": "ES256", "force": true})).await;
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current", "retired"]);
    let kid = rotated["current"].as_str().unwrap();
    Api::expect(api.ask(Method::DELETE, &format!("/signing-keys/{kid}"), None).await, 204);
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current", "retired", "revoked"]);
    api.refused(Method::POST, "/signing-keys/rotate", json!({"alg": "none"}), 400, "invalid_request").await;
    api.refused(Method::DELETE, "/signing-keys/nobody", json!({}), 404, "not_found").await;
    assert!(!api.get("/signing-keys").await.to_string().contains("\"d\":"));
    assert_eq!(api.get("/root-key").await, json!({"current": 1, "epochs": [1], "root_file": "root.key"}));
    for _ in 0..3 {
        let (status, rotated) = api.ask_with(&[("idempotency-key", "k")], Method::POST, "/root-key/rotate", None).await;
        assert_eq!((status.as_u16(), rotated), (200, json!({"current": 2, "epochs": [1, 2], "root_file": "root.key"})));
    }
    api.refused(Method::POST, "/root-key/rotate", json!({"force": true}), 400, "invalid_request").await;
}
