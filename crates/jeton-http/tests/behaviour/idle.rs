//! Credentials that nobody uses: refused when their idle time is over, whether or not a job has written that down, and revoked after as long
//! again.

use http::Method;
use jeton_service::sweep::Swept;
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const DAY: i64 = 86_400;
/// To which a last use is known.
const HOUR: i64 = 3_600;
const ORDERS: &str = "https://orders.example";

/// A deployment that counts, with a client whose own secret is never idle.
async fn counting() -> (World, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    world.done(Method::PUT, "/policies/client_secret", Some(json!({"idle_seconds": 0, "max_seconds": 366 * DAY}))).await;
    count(&world).await;
    (world, shop)
}

async fn count(world: &World) {
    world.service().flush_usage().await.unwrap();
}

async fn sweep(world: &World) -> Option<Swept> {
    world.service().sweep(&world.moment()).await.unwrap()
}

async fn shown(world: &World, key: &Value) -> (String, String, String) {
    let shown = world.done(Method::GET, &format!("/keys/{}", key["id"].as_str().unwrap()), None).await;
    let word = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    (word("state"), word("why"), word("ended_by"))
}

async fn resume(world: &World, key: &Value) -> u16 {
    world.administer(Method::POST, &format!("/keys/{}/resume", key["id"].as_str().unwrap()), None).await.status
}

