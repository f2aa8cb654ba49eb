//! Keys and tokens explained: which rule decides and who said so, all that happened, and what a text is that is none of ours. Whoever
//! presents the credential hears no more than before.

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_http::api::rfc3339;
use jeton_testkit::World;
use jeton_testkit::world::manage::claims_of;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";
const DAY: i64 = 86_400;

async fn by_id(world: &World, made: &Value) -> Value {
    world.done(Method::GET, &format!("/keys/{}/explanation", made["id"].as_str().unwrap()), None).await
}

async fn by_text(world: &World, text: &str) -> Value {
    world.done(Method::POST, "/tokens/explain", Some(json!({"token": text}))).await
}

fn rule(explained: &Value) -> &str {
    explained["decided_by"]["rule"].as_str().unwrap()
}

/// The kinds of what happened, in its order.
fn steps(explained: &Value) -> Vec<&str> {
    let steps = explained["timeline"].as_array().unwrap();
    assert!(steps.is_sorted_by_key(|step| step["sequence"].as_u64()), "{steps:?}");
    steps.iter().map(|step| step["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_key_tells_its_life() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client_with("shop", &[&orders], |request| request.scopes = Some("orders:read orders:write".into())).await;
    let owner = format!("client:{}", shop.id);
    world.done(Method::PUT, "/policies/api_key", Some(json!({"idle_seconds": 0}))).await;
    // Others change between its own changes.
    let made = world.make_key(&owner, ORDERS, json!({"scope": "orders:read orders:write"})).await;
    let (path, text) = (format!("/keys/{}", made["id"].as_str().unwrap()), made["key"].as_str().unwrap().to_owned());
    world.make_key(&owner, ORDERS, Value::Null).await;
    world.done(Method::PATCH, &path, Some(json!({"name": "another name", "allow_ip": ["192.0.2.0/24"]}))).await;
    world.make_key(&owner, ORDERS, Value::Null).await;
    let rotated = world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": DAY}))).await;
    world.done(Method::POST, &format!("{path}/suspend"), Some(json!({"why": "leaked"}))).await;
    let suspended = by_id(&world, &made).await;
    assert_eq!(
        (rule(&suspended), &suspended["decided_by"]["why"], &suspended["decided_by"]["by"]),
        ("suspended", &json!("leaked"), &json!("unix:1000"))
    );
    world.done(Method::POST, &format!("{path}/resume"), None).await;
    world.advance(60 * DAY);
    world.service().sweep(&world.moment()).await.unwrap();

    let world = world.reopen().await;
    let explained = by_id(&world, &made).await;
    let expected = [
        "api_key.created",
        "api_key.narrowed",
        "api_key.described",
        "api_key.rotated",
        "api_key.suspended",
        "api_key.resumed",
        "credential.expiring",
    ];
    assert_eq!(steps(&explained), expected);
    assert_eq!((&explained["timeline_has_more"], &explained["is_complete"], rule(&explained)), (&json!(false), &json!(true), "accepted"));
    assert_eq!(explained["timeline"][0]["data"]["actor"], "unix:1000");
    for text in [&text, rotated["key"].as_str().unwrap()] {
        assert!(!explained.to_string().contains(text), "a key is not told again");
    }
    world.done(Method::DELETE, &path, Some(json!({"why": "superseded"}))).await;
    let revoked = by_id(&world, &made).await;
    assert_eq!((rule(&revoked), steps(&revoked).last().copied()), ("revoked", Some("api_key.revoked")));
}

#[tokio::test]
async fn a_key_says_when_and_by_which_rule_it_was_last_refused() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:acme", ORDERS, json!({"allow_ip": ["192.0.2.0/24"], "scope": "orders:read"})).await;
    let here = json!({"client_ip": "192.0.2.1"});
    let asked = [
        (here.clone(), None),
        (json!({"client_ip": "203.0.113.9"}), Some("ip_denied")),
        (json!({"client_ip": "192.0.2.1", "scope": "orders:write"}), Some("insufficient_scope")),
        (here, Some("insufficient_scope")),
    ];
    let mut refused_at = Value::Null;
    for (asked, rule) in asked {
        world.advance(60);
        let code = world.check_key(&shop, made["key"].as_str().unwrap(), asked).await["code"].clone();
        world.service().flush_usage().await.unwrap();
        if code != "valid" {
            refused_at = json!(rfc3339::format(world.now() / 60 * 60));
        }
        let explained = by_id(&world, &made).await;
        assert_eq!((&explained["last_refusal"], &explained["last_refused_at"]), (&json!(rule), &refused_at), "{code}");
    }
}

#[tokio::test]
async fn a_key_pasted_is_explained_and_not_used() {
    let world = World::new().await;
    world.api("orders").await;
    let made = world.make_key("external:acme", ORDERS, Value::Null).await;
    let text = made["key"].as_str().unwrap();
    let rotated = world.done(Method::POST, &format!("/keys/{}/rotate", made["id"].as_str().unwrap()), None).await;
    for (text, pasted) in [(text, "previous"), (rotated["key"].as_str().unwrap(), "current")] {
        let explained = world.done(Method::POST, "/keys/explain", Some(json!({"key": text}))).await;
        assert_eq!((&explained["pasted"], &explained["id"], rule(&explained)), (&json!(pasted), &made["id"], "accepted"));
    }
    world.advance(2 * DAY);
    let explained = world.done(Method::POST, "/keys/explain", Some(json!({"key": text}))).await;
    assert_eq!((rule(&explained), &explained["state"]), ("expired", &json!("active")), "the text before is over, the key is not");
    world.service().flush_usage().await.unwrap();
    assert_eq!(by_id(&world, &made).await["last_used_at"], Value::Null);
    for (text, looks) in [("nothing", "foreign"), (&text[..text.len() - 2], "damaged"), ("a.b.c", "no_jwt")] {
        let explained = world.done(Method::POST, "/keys/explain", Some(json!({"key": text}))).await;
        assert_eq!((&explained["is_ours"], &explained["looks"]), (&json!(false), &json!(looks)));
    }
}

#[tokio::test]
async fn what_a_key_belongs_to_is_told_with_who_said_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:acme", ORDERS, json!({"client": "shop", "scope": "orders:read orders:write"})).await;
    let checked = world.check_key(&shop, made["key"].as_str().unwrap(), json!({})).await;
    assert_eq!(checked["code"], "valid");
    world.service().flush_usage().await.unwrap();
    let before = by_id(&world, &made).await;
    assert_eq!(before["last_day"][0]["outcome"], "valid");
    assert_eq!((rule(&before), &before["taken_scope"], &before["statements"]), ("accepted", &json!([]), &json!([])));
    world.done(Method::PATCH, &format!("/clients/{}", shop.id), Some(json!({"scope": "orders:read"}))).await;
    let narrowed = by_id(&world, &made).await;
    assert_eq!(narrowed["taken_scope"], json!([{"scope": "orders:write", "by": "client"}]));
    world.done(Method::POST, "/suspensions", Some(json!({"client": "shop"}))).await;
    let suspended = by_id(&world, &made).await;
    let decided = &suspended["decided_by"];
    assert_eq!((rule(&suspended), &decided["subject"], &decided["by"]), ("subject_suspended", &json!("client"), &json!("unix:1000")));
    world.done(Method::POST, "/resumptions", Some(json!({"client": "shop"}))).await;
    assert_eq!(rule(&by_id(&world, &made).await), "accepted");
    world.cut_off(CutOffSubject::Client, &shop.id).await;
    world.cut_off(CutOffSubject::Api, "https://orders.example").await;
    let explained = by_id(&world, &made).await;
    let told: Vec<(&Value, &Value)> =
        explained["statements"].as_array().unwrap().iter().skip(2).map(|told| (&told["subject"], &told["by"])).collect();
    assert_eq!(told, [(&json!("client"), &json!("unix:1000")), (&json!("api"), &json!("unix:1000"))]);
    assert_eq!((rule(&explained), &explained["decided_by"]["by"]), ("cut_off", &json!("unix:1000")));
    world.done(Method::DELETE, &format!("/clients/{}", shop.id), None).await;
    assert_eq!(rule(&by_id(&world, &made).await), "owner_gone");
}

