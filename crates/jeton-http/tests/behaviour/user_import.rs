//! People who come from elsewhere, and go.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";
const HASH: &str = "$2b$08$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

/// With a group that holds a role, and a role that two APIs have.
async fn world() -> World {
    let world = World::new().await;
    world.api("orders").await;
    world.api("stock").await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    for (api, name) in [("orders", "clerk"), ("stock", "clerk"), ("orders", "packer")] {
        let role = json!({"audience": format!("https://{api}.example"), "name": name, "scope": format!("{api}:read")});
        world.done(Method::POST, "/roles", Some(role)).await;
    }
    world.done(Method::PUT, "/roles/packer/assignments/group:billing", Some(json!({}))).await;
    world
}

async fn imported(world: &World, users: &Value) -> Value {
    world.done(Method::POST, "/imports/users", Some(json!({ "users": users }))).await
}

async fn exported(world: &World) -> Value {
    world.done(Method::POST, "/exports/users", Some(json!({}))).await["users"].clone()
}

/// The places of one outcome.
fn places(report: &Value, of: &str) -> Vec<u64> {
    report[of].as_array().unwrap().iter().map(|item| item["index"].as_u64().unwrap()).collect()
}

fn people() -> Value {
    json!([
        {
            "username": "Ada", "name": "Ada Example", "email": "ada@example.org", "email_verified": true, "password_hash": HASH,
            "groups": ["billing", "billing"], "roles": [format!("{ORDERS} clerk"), "packer"], "attributes": {"costCenter": "7", "room": ""},
        },
        {"username": "bob", "disabled": true, "password_hash": HASH},
        {"username": "carl"},
    ])
}

#[tokio::test]
async fn what_is_taken_out_of_one_goes_into_another_as_it_was() {
    let world = world().await;
    let size = world.ledger_size();
    let planned = world.done(Method::POST, "/imports/users", Some(json!({"users": people(), "dry_run": true}))).await;
    assert_eq!((places(&planned, "imported"), &planned["imported"][0]["id"]), (vec![0, 1, 2], &Value::Null));
    assert_eq!(world.ledger_size(), size, "nothing was written");
    let report = imported(&world, &people()).await;
    assert_eq!((places(&report, "imported"), &report["existed"], places(&report, "refused")), (vec![0, 1, 2], &json!([]), vec![]));
    // Created, password, group and two roles; created, password and disabled; created.
    assert_eq!(world.ledger_size(), size + 9);
    let ada = world.done(Method::GET, "/users/ada", None).await;
    assert_eq!(
        (&ada["id"], &ada["email_verified"], ada["groups"].as_array().unwrap().len()),
        (&report["imported"][0]["id"], &json!(true), 1)
    );
    let held: Vec<&str> = ada["roles"].as_array().unwrap().iter().map(|role| role["audience"].as_str().unwrap()).collect();
    assert_eq!(held, [ORDERS; 3], "two of their own, one by the group");
    assert_eq!(world.done(Method::GET, "/users/bob", None).await["state"], "disabled");
    let size = world.ledger_size();
    let users = exported(&world).await;
    assert_eq!(world.ledger_size(), size + 1, "who took them out is told");
    let told = world.done(Method::GET, "/audit/entries?last=1", None).await;
    assert_eq!((&told["items"][0]["kind"], &told["items"][0]["data"]["count"]), (&json!("users.exported"), &json!(3)), "{told}");
    let expected = json!([
        {
            "username": "ada", "name": "Ada Example", "email": "ada@example.org", "email_verified": true, "disabled": false,
            "password_hash": HASH, "groups": ["billing"], "roles": [format!("{ORDERS} clerk"), "packer"], "attributes": {"costCenter": "7"},
        },
        {"username": "bob", "email_verified": false, "disabled": true, "password_hash": HASH, "groups": [], "roles": []},
        {"username": "carl", "email_verified": false, "disabled": false, "groups": [], "roles": []},
    ]);
    assert_eq!(users, expected);
    let other = self::world().await;
    imported(&other, &users).await;
    assert_eq!(exported(&other.reopen().await).await, expected);
    let without = world.done(Method::POST, "/exports/users", Some(json!({"after": "ada", "without_passwords": true}))).await;
    assert_eq!((&without["users"][0]["username"], &without["users"][0]["password_hash"]), (&json!("bob"), &Value::Null));
}