async fn in_state(world: &World, state: &str) -> usize {
    world.done(Method::GET, &format!("/keys?state={state}"), None).await["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_key_is_judged_at_use_and_a_job_writes_it_down() {
    let (world, shop) = counting().await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    let text = made["key"].as_str().unwrap().to_owned();
    world.advance(600);
    assert_eq!(world.key_code(&shop, &text).await, "valid");
    count(&world).await;
    world.advance(30 * DAY + HOUR - 1);
    assert_eq!((shown(&world, &made).await.0, sweep(&world).await), ("active".into(), Some(Swept::default())));
    world.advance(1);
    // No job has run.
    assert_eq!(world.key_code(&shop, &text).await, "suspended");
    assert_eq!(shown(&world, &made).await, ("suspended".into(), "idle".into(), String::new()));
    assert_eq!((in_state(&world, "suspended").await, in_state(&world, "active").await), (1, 0));
    let rotated = world.administer(Method::POST, &format!("/keys/{}/rotate", made["id"].as_str().unwrap()), Some(json!({}))).await;
    assert_eq!(rotated.status, 409, "{}", rotated.shown());
    assert_eq!(sweep(&world).await, Some(Swept { suspended: 1, ..Swept::default() }));
    assert_eq!(sweep(&world).await, Some(Swept::default()), "once");
    assert_eq!(shown(&world, &made).await, ("suspended".into(), "idle".into(), "system".into()));
    world.advance(30 * DAY - 1);
    assert_eq!(world.key_code(&shop, &text).await, "suspended");
    world.advance(1);
    assert_eq!(world.key_code(&shop, &text).await, "revoked");
    assert_eq!((resume(&world, &made).await, in_state(&world, "revoked").await), (409, 1));
    assert_eq!(sweep(&world).await, Some(Swept { revoked: 1, ..Swept::default() }));
    assert_eq!(shown(&world, &made).await, ("revoked".into(), "idle".into(), "system".into()));
    world.advance(400 * DAY - 1);
    assert_eq!((sweep(&world).await.unwrap().removed, in_state(&world, "revoked").await), (0, 1), "it stays listed");
    world.advance(1);
    assert_eq!((sweep(&world).await.unwrap().removed, in_state(&world, "revoked").await), (1, 0));
    assert_eq!(world.administer(Method::GET, &format!("/keys/{}", made["id"].as_str().unwrap()), None).await.status, 404);
}

#[tokio::test]
async fn resuming_begins_the_idle_time_anew_written_down_or_not() {
    for is_swept in [false, true] {
        let (world, shop) = counting().await;
        let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
        let text = made["key"].as_str().unwrap().to_owned();
        world.advance(40 * DAY);
        if is_swept {
            sweep(&world).await;
        }
        assert_eq!(world.key_code(&shop, &text).await, "suspended");
        assert_eq!(resume(&world, &made).await, 200);
        assert_eq!(world.key_code(&shop, &text).await, "valid");
        world.advance(30 * DAY + HOUR);
        assert_eq!(world.key_code(&shop, &text).await, "suspended", "{is_swept}");
    }
}

#[tokio::test]
async fn the_last_use_is_known_after_a_restart() {
    let (world, shop) = counting().await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    let text = made["key"].as_str().unwrap().to_owned();
    world.advance(DAY / 2);
    assert_eq!(world.key_code(&shop, &text).await, "valid");
    count(&world).await;
    let world = world.end_and_reopen().await;
    count(&world).await;
    world.advance(30 * DAY + HOUR - 60);
    assert_eq!(shown(&world, &made).await.0, "active", "it was used half a day after it was made");
    world.advance(60);
    assert_eq!(world.key_code(&shop, &text).await, "suspended");
}

#[tokio::test]
async fn nothing_is_idle_by_a_clock_that_is_doubted() {
    let (world, shop) = counting().await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    world.advance(40 * DAY);
    let world = world.end_and_reopen().await;
    count(&world).await;
    assert_eq!((sweep(&world).await, shown(&world, &made).await.0.as_str()), (None, "active"));
    assert_eq!(world.key_code(&shop, made["key"].as_str().unwrap()).await, "valid");
}

#[tokio::test]
async fn a_shorter_idle_time_begins_when_it_is_set() {
    let (world, shop) = counting().await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    world.advance(25 * DAY);
    let set = async |body: Value| world.done(Method::PUT, "/policies/api_key", Some(body)).await["consequence"]["would_be_idle"].clone();
    assert_eq!(set(json!({"idle_seconds": 10 * DAY, "dry_run": true})).await, 1);
    assert_eq!(set(json!({"idle_seconds": 10 * DAY})).await, 1);
    assert_eq!(shown(&world, &made).await.0, "active", "it could not know");
    world.advance(10 * DAY - 1);
    assert_eq!(shown(&world, &made).await.0, "active");
    world.advance(1);
    assert_eq!(world.key_code(&shop, made["key"].as_str().unwrap()).await, "suspended");
    set(json!({"idle_seconds": 0})).await;
    assert_eq!(world.key_code(&shop, made["key"].as_str().unwrap()).await, "valid", "nobody had written it down");
}

#[tokio::test]
async fn a_client_s_secret_too() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (shop, path) = (world.client("shop", &[&orders]).await, "/clients/shop/secrets");
    count(&world).await;
    world.advance(600);
    world.token(&shop).await;
    count(&world).await;
    let listed = async |world: &World| world.done(Method::GET, path, None).await["items"][0].clone();
    assert_eq!(listed(&world).await["last_used_at"], world.done(Method::GET, "/clients/shop", None).await["last_used_at"]);
    let world = world.end_and_reopen().await;
    count(&world).await;
    world.advance(30 * DAY + HOUR - 1);
    assert_eq!(listed(&world).await["state"], "live");
    world.advance(1);
    let refused = world.ask(&shop, &[]).await;
    assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_client"));
    count(&world).await;
    let secret = listed(&world).await;
    assert_eq!(secret["last_refusal"], "secret_suspended");
    assert_eq!((&secret["state"], &secret["why"], &secret["is_live"]), (&json!("suspended"), &json!("idle"), &json!(false)));
    assert_eq!(sweep(&world).await.unwrap().suspended, 1);
    world.advance(60);
    // The same once a job has written it down.
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
    count(&world).await;
    let written = listed(&world).await;
    assert_eq!((&written["ended_by"], &written["last_refusal"]), (&json!("system"), &json!("secret_suspended")));
    assert_ne!(written["last_refused_at"], secret["last_refused_at"]);
    let resume = format!("{path}/{}/resume", secret["id"].as_str().unwrap());
    assert_eq!(world.administer(Method::POST, &resume, None).await.status, 204);
    world.token(&shop).await;
    assert_eq!(world.administer(Method::POST, &format!("{path}/secret_x/resume"), None).await.status, 404);
    world.advance(60 * DAY + HOUR);
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
    count(&world).await;
    assert_eq!(listed(&world).await["last_refusal"], "secret_ended");
    assert_eq!(sweep(&world).await.unwrap().revoked, 1);
    assert_eq!((listed(&world).await["state"].clone(), listed(&world).await["why"].clone()), (json!("ended"), json!("idle")));
    assert_eq!(world.administer(Method::POST, &resume, None).await.status, 409);
    world.advance(400 * DAY);
    assert_eq!(sweep(&world).await.unwrap().removed, 1);
    assert_eq!(world.done(Method::GET, path, None).await["items"], json!([]));
}

