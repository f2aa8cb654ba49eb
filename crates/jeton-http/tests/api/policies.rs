//! Policies.

use http::Method;
use serde_json::{Value, json};

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn policies_are_set_shown_and_explained() {
    let api = Api::with_worker().await;
    for _ in 0..2 {
        api.post("/tokens", json!({"client": "worker"})).await;
    }
    let put = async |kind: &str, body: Value| Api::expect(api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body)).await, 200);
    let levels = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| format!("{} {}", item["kind"], item["level"]).replace('"', "")).collect()
    };
    let built_in = api.get("/policies").await;
    assert!(levels(&built_in).iter().all(|line| line.ends_with(" table")), "{built_in}");
    let size = api.world.ledger_size();
    api.world.advance(100);
    for (kind, body, now, sooner) in [
        ("access_token", json!({"max_seconds": 200, "dry_run": true}), 0, 2),
        ("access_token", json!({"max_seconds": 100, "dry_run": true}), 2, 0),
        ("access_token", json!({"api": ORDERS, "max_seconds": 200, "dry_run": true}), 0, 2),
        ("access_token", json!({"client": "worker", "max_seconds": 200, "dry_run": true}), 2, 0),
        ("access_token", json!({"default_seconds": 200, "dry_run": true}), 0, 0),
        ("client_secret", json!({"max_seconds": 100, "dry_run": true}), 1, 0),
        ("client_secret", json!({"max_seconds": 200, "client": "worker", "dry_run": true}), 0, 1),
        ("signing_key", json!({"max_seconds": 86_400, "dry_run": true}), 0, 1),
        ("client_assertion", json!({"max_seconds": 60, "dry_run": true}), 0, 0),
    ] {
        let planned = put(kind, body.clone()).await;
        let expected = json!({"would_expire_now": now, "would_expire_sooner": sooner, "would_come_back": 0, "would_be_idle": 0});
        assert_eq!(planned["consequence"], expected, "{kind} {body}");
    }
    assert_eq!(api.world.ledger_size(), size, "a dry run writes nothing");
    let set = put("access_token", json!({"api": ORDERS, "max_seconds": 900})).await;
    assert_eq!((&set["level"], &set["max_seconds"], &set["default_seconds"]), (&json!("api"), &json!(900), &json!(900)));
    let shown = api.get("/apis/https%3A%2F%2Forders.example").await;
    assert_eq!((&shown["access_token_lifetime_seconds"], &shown["effective_lifetime_seconds"]), (&json!(3600), &json!(900)));
    let list = api.get("/policies").await;
    assert_eq!(levels(&list)[..2], ["access_token table", "access_token api"]);
    assert_eq!((&list["items"][1]["subject"], &list["items"][1]["updated_by"]), (&json!(ORDERS), &json!("unix:1000")));
    let explained = api.get("/policies/access_token/explanation?api=https%3A%2F%2Forders.example&client=worker").await;
    assert_eq!((&explained["max_seconds"], &explained["max_from"]), (&json!(900), &json!("api")));
    assert_eq!(explained["said"].as_array().unwrap().len(), 2);
    put("access_token", json!({"api": ORDERS})).await;
    assert_eq!(api.get("/policies").await, built_in, "a level that says nothing is gone");
}

#[tokio::test]
async fn what_is_not_named_stays_and_what_is_null_goes() {
    let api = Api::with_worker().await;
    let send = async |method: Method, body: Value| Api::expect(api.ask(method, "/policies/api_key", Some(body)).await, 200);
    let said = async || {
        let list = api.get("/policies").await;
        let of_level =
            list["items"].as_array().unwrap().iter().find(|rule| rule["kind"] == "api_key" && rule["level"] == "deployment").cloned();
        of_level.map(|rule| json!([rule["default_seconds"], rule["max_seconds"], rule["idle_seconds"]]))
    };
    const DAY: i64 = 86_400;
    send(Method::PATCH, json!({"max_seconds": 45 * DAY})).await;
    let set = send(Method::PATCH, json!({"idle_seconds": 10 * DAY, "default_seconds": 20 * DAY})).await;
    assert_eq!(set["before"], json!({"default_seconds": 45 * DAY, "max_seconds": 45 * DAY, "idle_seconds": 30 * DAY}));
    assert_eq!(said().await, Some(json!([20 * DAY, 45 * DAY, 10 * DAY])));
    let size = api.world.ledger_size();
    send(Method::PATCH, json!({})).await;
    send(Method::PATCH, json!({"max_seconds": null, "dry_run": true})).await;
    assert_eq!(api.world.ledger_size(), size, "nothing changes");
    let set = send(Method::PATCH, json!({"max_seconds": null})).await;
    assert_eq!((&set["max_seconds"], &set["idle_seconds"]), (&json!(366 * DAY), &json!(10 * DAY)));
    assert_eq!(said().await, Some(json!([20 * DAY, null, 10 * DAY])));
    send(Method::PUT, json!({"max_seconds": 60 * DAY})).await;
    assert_eq!(said().await, Some(json!([null, 60 * DAY, null])), "what is put is all that is said");
    send(Method::PATCH, json!({"max_seconds": null, "idle_seconds": null})).await;
    assert_eq!(said().await, None);
    for (body, needle) in [
        (json!({"max_seconds": "1h"}), "expected a whole number"),
        (json!({"maximum": 5}), "there is no member `maximum`"),
        (json!({"max_seconds": 0}), "between 1s and"),
        (json!({"api": ORDERS, "client": "worker"}), "not for both"),
    ] {
        let (answered, problem) = api.ask(Method::PATCH, "/policies/api_key", Some(body.clone())).await;
        assert!(answered.as_u16() == 400 && problem["detail"].as_str().unwrap().contains(needle), "{body}: {problem}");
    }
}

