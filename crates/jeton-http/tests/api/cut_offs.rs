//! Revocations of all that was made before a time.

use http::Method;
use jeton_http::api::rfc3339;
use serde_json::json;

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn a_cut_off_counts_what_falls_and_only_that() {
    let api = Api::with_worker().await;
    api.post("/clients", json!({"name": "other", "audiences": [ORDERS]})).await;
    for client in ["worker", "worker", "worker", "other"] {
        api.post("/tokens", json!({"client": client})).await;
    }
    let gone = api.post("/tokens", json!({"client": "worker"})).await;
    api.post("/revocations", json!({"id": gone["id"]})).await;
    for (body, expected) in [
        (json!({"client": "worker", "dry_run": true}), 3),
        (json!({"client": "worker", "before": "2001-01-01T00:00:00Z"}), 0),
        (json!({"client": "worker", "before": "now"}), 3),
        (json!({"client": "worker"}), 0),
        (json!({"api": ORDERS, "dry_run": true}), 1),
        (json!({"everything": true}), 1),
        (json!({"everything": true}), 0),
    ] {
        let revoked = api.post("/revocations", body.clone()).await;
        assert_eq!(revoked["fell"]["access_tokens"], expected, "{body}");
        assert_eq!(rfc3339::parse(revoked["before"].as_str().unwrap()), revoked["before_seconds"].as_i64());
    }
    let later = api.post("/tokens", json!({"client": "worker"})).await;
    assert_eq!(later["standing"], "active");
    // Under a cut-off of the same second: a dry run names the time that the decision would.
    for (body, ahead) in [(json!({"client": "worker"}), 2), (json!({"client": "worker", "before": "2001-01-01T00:00:00Z"}), 0)] {
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        let (dry, done) = (api.post("/revocations", dry).await, api.post("/revocations", body.clone()).await);
        assert_eq!((&dry["before_seconds"], &dry["fell"]), (&done["before_seconds"], &done["fell"]), "{body}");
        assert!(ahead == 0 || done["before_seconds"] == api.world.now() + ahead, "{done}");
    }
    let size = api.world.ledger_size();
    for (kind, said) in [("user", "there is no user"), ("session", "there is no session"), ("family", "there is no session")] {
        let problem = api.refused(Method::POST, "/revocations", json!({kind: "mallory"}), 404, "not_found").await;
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
    }
    for nobody in [json!({"group": "mallory"}), json!({"key": "mallory"}), json!({"key": "0".repeat(32)}), json!({"id": "0".repeat(32)})] {
        api.refused(Method::POST, "/revocations", nobody, 404, "not_found").await;
    }
    let ahead = json!({"client": "worker", "before": 99_999_999_999_i64, "dry_run": true});
    api.refused(Method::POST, "/revocations", ahead, 400, "invalid_request").await;
    assert_eq!(api.world.ledger_size(), size);
    api.refused(Method::POST, "/revocations", json!({"client": "worker", "before": 99_999_999_999_i64}), 400, "invalid_request").await;
    api.refused(Method::POST, "/revocations", json!({"client": "nobody"}), 404, "not_found").await;
    api.refused(Method::POST, "/revocations", json!({"token": "x", "before": "now"}), 400, "invalid_request").await;
}