#[tokio::test]
async fn who_is_here_stays_as_they_are_and_who_cannot_come_holds_up_nobody() {
    let world = world().await;
    imported(&world, &json!([{"username": "ada", "name": "Ada Example"}])).await;
    let size = world.ledger_size();
    let again = imported(&world, &json!([{"username": "ADA", "name": "Eve", "password_hash": HASH, "roles": ["owner"]}])).await;
    assert_eq!((&again["existed"], places(&again, "imported"), world.ledger_size()), (&json!([0]), vec![], size));
    assert_eq!(
        exported(&world).await[0],
        json!({"username": "ada", "name": "Ada Example", "email_verified": false, "disabled": false, "groups": [], "roles": []})
    );
    let users = json!([
        {"username": "a b"},
        {"username": "b", "password_hash": "hunter2"},
        {"username": "c", "password_hash": "$2b$16$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"},
        {"username": "d", "groups": ["nobody"]},
        {"username": "e", "roles": ["nothing"]},
        {"username": "f", "roles": ["clerk"]},
        {"username": "g", "email_verified": true},
        {"username": "h"},
        {"username": "H"},
        {"username": "i", "groups": vec!["billing"; 33]},
        {"username": "j", "attributes": {"room": "7\u{7}"}},
    ]);
    let report = imported(&world, &users).await;
    assert_eq!(
        (places(&report, "imported"), &report["existed"], places(&report, "refused")),
        (vec![7], &json!([8]), vec![0, 1, 2, 3, 4, 5, 6, 9, 10])
    );
    let codes: Vec<&str> = report["refused"].as_array().unwrap().iter().map(|refused| refused["code"].as_str().unwrap()).collect();
    let (invalid, missing) = ("invalid_request", "not_found");
    assert_eq!(codes, [invalid, invalid, invalid, missing, missing, "conflict", invalid, invalid, invalid]);
    assert!(!report.to_string().contains("hunter2"), "{report}");
    let many: Vec<Value> = (0..101).map(|number| json!({"username": format!("p{number:03}")})).collect();
    assert_eq!(world.administer(Method::POST, "/imports/users", Some(json!({ "users": many }))).await.status, 400);
    imported(&world, &json!(many[..100])).await;
    imported(&world, &json!(many[100..])).await;
    // All come out, a hundred at a time.
    let first = world.done(Method::POST, "/exports/users", Some(json!({}))).await;
    let rest = world.done(Method::POST, "/exports/users", Some(json!({"after": first["next"]}))).await;
    assert_eq!((first["users"].as_array().unwrap().len(), rest["users"].as_array().unwrap().len(), &rest["next"]), (100, 3, &Value::Null));
}

#[tokio::test]
async fn nobody_gives_or_takes_by_it_what_they_may_not() {
    let world = world().await;
    world.done(Method::POST, "/groups", Some(json!({"name": "bosses"}))).await;
    world.done(Method::PUT, "/roles/role_owner/assignments/group:bosses", Some(json!({}))).await;
    let operator = format!("Bearer {}", world.administrator_of("olga", "operator").await);
    let users =
        json!([{"username": "a", "groups": ["bosses"]}, {"username": "b", "roles": ["packer"]}, {"username": "c", "groups": ["billing"]}]);
    let answer = world.manage(Some(&operator), Method::POST, "/imports/users", Some(&json!({ "users": users }))).await;
    let report = answer.json();
    assert_eq!((places(&report, "imported"), places(&report, "refused")), (vec![2], vec![0, 1]), "{report}");
    assert_eq!((&report["refused"][0]["code"], &report["refused"][1]["code"]), (&json!("forbidden"), &json!("forbidden")));
    let answer = world.manage(Some(&operator), Method::POST, "/exports/users", Some(&json!({"without_passwords": true}))).await;
    assert_eq!(answer.status, 403, "{}", answer.shown());
    let developer = format!("Bearer {}", world.administrator_of("dora", "developer").await);
    let answer = world.manage(Some(&developer), Method::POST, "/imports/users", Some(&json!({"users": [{"username": "x"}]}))).await;
    assert_eq!(answer.status, 403, "{}", answer.shown());
}

#[tokio::test]
async fn a_request_that_is_sent_again_takes_nobody_in() {
    let world = world().await;
    imported(&world, &json!([{"username": "carl"}])).await;
    let users = json!({"users": [{"username": "ada"}, {"username": "carl"}, {"username": "a b"}]});
    let send = async || world.administer_once("k", Method::POST, "/imports/users", Some(users.clone())).await.json();
    let (first, size) = (send().await, world.ledger_size());
    assert_eq!((places(&first, "imported"), &first["existed"], places(&first, "refused")), (vec![0], &json!([1]), vec![2]));
    assert_eq!((send().await, world.ledger_size()), (first.clone(), size));
    world.done(Method::DELETE, "/users/ada", Some(json!({}))).await;
    let after = send().await;
    assert_eq!((places(&after, "refused"), &after["refused"][0]["code"]), (vec![0, 2], &json!("conflict")), "{after}");
}
