//! People, and lists of them.

use http::Method;
use serde_json::{Value, json};

use crate::asking::{Api, without};

#[tokio::test]
async fn a_person_from_beginning_to_end() {
    let api = Api::new().await;
    let created = api.post("/users", json!({"username": "Ada", "name": "Ada Example", "email": "ada@example.com"})).await;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(
        without(created, &["id", "created_at", "updated_at"]),
        json!({"username": "ada", "name": "Ada Example", "email": "ada@example.com", "email_verified": false, "state": "active", "groups": [],
            "roles": [], "attributes": {}})
    );
    for name in [id.as_str(), "ada", "ADA"] {
        assert_eq!(api.get(&format!("/users/{name}")).await["id"], id.as_str());
    }
    let updated = Api::expect(api.ask(Method::PATCH, "/users/ada", Some(json!({"email": "", "username": "ada.l"}))).await, 200);
    assert_eq!((&updated["username"], updated.get("email")), (&json!("ada.l"), None));
    api.refused(Method::POST, "/users", json!({"username": "ADA.L"}), 409, "conflict").await;
    for body in [
        json!({"username": "a b"}),
        json!({"username": "eve", "name": "\u{202e}eve"}),
        json!({"username": "eve", "password": "x"}),
        json!({}),
    ] {
        api.refused(Method::POST, "/users", body, 400, "invalid_request").await;
    }
    let disabled = api.post("/users/ada.l/disable", json!({})).await;
    assert_eq!((&disabled["state"], &disabled["disabled_by"]), (&json!("disabled"), &json!("unix:1000")));
    assert!(disabled["disabled_at"].is_string());
    let kinds: Vec<Value> =
        api.get("/audit/entries?last=2").await["items"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["user.disabled", "tokens.cut_off"]);
    let enabled = api.post("/users/ada.l/enable", json!({})).await;
    assert_eq!((&enabled["state"], enabled.get("disabled_at")), (&json!("active"), None));
    assert_eq!(api.post("/users/ada.l/disable", json!({"dry_run": true})).await["state"], "active");
    api.refused(Method::POST, "/users/ada.l/enable", json!({"dry_run": true}), 400, "invalid_request").await;
    let revoked = api.post("/revocations", json!({"user": "ada.l"})).await;
    assert_eq!(revoked["fell"]["access_tokens"], 0);
    for (method, path) in [(Method::PATCH, "/users/ada"), (Method::POST, "/users/eve/disable"), (Method::POST, "/users/eve/enable")] {
        let problem = api.refused(method, path, json!({}), 404, "not_found").await;
        assert!(problem["hint"].as_str().unwrap().contains("jeton user list"));
    }
}

#[tokio::test]
async fn lists_of_people_come_page_by_page() {
    let api = Api::new().await;
    for name in ["eve", "ada", "bob"] {
        api.post("/users", json!({"username": name})).await;
        api.post("/groups", json!({"name": name})).await;
    }
    for (list, member) in [("/users", "username"), ("/groups", "name")] {
        let page = api.get(&format!("{list}?limit=2")).await;
        assert_eq!((&page["items"][0][member], &page["items"][1][member]), (&json!("ada"), &json!("bob")));
        let last = api.get(&format!("{list}?cursor={}", page["next"].as_str().unwrap())).await;
        assert_eq!((&last["items"][0][member], last["items"].as_array().unwrap().len(), last.get("next")), (&json!("eve"), 1, None));
        api.refused(Method::GET, &format!("{list}?page=2"), json!({}), 400, "invalid_request").await;
    }
}
