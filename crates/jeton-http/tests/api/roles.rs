//! Groups and roles.

use http::Method;
use serde_json::{Value, json};

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn groups_and_roles_say_what_somebody_may_do() {
    let api = Api::with_worker().await;
    let ada = api.post("/users", json!({"username": "ada"})).await["id"].clone();
    let group = api.post("/groups", json!({"name": "Billing & more", "description": "Who bills"})).await;
    assert_eq!((&group["members"], &group["description"]), (&json!(0), &json!("Who bills")));
    let role = api.post("/roles", json!({"audience": ORDERS, "name": "clerk", "scope": "read write"})).await;
    assert_eq!((&role["audience"], &role["scope"], role.get("description")), (&json!(ORDERS), &json!("read write"), None));
    let id = role["id"].as_str().unwrap();
    let put = async |path: &str| Api::expect(api.ask(Method::PUT, path, None).await, 204);
    let delete = async |path: &str| Api::expect(api.ask(Method::DELETE, path, None).await, 204);
    for _ in 0..2 {
        put("/groups/Billing%20%26%20more/members/ada").await;
        put(&format!("/roles/{id}/assignments/group:Billing%20%26%20more")).await;
        put("/roles/clerk/assignments/user:ada").await;
    }
    let members = api.get("/groups/Billing%20%26%20more/members").await;
    assert_eq!((&members["items"][0]["id"], &members["items"][0]["username"]), (&ada, &json!("ada")));
    let held = api.get("/roles/clerk/assignments").await;
    let names: Vec<&Value> = held["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["Billing & more", "ada"]);
    let shown = api.get("/users/ada").await;
    assert_eq!(shown["groups"][0]["name"], "Billing & more");
    assert_eq!((shown["roles"][0].get("group"), &shown["roles"][1]["group"]), (None, &json!("Billing & more")));
    let narrow = Api::expect(api.ask(Method::PATCH, "/roles/clerk", Some(json!({"scope": "read"}))).await, 200);
    assert_eq!(narrow["scope"], "read");
    let last = api.get("/audit/entries?last=1").await;
    assert_eq!((&last["items"][0]["kind"], &last["items"][0]["data"]["scopes"]), (&json!("role.narrowed"), &json!("write")));
    delete("/roles/clerk/assignments/user:ada").await;
    delete("/groups/Billing%20%26%20more/members/ada").await;
    let shown = api.get("/users/ada").await;
    assert_eq!((&shown["groups"], &shown["roles"]), (&json!([]), &json!([])));
    for subject in ["ada", "client:worker", "user", ""] {
        let status = if subject.is_empty() { 404 } else { 400 };
        let code = if subject.is_empty() { "no_such_path" } else { "invalid_request" };
        api.refused(Method::PUT, &format!("/roles/clerk/assignments/{subject}"), json!({}), status, code).await;
    }
    for path in ["/roles/clerk/assignments/user:eve", "/roles/eve/assignments/user:ada", "/groups/eve/members/ada"] {
        api.refused(Method::PUT, path, json!({}), 404, "not_found").await;
    }
    api.refused(Method::POST, "/roles", json!({"audience": ORDERS, "name": "boss", "scope": "admin"}), 400, "invalid_request").await;
    api.refused(Method::POST, "/roles", json!({"audience": ORDERS, "name": "clerk", "scope": "read"}), 409, "conflict").await;
    delete("/groups/Billing%20%26%20more").await;
    delete("/roles/clerk").await;
    api.refused(Method::GET, "/roles/clerk", json!({}), 404, "not_found").await;
    let left = api.get("/roles").await;
    let built_in: Vec<_> = left["items"].as_array().unwrap().iter().map(|role| (&role["name"], &role["built_in"])).collect();
    let names = ["auditor", "developer", "operator", "owner"].map(Value::from);
    assert_eq!(built_in, names.iter().map(|name| (name, &Value::Bool(true))).collect::<Vec<_>>());
}
