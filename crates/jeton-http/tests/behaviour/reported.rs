//! `POST /credentials/revoke`: whoever finds what leaked hands it in.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request};
use jeton_http::edge::Peer;
use jeton_service::durability::{Durability, Keeps};
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

async fn send(world: &World, from: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/credentials/revoke").header(CONTENT_TYPE, "application/json");
    let request = request.extension(Peer::Tcp(format!("{from}:4711").parse().unwrap()));
    world.send(request.body(body.into()).unwrap()).await
}

async fn hand_in(world: &World, from: &str, credentials: &[&str]) -> Answer {
    send(world, from, json!({"credentials": credentials}).to_string()).await
}

fn text(made: &Value) -> String {
    made["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_handed_in_ends_and_its_owner_is_told() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let (shop, picker, own) =
        (world.client("shop", &[&orders]).await, world.client("picker", &[&stock]).await, world.client("own", &[&orders, &stock]).await);
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    world.done(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": "clerk", "scope": "orders:read"}))).await;
    world.done(Method::PUT, "/roles/clerk/assignments/user:ada", None).await;
    let key = text(&world.make_key("client:shop", ORDERS, Value::Null).await);
    let personal = text(&world.make_key("user:ada", ORDERS, Value::Null).await);
    let (signed, opaque) = (world.token(&shop).await, world.token(&picker).await);
    let leaked = [&key, &personal, &signed, &opaque, &shop.secret];
    let first = hand_in(&world, "192.0.2.1", &leaked.map(String::as_str)).await;
    assert_eq!((first.status, first.text()), (202, String::new()));
    assert_eq!(world.service().work_off_reports().await, Ok(5));
    assert_eq!((world.key_code(&own, &key).await, world.key_code(&own, &personal).await), ("revoked".into(), "revoked".into()));
    assert!(!world.is_active(&own, &signed).await && !world.is_active(&own, &opaque).await);
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
    let shown = world.done(Method::GET, "/keys?state=revoked", None).await;
    assert!(shown["items"].as_array().unwrap().iter().all(|key| key["why"] == "reported"), "{shown}");
    let entries = world.done(Method::GET, "/audit/entries?limit=100", None).await.to_string();
    for owner in [format!("client:{}", shop.id), format!("client:{}", picker.id), "user:user_".to_owned()] {
        assert!(entries.contains("credential.reported") && entries.contains(&owner), "{owner}: {entries}");
    }
    for secret in leaked {
        assert!(!entries.contains(secret.as_str()), "no text is told");
    }
    // Again, and what never was: the same answer, and nothing is written.
    let size = world.ledger_size();
    for credentials in [leaked.map(String::as_str).to_vec(), vec!["unknown", "", "a.b.c", "jtn_key_0000"], vec![]] {
        let answer = hand_in(&world, "192.0.2.1", &credentials).await;
        assert_eq!(answer.shown(), first.shown(), "{credentials:?}");
    }
    assert_eq!((world.service().work_off_reports().await, world.ledger_size()), (Ok(0), size));
    assert_eq!(world.ask(&picker, &[]).await.status, 200, "its secret did not leak");
}

#[tokio::test]
async fn the_text_before_the_present_one_ends_alone() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    let (old, path) = (text(&made), format!("/keys/{}/rotate", made["id"].as_str().unwrap()));
    let new = text(&world.done(Method::POST, &path, Some(json!({"overlap_seconds": 3600}))).await);
    let codes = async || (world.key_code(&shop, &old).await, world.key_code(&shop, &new).await);
    assert_eq!(codes().await, ("valid".into(), "valid".into()));
    // In the overlap it ends now; after that there is nothing left to end.
    for (ended, size) in [(1, 2), (0, 0)] {
        let before = world.ledger_size();
        hand_in(&world, "192.0.2.1", &[&old]).await;
        assert_eq!((world.service().work_off_reports().await, world.ledger_size() - before), (Ok(ended), size));
        assert_eq!(codes().await, ("expired".into(), "valid".into()));
    }
    hand_in(&world, "192.0.2.1", &[&new]).await;
    assert_eq!(world.service().work_off_reports().await, Ok(1));
    assert_eq!(codes().await, ("revoked".into(), "revoked".into()));
}

#[tokio::test]
async fn a_network_hands_in_sixty_times_an_hour() {
    let world = World::new().await;
    for _ in 0..60 {
        assert_eq!(hand_in(&world, "192.0.2.1", &["x"]).await.status, 202);
    }
    for from in ["192.0.2.1", "192.0.2.200"] {
        let answer = hand_in(&world, from, &["x"]).await;
        assert_eq!((answer.status, answer.header(RETRY_AFTER.as_str())), (429, "60"), "{from}");
        assert_eq!((answer.header("content-type"), answer.member("code")), ("application/problem+json", json!("rate_limited")));
    }
    assert_eq!(hand_in(&world, "198.51.100.1", &["x"]).await.status, 202, "another network");
    world.advance(60);
    assert_eq!(hand_in(&world, "192.0.2.1", &["x"]).await.status, 202);
    assert_eq!(hand_in(&world, "192.0.2.1", &["x"]).await.status, 429);
}

#[tokio::test]
async fn junk_is_no_report_and_takes_no_room() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let key = text(&world.make_key("client:shop", ORDERS, Value::Null).await);
    let many = vec![key.as_str(); 1_000];
    for (place, (body, status)) in [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("[]".to_owned(), 400),
        ("{}".to_owned(), 400),
        (r#"{"credentials":"x"}"#.to_owned(), 400),
        (r#"{"credentials":[1]}"#.to_owned(), 400),
        (r#"{"credentials":[],"more":1}"#.to_owned(), 400),
        (json!({"credentials": vec!["x"; 1_001]}).to_string(), 400),
        (json!({"credentials": ["\u{202e}\u{7}"]}).to_string(), 202),
        (json!({"credentials": ["x".repeat(900_000)]}).to_string(), 202),
        (json!({"credentials": ["x".repeat(1_100_000)]}).to_string(), 413),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&world, "192.0.2.1", body).await;
        assert_eq!(answer.status, status, "{place}: {}", answer.shown());
    }
    let refused = send(&world, "192.0.2.1", "{").await;
    assert_eq!((refused.header("content-type"), refused.member("code")), ("application/problem+json", json!("invalid_request")));
    let plain = Request::post("/credentials/revoke").body(Body::from(r#"{"credentials":[]}"#)).unwrap();
    assert_eq!(world.send(plain).await.status, 415);
    // Ten calls fill the queue; the next one is told to come again, and nothing of it is taken.
    for _ in 0..10 {
        assert_eq!(hand_in(&world, "192.0.2.2", &many).await.status, 202);
    }
    let answer = hand_in(&world, "192.0.2.2", &[&key]).await;
    assert_eq!((answer.status, answer.header(RETRY_AFTER.as_str())), (429, "60"));
    assert_eq!(hand_in(&world, "192.0.2.2", &vec!["junk"; 1_000]).await.status, 202, "junk needs no room");
    assert_eq!(world.service().work_off_reports().await, Ok(1), "one key, ten thousand times");
    assert_eq!(hand_in(&world, "192.0.2.2", &[&key]).await.status, 202);
    assert_eq!(world.key_code(&shop, &key).await, "revoked");
}

/// Whoever hands something in learns nothing by the clock: before the answer nothing that is stored is read, of whatever it is.
#[tokio::test]
async fn the_answer_waits_for_no_look_up() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let (shop, picker) = (world.client("shop", &[&orders]).await, world.client("picker", &[&stock]).await);
    let asker = world.client("asker", &[&orders]).await;
    let key = text(&world.make_key("client:shop", ORDERS, Value::Null).await);
    let (signed, opaque) = (world.token(&shop).await, world.token(&picker).await);
    // Well formed, under the same root key, and of another deployment: nobody knows them here.
    let other = World::new().await;
    other.advance(7);
    let (other_stock, other_orders) = (other.opaque_api("stock").await, other.api("orders").await);
    let stranger = other.client("picker", &[&other_stock, &other_orders]).await;
    let unknown = other.token_with(&stranger, &[("resource", "https://stock.example")]).await;
    let unknown_key = text(&other.make_key("client:picker", ORDERS, Value::Null).await);
    let (reads, mut answers) = (world.reads(), vec![]);
    for credential in [&key, &signed, &opaque, &shop.secret, &unknown, &unknown_key] {
        answers.push(hand_in(&world, "192.0.2.1", &[credential]).await.shown());
    }
    assert_eq!(world.reads(), reads, "something was looked up before the answer");
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]) && answers[0].starts_with("202"), "{answers:?}");
    assert_eq!(world.key_code(&asker, &key).await, "valid", "it waits");
    assert_eq!(world.service().work_off_reports().await, Ok(4));
    assert!(world.reads() > reads, "and then it is looked up");
    assert_eq!(world.key_code(&asker, &key).await, "revoked");
}