#[tokio::test]
async fn an_address_is_asked_about() {
    let world = World::new().await;
    world.api("orders").await;
    let made = world.make_key("external:acme", ORDERS, json!({"allow_ip": ["192.0.2.0/24"]})).await;
    let path = format!("/keys/{}/explanation", made["id"].as_str().unwrap());
    for (address, expected) in [("192.0.2.7", "accepted"), ("%3A%3Affff%3A192.0.2.7", "accepted"), ("198.51.100.7", "ip_denied")] {
        let explained = world.done(Method::GET, &format!("{path}?client_ip={address}"), None).await;
        assert_eq!(rule(&explained), expected, "{address}");
    }
    let asked = json!({"key": made["key"], "client_ip": "2001:db8::7"});
    let explained = world.done(Method::POST, "/keys/explain", Some(asked)).await;
    assert_eq!((rule(&explained), &explained["decided_by"]["client_ip"]), ("ip_denied", &json!("2001:db8::7")));
    for wrong in ["x", "192.0.2.0%2F24", "%E2%80%AE"] {
        let answer = world.administer(Method::GET, &format!("{path}?client_ip={wrong}"), None).await;
        assert_eq!((answer.status, answer.text().contains('\u{202e}')), (400, false), "{wrong}: {}", answer.shown());
    }
    // What decides before stays what decides.
    world.done(Method::POST, &format!("/keys/{}/suspend", made["id"].as_str().unwrap()), None).await;
    assert_eq!(rule(&world.done(Method::GET, &format!("{path}?client_ip=198.51.100.7"), None).await), "suspended");
}

