//! Tokens, one at a time.

use http::Method;
use jeton_http::api::rfc3339;
use serde_json::{Value, json};

use crate::asking::{Api, without};

#[tokio::test]
async fn a_token_from_beginning_to_end() {
    for format in ["jwt", "opaque"] {
        let api = Api::with_worker().await;
        Api::expect(api.ask(Method::PATCH, "/apis/https%3A%2F%2Forders.example", Some(json!({"token_format": format}))).await, 200);
        let issued = api.post("/tokens", json!({"client": "worker", "scope": "read write"})).await;
        let id = issued["id"].as_str().unwrap().to_owned();
        let text = issued["access_token"].clone();
        let entry = api.get("/audit/entries?last=2").await["items"][0].clone();
        let data = json!({"actor": "unix:1000", "api": audience_id(&api).await, "client": issued["client_id"], "token": id});
        assert_eq!((&entry["kind"], &entry["data"]), (&json!("token.issued"), &data), "who issued it is on the ledger");
        assert_eq!((issued["expires_in"].as_i64(), issued["token_type"].as_str()), (Some(3600), Some("Bearer")));
        let shown = api.get(&format!("/tokens/{id}")).await;
        assert_eq!(shown, without(issued, &["access_token", "token_type", "expires_in"]));
        assert_eq!(
            (shown["standing"].as_str(), shown["format"].as_str(), shown["scope"].as_str()),
            (Some("active"), Some(format), Some("read write"))
        );
        assert_eq!(shown["expires_at"], rfc3339::format(api.world.now() + 3600));
        let suspended = api.post(&format!("/tokens/{id}/suspend"), json!({})).await;
        assert_eq!((suspended["before"].as_str(), suspended["standing"].as_str()), (Some("active"), Some("suspended")));
        assert_eq!(api.post("/tokens/introspect", json!({"token": text})).await["active"], false);
        api.post(&format!("/tokens/{id}/resume"), json!({})).await;
        assert_eq!(api.post("/tokens/introspect", json!({"token": text})).await["active"], true);
        let dry = api.post("/revocations", json!({"token": text, "dry_run": true})).await;
        assert_eq!(
            (dry["fell"]["access_tokens"].as_u64(), api.get(&format!("/tokens/{id}")).await["standing"].as_str()),
            (Some(1), Some("active"))
        );
        let revoked = api.post("/revocations", json!({"token": text})).await;
        let fell = json!({"access_tokens": 1, "keys": 0, "personal_access_tokens": 0, "client_secrets": 0, "sessions": 0, "authorization_codes": 0, "refresh_tokens": 0});
        assert_eq!(revoked, json!({"fell": fell, "dry_run": false}));
        assert_eq!(api.post("/revocations", json!({"id": id})).await["fell"]["access_tokens"], 0);
        assert_eq!(api.get(&format!("/tokens/{id}")).await["standing"], "revoked");
        api.refused(Method::POST, &format!("/tokens/{id}/resume"), json!({}), 409, "conflict").await;
        assert_eq!(api.post("/tokens/introspect", json!({"token": "junk"})).await, json!({"active": false}));
    }
}

async fn audience_id(api: &Api) -> Value {
    api.get("/apis/https%3A%2F%2Forders.example").await["id"].clone()
}

#[tokio::test]
async fn a_token_says_which_key_signed_it_and_dies_with_it() {
    // Right before a key's revocation, the next one may have signed; well before it, not.
    for (seconds_before, standing, says) in [(5, "active", "its text tells"), (6, "revoked", "was revoked")] {
        let api = Api::with_worker().await;
        let token = api.post("/tokens", json!({"client": "worker"})).await;
        let (path, kid) = (format!("/tokens/{}", token["id"].as_str().unwrap()), token["signing_key"].as_str().unwrap());
        assert_eq!((&token["remark"], &token["standing"]), (&Value::Null, &json!("active")));
        api.world.advance(seconds_before);
        Api::expect(api.ask(Method::DELETE, &format!("/signing-keys/{kid}"), None).await, 204);
        let shown = api.get(&path).await;
        let remark = shown["remark"].as_str().unwrap();
        assert_eq!(shown["standing"], standing, "{shown}");
        assert!(remark.contains(kid) && remark.contains(says), "{remark}");
        assert_eq!(shown["signing_key"].as_str().is_some(), standing == "revoked", "{shown}");
        let dry = api.post("/revocations", json!({"everything": true, "dry_run": true})).await;
        assert_eq!(dry["fell"]["access_tokens"], i32::from(standing == "active"));
    }
}