#[tokio::test]
async fn what_a_wider_policy_brings_back_is_counted() {
    let api = Api::with_worker().await;
    let put = async |kind: &str, body: Value| Api::expect(api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body)).await, 200);
    let token = api.post("/tokens", json!({"client": "worker"})).await;
    for kind in ["client_secret", "access_token"] {
        put(kind, json!({"max_seconds": 100})).await;
    }
    api.world.advance(100);
    for (kind, body, back) in [
        ("client_secret", json!({"max_seconds": 101, "dry_run": true}), 1),
        ("client_secret", json!({"max_seconds": 100, "dry_run": true}), 0),
        ("client_secret", json!({"client": "worker", "max_seconds": 50, "dry_run": true}), 0),
        // What a lowered maximum ended stays dead: verifiers were told.
        ("access_token", json!({}), 0),
        ("client_secret", json!({}), 1),
        ("client_secret", json!({}), 0),
    ] {
        assert_eq!(put(kind, body.clone()).await["consequence"]["would_come_back"], back, "{kind} {body}");
    }
    assert_eq!(api.get(&format!("/tokens/{}", token["id"].as_str().unwrap())).await["standing"], "expired");
}

#[tokio::test]
async fn policies_that_are_refused() {
    let api = Api::with_worker().await;
    let size = api.world.ledger_size();
    for (kind, body, status, needle) in [
        ("password", json!({"max_seconds": 1}), 404, "no such kind"),
        ("a%1b%E2%80%AE", json!({}), 404, "no such kind"),
        ("access_token", json!({"max_seconds": 86_401}), 400, "between 1s and 1d"),
        ("access_token", json!({"max_seconds": 0}), 400, "between 1s and"),
        ("access_token", json!({"max_seconds": i64::MIN}), 400, "between 1s and"),
        ("access_token", json!({"max_seconds": u64::MAX}), 400, "expected a whole number"),
        ("access_token", json!({"max_seconds": "1h"}), 400, "expected a whole number"),
        ("access_token", json!({"maximum": 5}), 400, "there is no member `maximum`"),
        ("access_token", json!({"api": ORDERS, "client": "worker", "max_seconds": 5}), 400, "not for both"),
        ("access_token", json!({"api": "https://none.example", "max_seconds": 5}), 404, "no API"),
        ("access_token", json!({"client": "\u{202e}", "max_seconds": 5}), 404, "no client"),
        ("client_secret", json!({"api": ORDERS, "max_seconds": 5}), 400, "set for: deployment, client"),
        ("client_secret", json!({"default_seconds": 9, "max_seconds": 5}), 400, "the default"),
        ("client_secret", json!({"dry_run": "yes"}), 400, "expected true or false"),
    ] {
        let (answered, problem) = api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body.clone())).await;
        assert_eq!(answered.as_u16(), status, "{kind} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{kind} {body}: {problem}");
    }
    for (query, status) in [("api=x", 404), ("client=x", 404), ("api=x&api=y", 400), ("level=api", 400), ("client=%ff", 400)] {
        let (answered, problem) = api.ask(Method::GET, &format!("/policies/access_token/explanation?{query}"), None).await;
        assert_eq!(answered.as_u16(), status, "{query}: {problem}");
    }
    api.refused(Method::GET, "/policies?after=x", json!({}), 400, "invalid_request").await;
    assert_eq!(api.world.ledger_size(), size);
}