#[tokio::test]
async fn a_policy_that_ends_a_key_is_named() {
    let world = World::new().await;
    world.api("orders").await;
    let made = world.make_key("external:acme", ORDERS, Value::Null).await;
    let set = json!({"api": "https://orders.example", "max_seconds": 10 * DAY, "default_seconds": 10 * DAY});
    world.done(Method::PUT, "/policies/api_key", Some(set)).await;
    let ends = by_id(&world, &made).await["ends_by"].clone();
    assert_eq!((&ends["cause"], &ends["level"], &ends["set_by"]), (&json!("policy"), &json!("api"), &json!("unix:1000")));
    world.advance(11 * DAY);
    assert_eq!(rule(&by_id(&world, &made).await), "expired");
}

#[tokio::test]
async fn a_token_is_explained_as_it_stands() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let text = world.token(&worker).await;
    let id = claims_of(&text)["jti"].as_str().unwrap().to_owned();
    let explain = async || {
        let explained = by_text(&world, &text).await;
        let by_id = world.done(Method::GET, &format!("/tokens/{id}/explanation"), None).await;
        assert_eq!(
            (rule(&by_id), &by_id["standing"], &by_id["statements"]),
            (rule(&explained), &explained["standing"], &explained["statements"])
        );
        assert_eq!((&explained["is_ours"], &explained["is_proven"], &explained["is_complete"]), (&json!(true), &json!(true), &json!(true)));
        assert!(!explained.to_string().contains(&text), "its text is not told again");
        explained
    };
    let fresh = explain().await;
    assert_eq!((rule(&fresh), &fresh["issued_by"]), ("accepted", &Value::Null));
    assert!(fresh["sequence"].is_u64(), "{fresh}");
    let path = format!("/tokens/{id}");
    world.done(Method::POST, &format!("{path}/suspend"), None).await;
    assert_eq!(rule(&explain().await), "suspended");
    world.done(Method::POST, &format!("{path}/resume"), None).await;
    assert_eq!(rule(&explain().await), "accepted");
    world.done(Method::POST, "/revocations", Some(json!({"id": id}))).await;
    let revoked = explain().await;
    assert_eq!((rule(&revoked), &revoked["decided_by"]["by"]), ("revoked", &json!("unix:1000")));
    let told: Vec<&str> = revoked["statements"].as_array().unwrap().iter().map(|told| told["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["suspended", "resumed", "revoked"]);
    world.advance(3_600);
    assert_eq!(rule(&explain().await), "expired");
}

#[tokio::test]
async fn what_ends_a_token_from_outside_is_named() {
    let world = World::new().await;
    let orders = world.opaque_api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let issued = world.done(Method::POST, "/tokens", Some(json!({"client": "worker"}))).await;
    let text = issued["access_token"].as_str().unwrap();
    let explained = by_text(&world, text).await;
    assert_eq!((rule(&explained), &explained["issued_by"]), ("accepted", &json!("unix:1000")));
    let set = json!({"api": "https://orders.example", "max_seconds": 900, "default_seconds": 900});
    world.done(Method::PUT, "/policies/access_token", Some(set)).await;
    world.advance(901);
    let explained = by_text(&world, text).await;
    assert_eq!(
        (rule(&explained), &explained["ends_by"]["seconds"], &explained["ends_by"]["set_by"]),
        ("expired", &json!(900), &json!("unix:1000"))
    );
    assert!(explained["statements"].as_array().unwrap().iter().any(|told| told["what"] == "lifetime_lowered"), "{explained}");

    let other = world.token(&worker).await;
    world.cut_off(CutOffSubject::Everything, "").await;
    let explained = by_text(&world, &other).await;
    assert_eq!((rule(&explained), &explained["decided_by"]["subject"]), ("cut_off", &json!("everything")));
}

#[tokio::test]
async fn a_token_of_a_revoked_key_is_found_by_what_it_says() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let text = world.token(&worker).await;
    let key = jeton_testkit::world::manage::key_id_of(&text);
    world.done(Method::DELETE, &format!("/signing-keys/{key}"), None).await;
    let explained = by_text(&world, &text).await;
    assert_eq!((rule(&explained), &explained["is_proven"]), ("signing_key_revoked", &json!(false)));
    assert_eq!((&explained["decided_by"]["signing_key"], &explained["decided_by"]["by"]), (&json!(key), &json!("unix:1000")));
}