/// A target that takes everything, or has heard of nothing: whoever waits for it then waits for ever.
#[derive(Default)]
struct Target {
    is_there: AtomicBool,
    has_heard: AtomicBool,
}

fn once(is_there: bool) -> Pin<Box<dyn Future<Output = bool> + Send>> {
    if is_there { Box::pin(ready(true)) } else { Box::pin(pending()) }
}

impl Durability for Target {
    fn reached(&self, _: u64) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        once(self.is_there.load(Ordering::SeqCst))
    }

    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        once(self.has_heard.load(Ordering::SeqCst))
    }

    fn keeps(&self) -> Keeps {
        match (self.has_heard.load(Ordering::SeqCst), self.is_there.load(Ordering::SeqCst)) {
            (false, _) => Keeps::Nothing,
            (true, false) => Keeps::TheStart,
            (true, true) => Keeps::Everything,
        }
    }
}

impl Target {
    fn is(&self, has_heard: bool, is_there: bool) {
        self.has_heard.store(has_heard, Ordering::SeqCst);
        self.is_there.store(is_there, Ordering::SeqCst);
    }
}

/// 202 is a promise: while the target does not have what ends, nobody is given it, and nobody learns whether they handed in anything.
#[tokio::test]
async fn what_a_lost_disk_may_take_back_is_not_promised_and_ends_all_the_same() {
    for (is_sync, heard_alone) in [(true, 503), (false, 202)] {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let (shop, target) = (world.client("shop", &[&orders]).await, Arc::new(Target::default()));
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(text(&world.make_key("client:shop", ORDERS, Value::Null).await));
        }
        let kept: Arc<dyn Durability> = target.clone();
        let weak: Weak<dyn Durability> = Arc::downgrade(&kept);
        world.service().narrow_durably(weak, is_sync);
        let answers = async |status: u16| {
            let mut shown = Vec::new();
            for credential in [keys[0].as_str(), keys[1].as_str(), "unknown", ""] {
                let answer = hand_in(&world, "192.0.2.1", &[credential]).await;
                assert_eq!(answer.status, status, "{credential}: {}", answer.shown());
                shown.push(answer.shown());
            }
            assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{shown:?}");
            hand_in(&world, "192.0.2.1", &[]).await
        };
        let refused = answers(503).await;
        assert_eq!((refused.status, refused.member("code"), refused.header(RETRY_AFTER.as_str())), (503, json!("not_shipped"), "60"));
        // Both end here at once, and nobody waits for the target: nor where they are handed in again, as was asked for.
        assert_eq!(world.service().work_off_reports().await, Ok(2));
        answers(503).await;
        assert_eq!(world.service().work_off_reports().await, Ok(0));
        assert_eq!((world.key_code(&shop, &keys[0]).await, world.key_code(&shop, &keys[2]).await), ("revoked".into(), "valid".into()));
        target.is(true, true);
        answers(202).await;
        target.is(true, false);
        answers(heard_alone).await;
        hand_in(&world, "192.0.2.1", &[&keys[2]]).await;
        assert_eq!(world.service().work_off_reports().await, Ok(1));
    }
}

/// Whoever asks for the end of what was handed in meanwhile does not hear that it is done.
#[tokio::test]
async fn what_was_handed_in_and_is_not_kept_is_told_to_nobody_to_be_done() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let target = Arc::new(Target::default());
    world.client("shop", &[&orders]).await;
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    let kept: Arc<dyn Durability> = target.clone();
    target.is(true, true);
    world.service().narrow_durably(Arc::downgrade(&kept), true);
    world.done(Method::POST, "/keys/lookup", Some(json!({"key": text(&made)}))).await;
    target.is(true, false);
    hand_in(&world, "192.0.2.1", &[&text(&made)]).await;
    assert_eq!(world.service().work_off_reports().await, Ok(1));
    let again = || json!({"id": made["id"]});
    let asking = world.administer(Method::POST, "/revocations", Some(again()));
    assert!(tokio::time::timeout(std::time::Duration::ZERO, asking).await.is_err(), "it waits for the target");
    target.is(true, true);
    world.done(Method::POST, "/revocations", Some(again())).await;
}
