//! Keys get other secrets: from who administers, and from themselves, also where an answer is lost.

use std::sync::Arc;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use jeton_core::administrator::Administrator;
use jeton_core::api_key::rotate::Rotate;
use jeton_core::api_key::verify::Code;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::owner::Owner;
use jeton_core::why::Why;
use jeton_http::api::{Management, Place};
use jeton_http::edge::{Draining, Peer};
use jeton_http::extract::TrustedProxies;
use jeton_http::observe::Observer;
use jeton_http::router;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ORDERS: &str = "https://orders.example";
const DAY: i64 = 86_400;

async fn keys(more: Value) -> (World, Registered, String, String) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:a", ORDERS, more).await;
    let path = format!("/keys/{}", made["id"].as_str().unwrap());
    (world, shop, text(&made), path)
}

fn text(made: &Value) -> String {
    made["key"].as_str().expect("the text of a key").to_owned()
}

async fn itself(world: &World, method: Method, path: &str, key: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(format!("/api/v1/keys/self{path}")).header(AUTHORIZATION, format!("Bearer {key}"));
    let request = match body {
        Value::Null => request.body(Body::empty()),
        body => request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
    };
    world.send(request.unwrap()).await
}

async fn rotated(world: &World, key: &str) -> String {
    let answer = itself(world, Method::POST, "/rotate", key, Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    text(&answer.json())
}

#[tokio::test]
async fn the_secret_before_goes_on_for_its_overlap() {
    let (world, shop, old, path) = keys(json!({"expires_in_seconds": 30 * DAY})).await;
    let answer = world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": 60}))).await;
    let new = text(&answer);
    assert_ne!(old, new);
    assert_eq!((&answer["generation"], &answer["previous_expires_at"]), (&json!(1), &json!("2027-01-15T08:01:00Z")));
    let shown = world.done(Method::GET, &path, None).await;
    assert_eq!((&shown["key"], &shown["expires_at"]), (&Value::Null, &json!("2027-02-14T08:00:00Z")));
    let again = world.administer(Method::POST, &format!("{path}/rotate"), None).await;
    assert_eq!((again.status, again.member("code")), (409, json!("conflict")), "it has two live secrets");
    let world = world.reopen().await;
    world.advance(59);
    assert_eq!((world.key_code(&shop, &old).await, world.key_code(&shop, &new).await), ("valid".into(), "valid".into()));
    world.advance(1);
    assert_eq!((world.key_code(&shop, &old).await, world.key_code(&shop, &new).await), ("expired".into(), "valid".into()));
    let newest = text(&world.done(Method::POST, &format!("{path}/rotate"), None).await);
    assert_eq!(world.key_code(&shop, &old).await, "not_found", "the one before the one before is forgotten");
    world.done(Method::DELETE, &format!("{path}/secrets/previous"), None).await;
    assert_eq!((world.key_code(&shop, &new).await, world.key_code(&shop, &newest).await), ("expired".into(), "valid".into()));
    let leaked = text(&world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": 0}))).await);
    assert_eq!((world.key_code(&shop, &newest).await, world.key_code(&shop, &leaked).await), ("expired".into(), "valid".into()));
}

#[tokio::test]
async fn a_key_rotates_itself_and_is_told_again_until_it_uses_what_it_got() {
    let (world, shop, old, path) = keys(Value::Null).await;
    let shown = itself(&world, Method::GET, "", &old, Value::Null).await;
    assert_eq!((shown.status, shown.member("state"), shown.member("key")), (200, json!("active"), Value::Null));
    let new = rotated(&world, &old).await;
    let world = world.reopen().await;
    let size = world.ledger_size();
    assert_eq!((rotated(&world, &old).await, rotated(&world, &old).await), (new.clone(), new.clone()), "the answer was lost");
    assert_eq!(world.ledger_size(), size + 1, "it leaves an entry, once");
    let explained = world.done(Method::GET, &format!("{path}/explanation"), None).await;
    let events: Vec<_> = explained["timeline"].as_array().unwrap().iter().map(|step| step["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["api_key.created", "api_key.rotated", "api_key.told_again"]);
    assert_eq!(world.key_code(&shop, &old).await, "valid");
    assert_eq!(world.key_code(&shop, &new).await, "valid");
    let size = world.ledger_size();
    assert_eq!((world.key_code(&shop, &new).await, world.ledger_size()), ("valid".into(), size), "its first use is noted once");
    let late = itself(&world, Method::POST, "/rotate", &old, Value::Null).await;
    assert_eq!((late.status, late.member("code")), (409, json!("conflict")));
    assert!(!late.text().contains(&new));
    let shown = world.done(Method::GET, &path, None).await;
    assert_eq!(shown["generation"], 1);
    world.advance(DAY);
    let ended = itself(&world, Method::POST, "/rotate", &old, Value::Null).await;
    assert_eq!((ended.status, ended.member("code")), (401, json!("invalid_token")));
    let newest = rotated(&world, &new).await;
    world.advance(DAY - 1);
    assert_eq!(rotated(&world, &new).await, newest, "for a day");
    world.advance(1);
    assert_eq!(itself(&world, Method::POST, "/rotate", &new, Value::Null).await.status, 401);
    for place in [world.access_log(), world.done(Method::GET, &path, None).await.to_string()] {
        assert!([&old, &new, &newest].iter().all(|text| !place.contains(text.as_str())), "{place}");
    }
}

/// Whoever holds a key may be a customer: what administrators note of it is not theirs.
#[tokio::test]
async fn a_key_is_not_told_what_administrators_say_of_it() {
    let (world, _, key, path) = keys(json!({"note": "overdue, cut off on Friday", "metadata": {"plan": "trial"}, "max_uses": 3})).await;
    let (shown, new) =
        (itself(&world, Method::GET, "", &key, Value::Null).await, itself(&world, Method::POST, "/rotate", &key, Value::Null).await);
    let members = |answer: &Answer| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let own = [
        "allow_ip",
        "audience",
        "effective_scope",
        "environment",
        "expires_at",
        "generation",
        "id",
        "kind",
        "max_uses",
        "name",
        "owner",
        "scope",
        "secret_created_at",
        "state",
    ];
    assert_eq!(members(&shown), own);
    let rotated: Vec<_> = members(&new).into_iter().filter(|name| !matches!(name.as_str(), "key" | "previous_expires_at")).collect();
    assert_eq!(rotated, own);
    for answer in [shown, new] {
        assert_eq!((&answer.json()["owner"], &answer.json()["max_uses"]), (&json!("external:a"), &json!(3)));
        assert!(!answer.text().contains("Friday") && !answer.text().contains("unix:"), "{}", answer.shown());
    }
    assert_eq!(world.done(Method::GET, &path, None).await["note"], "overdue, cut off on Friday", "administrators are told");
}

/// Whoever rotates a leaked key leaves a trace, whether or not it is accepted.
#[tokio::test]
async fn a_key_that_rotates_itself_is_used() {
    let (world, _, key, path) = keys(Value::Null).await;
    let router = world.router();
    let rotate = async |key: &str, from: &str| {
        let peer = Peer::Tcp(format!("{from}:1").parse().unwrap());
        let request = Request::post("/api/v1/keys/self/rotate").header(AUTHORIZATION, format!("Bearer {key}")).extension(peer);
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    };
    assert_eq!(rotate(&key, "192.0.2.7").await, 200);
    world.done(Method::DELETE, &path, Some(json!({"why": "leaked"}))).await;
    assert_eq!(rotate(&key, "203.0.113.9").await, 401);
    world.service().flush_usage().await.unwrap();
    let subject = path.replace("/keys/", "key%3A");
    let usage = world.done(Method::GET, &format!("/usage?subject={subject}"), None).await.to_string();
    let shown = world.done(Method::GET, &path, None).await;
    let found = [&shown["last_used_at"], &shown["last_refused_at"]].map(Value::is_string);
    assert_eq!(found, [true, true], "{shown}");
    for trace in ["\"valid\"", "\"revoked\"", "192.0.2.0/24"] {
        assert!(usage.contains(trace), "{trace}: {usage}");
    }
}

/// Also where no overlap was asked for: the old secret asks for the answer that was lost, and is good for nothing else.
#[tokio::test]
async fn who_lost_the_answer_without_an_overlap_asks_again() {
    for end in ["used", "suspended", "ended", "revoked", "a day"] {
        let (world, shop, old, path) = keys(json!({"allow_ip": ["192.0.2.0/24"]})).await;
        let rotate = async |key: &str, from: &str| {
            let peer = Peer::Tcp(format!("{from}:1").parse().unwrap());
            let request = Request::post("/api/v1/keys/self/rotate").header(AUTHORIZATION, format!("Bearer {key}")).extension(peer);
            let request = request.header("content-type", "application/json").body(Body::from(r#"{"overlap_seconds":0}"#));
            let response = world.router().oneshot(request.unwrap()).await.unwrap();
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, serde_json::from_slice::<Value>(&body).unwrap()["key"].clone())
        };
        let (status, new) = rotate(&old, "192.0.2.7").await;
        assert_eq!(status, 200);
        assert_eq!(rotate(&old, "203.0.113.9").await.0, 401, "from nowhere of its networks");
        world.advance(3_600);
        assert_eq!(rotate(&old, "192.0.2.9").await, (200, new.clone()));
        let code = async |key: &str| world.check_key(&shop, key, json!({"client_ip": "192.0.2.7"})).await["code"].clone();
        assert_eq!((code(&old).await, itself(&world, Method::GET, "", &old, Value::Null).await.status), (json!("expired"), 401));
        match end {
            "used" => assert_eq!(code(new.as_str().unwrap()).await, "valid"),
            "suspended" => drop(world.done(Method::POST, &format!("{path}/suspend"), None).await),
            "ended" => drop(world.done(Method::DELETE, &format!("{path}/secrets/previous"), None).await),
            "revoked" => drop(world.done(Method::DELETE, &path, Some(json!({"why": "leaked"}))).await),
            _ => {}
        }
        world.advance(if end == "a day" { DAY - 3_600 } else { 10 });
        assert_eq!(rotate(&old, "192.0.2.7").await, (401, Value::Null), "{end}");
    }
}

/// Many at once, as programs do that share a key: each is told the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_rotate_a_key_at_once_get_the_same_secret() {
    let (world, shop, old, _) = keys(Value::Null).await;
    let world = std::sync::Arc::new(world);
    let mut asking = vec![];
    for _ in 0..16 {
        let (world, old) = (world.clone(), old.clone());
        asking.push(tokio::spawn(async move { rotated(&world, &old).await }));
    }
    let mut told = vec![];
    for task in asking {
        told.push(task.await.unwrap());
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 1);
    assert_eq!(world.key_code(&shop, &told[0]).await, "valid");
}

/// The address that a trusted proxy vouches for is looked at, and nobody else's word.
#[tokio::test]
async fn behind_a_trusted_proxy_a_key_is_seen_where_it_is() {
    let (world, _, key, _) = keys(json!({"allow_ip": ["203.0.113.0/24"]})).await;
    for (trusted, peer, forwarded, status) in [
        ("192.0.2.0/24", "192.0.2.77", "203.0.113.9", 200),
        ("192.0.2.0/24", "192.0.2.77", "198.51.100.9", 401),
        ("192.0.2.0/24", "192.0.2.77", "203.0.113.9, 198.51.100.9", 401),
        ("192.0.2.0/24", "198.51.100.1", "203.0.113.9", 401),
        ("192.0.2.0/24", "203.0.113.9", "198.51.100.9", 200),
        ("", "192.0.2.77", "203.0.113.9", 401),
    ] {
        let networks = trusted.split(' ').filter_map(|network| network.parse().ok()).collect();
        let observer = Observer { proxies: TrustedProxies::new(networks, Default::default()), ..Observer::default() };
        let router = router::public(Management { observer: Arc::new(observer), ..world.management() }, Place::Shared, Draining::new());
        let peer = Peer::Tcp(format!("{peer}:1").parse().unwrap());
        let request = Request::get("/api/v1/keys/self").header(AUTHORIZATION, format!("Bearer {key}")).extension(peer);
        let request = request.header("x-forwarded-for", forwarded).body(Body::empty()).unwrap();
        assert_eq!(router.oneshot(request).await.unwrap().status(), status, "{trusted} {forwarded}");
    }
}

#[tokio::test]
async fn who_is_not_the_key_gets_nothing_of_it() {
    let (world, _, key, path) = keys(json!({"allow_ip": ["192.0.2.0/24"]})).await;
    let refused = itself(&world, Method::GET, "", &key, Value::Null).await;
    assert_eq!((refused.status, refused.member("code")), (401, json!("invalid_token")), "from nowhere of its networks");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    world.done(Method::PATCH, &path, Some(json!({"allow_ip": []}))).await;
    assert_eq!(itself(&world, Method::GET, "", &key, Value::Null).await.status, 200);
    for other in ["", "x", &key[..key.len() - 1]] {
        for (method, path) in [(Method::GET, ""), (Method::POST, "/rotate")] {
            assert_eq!(itself(&world, method, path, other, Value::Null).await.status, 401, "{other}");
        }
    }
    assert_eq!(world.get("/api/v1/keys/self").await.status, 401);
    world.done(Method::POST, &format!("{path}/suspend"), None).await;
    assert_eq!(itself(&world, Method::POST, "/rotate", &key, Value::Null).await.status, 401);
}

/// What a cut-off ended, nothing brings back: no later secret, no other owner.
#[tokio::test]
async fn a_key_that_was_cut_off_is_neither_rotated_nor_transferred() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (shop, other) = (world.client("shop", &[&orders]).await, world.client("other", &[&orders]).await);
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    let (key, path) = (text(&made), format!("/keys/{}", made["id"].as_str().unwrap()));
    world.cut_off(CutOffSubject::Client, &shop.id).await;
    let (rotate, transfer) = (format!("{path}/rotate"), format!("{path}/transfer"));
    for (path, body) in [(&rotate, json!({})), (&transfer, json!({"owner": "client:other"}))] {
        let refused = world.administer(Method::POST, path, Some(body)).await;
        assert_eq!((refused.status, refused.member("code")), (409, json!("conflict")), "{}", refused.shown());
    }
    assert_eq!(itself(&world, Method::POST, "/rotate", &key, Value::Null).await.status, 401);
    assert_eq!(world.key_code(&other, &key).await, "revoked");
    // Also when what would forget the cut-off of tokens has run.
    world.advance(10 * DAY);
    world.service().drop_expired().unwrap();
    assert_eq!(world.key_code(&other, &key).await, "revoked");
    let world = world.reopen().await;
    assert_eq!(world.key_code(&other, &key).await, "revoked");
}

/// Whoever holds a key would write as much as they like: each rotation is an entry for ever.
#[tokio::test]
async fn a_key_that_was_rotated_just_now_does_not_rotate_itself() {
    let (world, shop, old, path) = keys(Value::Null).await;
    let at_once = json!({"overlap_seconds": 0});
    let first = itself(&world, Method::POST, "/rotate", &old, at_once.clone()).await;
    assert_eq!(first.status, 200, "a key that was made just now does: {}", first.shown());
    let key = text(&first.json());
    let size = world.ledger_size();
    for (waited, left) in [(0, "600"), (599, "1")] {
        world.advance(waited);
        let refused = itself(&world, Method::POST, "/rotate", &key, at_once.clone()).await;
        assert_eq!((refused.status, refused.member("code"), refused.header("retry-after")), (429, json!("rate_limited"), left));
        assert!(refused.text().contains(left), "{}", refused.shown());
    }
    assert_eq!(world.ledger_size(), size, "a refusal writes nothing");
    assert_eq!(world.key_code(&shop, &key).await, "valid");
    world.advance(1);
    let key = text(&itself(&world, Method::POST, "/rotate", &key, at_once.clone()).await.json());
    // Whoever administers may at any time.
    let key_of_now = text(&world.done(Method::POST, &format!("{path}/rotate"), Some(at_once.clone())).await);
    assert_eq!((world.key_code(&shop, &key).await, world.key_code(&shop, &key_of_now).await), ("expired".into(), "valid".into()));
    // One that lives shorter than that does it in time.
    let short = text(&world.make_key("external:b", ORDERS, json!({"expires_in_seconds": 40})).await);
    let short = text(&itself(&world, Method::POST, "/rotate", &short, at_once.clone()).await.json());
    world.advance(9);
    assert_eq!(itself(&world, Method::POST, "/rotate", &short, at_once.clone()).await.header("retry-after"), "1");
    world.advance(1);
    assert_eq!(itself(&world, Method::POST, "/rotate", &short, at_once).await.status, 200);
}

/// A cut-off that is decided first, and a rotation that does not know of it yet: both are written, and the second is ended by the first.
#[tokio::test]
async fn a_rotation_that_is_under_way_does_not_escape_a_cut_off() {
    for by_itself in [true, false] {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let shop = world.client("shop", &[&orders]).await;
        let made = world.make_key("client:shop", ORDERS, Value::Null).await;
        let (key, id) = (text(&made), ApiKeyId::parse(made["id"].as_str().unwrap()).unwrap());
        assert_eq!(world.key_code(&shop, &key).await, "valid");
        let (service, generations) = (world.service(), made["generation"].as_i64().unwrap());
        let request = Rotate { overlap_seconds: Some(0), ..Rotate::default() };
        let rotating = async {
            // Over the second: the new secret is not of before it.
            world.advance_micros(900_000);
            let moment = world.moment();
            match by_itself {
                true => service.rotate_itself(&key, None, request, &moment).await.unwrap().map(|rotated| rotated.key.id),
                false => {
                    let by = Administrator::of_everything(Actor::from("unix:1000"));
                    match service.rotate_key(id, request, &by, &moment).await {
                        Err(Failure::Refused(_)) => Err(Code::Revoked),
                        rotated => Ok(rotated.unwrap().key.id),
                    }
                }
            }
        };
        let (before, rotated) = tokio::join!(world.cut_off(CutOffSubject::Client, &shop.id), rotating);
        assert_eq!((rotated, before), (Err(Code::Revoked), world.now() + 1), "by itself: {by_itself}");
        let shown = world.done(Method::GET, &format!("/keys/{id}"), None).await;
        assert_eq!(shown["generation"], generations + 1, "it was under way");
        assert_eq!((&shown["state"], &shown["why"]), (&json!("revoked"), &json!("cut_off")), "{shown}");
    }
}

/// The same of a transfer, and of a suspension of the owner before.
#[tokio::test]
async fn a_transfer_that_is_under_way_escapes_neither_a_cut_off_nor_a_suspension() {
    for (is_cut_off, expected) in [(true, "revoked"), (false, "suspended")] {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let (shop, other) = (world.client("shop", &[&orders]).await, world.client("other", &[&orders]).await);
        let made = world.make_key("client:shop", ORDERS, Value::Null).await;
        let (key, id) = (text(&made), ApiKeyId::parse(made["id"].as_str().unwrap()).unwrap());
        assert_eq!(world.key_code(&shop, &key).await, "valid");
        let (service, by, moment) = (world.service(), Administrator::of_everything(Actor::from("unix:1000")), world.moment());
        let to = Owner::Client(other.id.as_str().into());
        let ending = async {
            match is_cut_off {
                true => drop(world.cut_off(CutOffSubject::Client, &shop.id).await),
                false => drop(
                    service
                        .suspend_all((CutOffSubject::Client, "shop"), (true, &Why::Unspecified.into()), &by, &world.moment())
                        .await
                        .unwrap(),
                ),
            }
        };
        let ((), transferred) = tokio::join!(ending, service.transfer_key(id, (&to, None), &by, &moment));
        assert!(matches!(&transferred, Err(Failure::Refused(_))), "{transferred:?}");
        assert_eq!(world.key_code(&other, &key).await, expected);
        let shown = world.done(Method::GET, &format!("/keys/{id}"), None).await;
        assert_eq!(shown["owner"], format!("client:{}", other.id), "it was under way");
    }
}

/// A cut-off of the new owner that is older than the transfer ends what is older than itself: it would end the key for ever.
#[tokio::test]
async fn a_key_is_not_transferred_under_an_older_cut_off() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (shop, other) = (world.client("shop", &[&orders]).await, world.client("other", &[&orders]).await);
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    let (old, path) = (text(&made), format!("/keys/{}", made["id"].as_str().unwrap()));
    world.advance(DAY);
    world.cut_off(CutOffSubject::Client, &other.id).await;
    world.advance(DAY);
    let to = || Some(json!({"owner": "client:other"}));
    let refused = world.administer(Method::POST, &format!("{path}/transfer"), to()).await;
    assert_eq!((refused.status, refused.member("code")), (409, json!("conflict")), "{}", refused.shown());
    assert!(refused.text().contains("rotate the key first"), "{}", refused.shown());
    assert_eq!(world.key_code(&shop, &old).await, "valid");
    let new = text(&world.done(Method::POST, &format!("{path}/rotate"), None).await);
    world.done(Method::POST, &format!("{path}/transfer"), to()).await;
    assert_eq!((world.key_code(&other, &new).await, world.key_code(&other, &old).await), ("valid".into(), "revoked".into()));
}