#[tokio::test]
async fn texts_of_others_are_told_apart_and_steer_nothing() {
    let world = World::new().await;
    let orders = world.opaque_api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let opaque = world.token(&worker).await;
    let elsewhere = World::of("https://elsewhere.example").await;
    let stock = elsewhere.api("stock").await;
    let jwt = elsewhere.token(&elsewhere.client("worker", &[&stock]).await).await;
    let said = async |text: &str| {
        let looked = by_text(&world, text).await;
        assert_eq!(looked["is_ours"], false, "{looked}");
        looked["looks"].as_str().unwrap().to_owned()
    };
    assert_eq!(said(&opaque[..opaque.len() - 1]).await, "damaged");
    assert_eq!(said("\u{1b}[31m\u{202e}").await, "foreign");
    assert_eq!(said(&jwt).await, "other_issuer");
    assert_eq!(by_text(&world, &jwt).await["says_issuer"], "https://elsewhere.example");
    let key = world.make_key("external:acme", ORDERS, Value::Null).await;
    let looked = by_text(&world, key["key"].as_str().unwrap()).await;
    assert_eq!((&looked["looks"], &looked["kind"], &looked["id"]), (&json!("left"), &json!("api_key"), &key["id"]));
    world.advance(10 * DAY);
    world.token(&worker).await;
    world.service().drop_expired().unwrap();
    assert_eq!(said(&opaque).await, "left");
}

#[tokio::test]
async fn a_token_is_no_key_and_not_made_up_for_that() {
    let world = World::new().await;
    for api in [world.opaque_api("orders").await, world.api("stock").await] {
        let token = world.token(&world.client(&format!("of {}", api.id), &[&api]).await).await;
        let looked = world.done(Method::POST, "/keys/explain", Some(json!({"key": token}))).await;
        assert_eq!((&looked["looks"], &looked["kind"]), (&json!("left"), &json!("access_token")));
    }
}

#[tokio::test]
async fn whoever_may_not_learns_nothing_and_bad_input_is_told_so() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let id = claims_of(&token)["jti"].as_str().unwrap().to_owned();
    for (by, status) in [(None, 401), (Some(worker.basic()), 401), (Some(format!("Bearer {token}")), 401)] {
        let body = json!({"token": token});
        assert_eq!(world.manage(by.as_deref(), Method::POST, "/tokens/explain", Some(&body)).await.status, status);
        assert_eq!(world.manage(by.as_deref(), Method::GET, &format!("/tokens/{id}/explanation"), None).await.status, status);
    }
    for path in ["/tokens/explain", "/keys/explain"] {
        let huge = json!({"token": "x".repeat(1_000_000)});
        for body in [json!({}), json!([]), json!({"token": 1}), json!({"key": null}), json!({"token": "x", "key": "x"}), huge] {
            let answer = world.administer(Method::POST, path, Some(body)).await;
            assert!(matches!(answer.status, 400 | 413 | 422), "{path}: {}", answer.text());
        }
    }
    for path in ["/tokens/no-id/explanation", "/keys/no-id/explanation"] {
        assert_eq!(world.administer(Method::GET, path, None).await.status, 400, "{path}");
    }
    let unknown = "0".repeat(32);
    for path in [format!("/tokens/{unknown}/explanation"), format!("/keys/{unknown}/explanation")] {
        assert_eq!(world.administer(Method::GET, &path, None).await.status, 404, "{path}");
    }
    world.change(&token, jeton_service::revoke::TokenChange::Revoke).await.unwrap();
    assert_eq!(world.introspect(&worker, &token).await.json(), json!({"active": false}), "whoever presents it hears no more");
}