#[tokio::test]
async fn who_is_suspended_with_what_it_belongs_to_is_not_idle() {
    for (body, restarts) in [(json!({"client": "shop"}), false), (json!({"api": ORDERS}), false), (json!({"client": "shop"}), true)] {
        let (mut world, shop) = counting().await;
        let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 300 * DAY})).await;
        let text = made["key"].as_str().unwrap().to_owned();
        world.advance(DAY);
        world.done(Method::POST, "/suspensions", Some(body.clone())).await;
        world.advance(90 * DAY);
        assert_eq!(sweep(&world).await, Some(Swept::default()), "{body}");
        assert_eq!(shown(&world, &made).await, ("suspended".into(), "unspecified".into(), String::new()), "{body}");
        world.done(Method::POST, "/resumptions", Some(body.clone())).await;
        if restarts {
            world = world.end_and_reopen().await;
            world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
            count(&world).await;
        }
        assert_eq!(sweep(&world).await, Some(Swept::default()), "{body}");
        let state = async |world: &World| shown(world, &made).await.0;
        assert_eq!(state(&world).await, "active", "{body}");
        world.advance(30 * DAY - 1);
        assert_eq!(state(&world).await, "active", "its time begins with the resumption: {body}");
        world.advance(1);
        assert_eq!(state(&world).await, "suspended", "{body}");
        if !restarts && body["api"].is_null() {
            assert_eq!(world.key_code(&shop, &text).await, "suspended");
        }
    }
}

#[tokio::test]
async fn a_secret_of_a_suspended_client_is_not_idle() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    count(&world).await;
    world.done(Method::POST, "/suspensions", Some(json!({"client": "shop"}))).await;
    world.advance(90 * DAY);
    assert_eq!(sweep(&world).await, Some(Swept::default()));
    world.done(Method::POST, "/resumptions", Some(json!({"client": "shop"}))).await;
    assert_eq!(sweep(&world).await, Some(Swept::default()));
    world.token(&shop).await;
    count(&world).await;
    world.advance(30 * DAY + HOUR);
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
}

/// What a client said for itself hid the shorter time of the API: without it that one begins, and not in the past.
#[tokio::test]
async fn a_rule_that_is_taken_back_revokes_nobody_at_once() {
    let (world, shop) = counting().await;
    let set = async |body: Value| drop(world.done(Method::PUT, "/policies/api_key", Some(body)).await);
    set(json!({"idle_seconds": 0})).await;
    set(json!({"api": ORDERS, "idle_seconds": 7 * DAY})).await;
    set(json!({"client": "shop", "idle_seconds": 30 * DAY})).await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    world.advance(15 * DAY);
    set(json!({"client": "shop"})).await;
    let text = made["key"].as_str().unwrap();
    let last = world.done(Method::GET, "/audit/entries?last=1", None).await["items"][0]["kind"].clone();
    assert_eq!(last, "policy.lowered", "verifiers forget what they remember");
    assert_eq!((sweep(&world).await, shown(&world, &made).await.0.as_str()), (Some(Swept::default()), "active"));
    world.advance(7 * DAY - 1);
    assert_eq!(shown(&world, &made).await.0, "active");
    world.advance(1);
    assert_eq!(world.key_code(&shop, text).await, "suspended");
}

#[tokio::test]
async fn who_suspends_an_idle_key_for_a_reason_decides_over_it() {
    let (world, _) = counting().await;
    let made = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    let path = format!("/keys/{}", made["id"].as_str().unwrap());
    world.advance(30 * DAY);
    assert_eq!(sweep(&world).await.unwrap().suspended, 1);
    world.done(Method::POST, &format!("{path}/suspend"), Some(json!({"why": "leaked"}))).await;
    assert_eq!(shown(&world, &made).await, ("suspended".into(), "leaked".into(), "unix:1000".into()));
    world.advance(31 * DAY);
    assert_eq!(sweep(&world).await.unwrap().revoked, 0);
    assert_eq!(shown(&world, &made).await.1, "leaked");
    // What nobody used for so long that it is revoked is not brought back by way of a suspension.
    let other = world.make_key("client:shop", ORDERS, json!({"expires_in_seconds": 200 * DAY})).await;
    world.advance(60 * DAY);
    let suspended = world.administer(Method::POST, &format!("/keys/{}/suspend", other["id"].as_str().unwrap()), Some(json!({}))).await;
    assert_eq!((suspended.status, shown(&world, &other).await.0.as_str()), (409, "revoked"));
}
