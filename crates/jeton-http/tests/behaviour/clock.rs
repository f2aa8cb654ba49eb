//! Ledger time is monotone: a clock that goes back brings nothing back.

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_jose::Algorithm;
use jeton_oauth::feed::Change;
use jeton_service::posture::{Look, Notice};
use jeton_service::revoke::TokenChange;
use jeton_testkit::World;
use jeton_testkit::world::manage::{administrator, claims_of};
use serde_json::{Value, json};

use crate::errors::check_error;
use crate::feed::snapshot;

#[tokio::test]
async fn an_ended_secret_stays_ended() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.advance(180 * 86_400);
    check_error(&world.ask(&worker, &[]).await, 401, "invalid_client");
    world.api("later").await;
    world.advance(-5);
    check_error(&world.ask(&worker, &[]).await, 401, "invalid_client");
}

#[tokio::test]
async fn an_expired_token_stays_expired() {
    for format in ["jwt", "opaque"] {
        let world = World::new().await;
        let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        world.advance(3_600);
        assert!(!world.is_active(&worker, &token).await);
        world.token(&worker).await;
        world.advance(-1_800);
        assert!(!world.is_active(&worker, &token).await, "{format}: the ledger has seen a later time");
        let world = world.reopen().await;
        assert!(!world.is_active(&worker, &token).await, "{format}: after a restart too");
    }
}

#[tokio::test]
async fn a_clock_behind_the_ledger_only_narrows() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let (first, second) = (world.token(&worker).await, world.token(&worker).await);
    world.advance(-11);
    let answer = world.ask(&worker, &[]).await;
    check_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(world.is_active(&worker, &first).await);
    assert_eq!(world.revoke(&worker, &first).await.status, 200);
    world.change(&second, TokenChange::Suspend).await.unwrap();
    assert!(!world.is_active(&worker, &first).await && !world.is_active(&worker, &second).await);
    assert!(world.change(&second, TokenChange::Resume).await.is_err());
    world.advance(1);
    assert_eq!(world.ask(&worker, &[]).await.status, 200);
    world.change(&second, TokenChange::Resume).await.unwrap();
    assert!(world.is_active(&worker, &second).await);
}

/// A revocation outlives what it revokes by a day, however the clock jumps meanwhile.
#[tokio::test]
async fn a_jump_forward_forgets_no_revocation() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    world.revoke(&worker, &token).await;
    let look = Look { now: world.moment().now.plus_seconds(40 * 86_400), stepped_seconds: 40 * 86_400, held_seconds: 0 };
    assert_eq!(world.service().posture().observe(look), Some(Notice::Stepped(40 * 86_400)));
    world.advance(40 * 86_400);
    assert_eq!(world.service().drop_expired().unwrap(), 0);
    world.advance(-40 * 86_400);
    assert!(!world.is_active(&worker, &token).await);
}

/// What is committed under a clock that jumped moves the ledger with it: a start in between finds both in agreement, and still does not
/// believe them for a day.
#[tokio::test]
async fn a_jump_forward_is_doubted_also_by_the_next_process() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    world.revoke(&worker, &token).await;
    world.advance(40 * 86_400);
    for _ in 0..5 {
        world.token(&worker).await;
    }
    let world = world.reopen().await;
    assert_eq!(world.service().drop_expired().unwrap(), 0);
    world.advance(-40 * 86_400);
    let world = world.reopen().await;
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    assert!(world.is_active(&worker, &world.token(&worker).await).await);
    assert!(!world.is_active(&worker, &token).await, "its revocation was kept");
}

#[tokio::test]
async fn a_leap_is_believed_after_a_day() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for _ in 0..40 {
        world.token(&worker).await;
    }
    world.advance(40 * 86_400);
    world.token(&worker).await;
    let may_destroy = |world: &World| world.service().posture().may_destroy(world.moment().now);
    let world = world.reopen().await;
    assert!(!may_destroy(&world));
    world.advance(86_000);
    world.token(&worker).await;
    let world = world.reopen().await;
    assert!(!may_destroy(&world));
    world.advance(500);
    assert!(may_destroy(&world));
    world.token(&worker).await;
    assert!(may_destroy(&world.reopen().await));
}

/// The wall was set far ahead and back: the process's clock stands still, and what it would date lies ahead of everybody else's time.
#[tokio::test]
async fn a_clock_that_stands_still_only_narrows() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let look = |stepped_seconds, held_seconds| Look { now: world.moment().now, stepped_seconds, held_seconds };
    let posture = world.service().posture();
    assert_eq!(posture.observe(look(-3_600, 3_600)), Some(Notice::StandsStill(3_600)));
    check_error(&world.ask(&worker, &[]).await, 503, "temporarily_unavailable");
    assert!(world.is_active(&worker, &token).await);
    assert_eq!(world.revoke(&worker, &token).await.status, 200);
    assert!(!world.is_active(&worker, &token).await);
    assert_eq!(world.get("/readyz").await.status, 200, "what is asked and revoked must still arrive");
    assert_eq!(posture.observe(look(0, 0)), Some(Notice::GoesOn));
    assert_eq!(world.ask(&worker, &[]).await.status, 200);
}

/// An operator says that the clock is right: the ledger goes on in a new incarnation, at the clock's time.
#[tokio::test]
async fn an_accepted_clock_opens_a_new_incarnation() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let now = world.now();
    world.advance(40 * 86_400);
    let revoked = world.token(&worker).await;
    assert_eq!(world.revoke(&worker, &revoked).await.status, 200);
    world.advance(-40 * 86_400);
    let world = world.reopen().await;
    assert_eq!(world.ask(&worker, &[]).await.status, 503);
    let before = world.service().store().head();
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    let after = world.service().store().head();
    assert_eq!((after.size, after.time.seconds()), (before.size + 1, now));
    assert_ne!(after.incarnation, before.incarnation);
    let token = world.token(&worker).await;
    assert_eq!(claims_of(&token)["iat"], now);
    assert!(world.is_active(&worker, &token).await);
    assert!(!world.is_active(&worker, &revoked).await);
}

/// What a clock that ran ahead has dated would begin one day, and no cut-off of today reaches it: it ends when the clock is accepted.
#[tokio::test]
async fn what_a_wrong_clock_dated_ahead_never_begins() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let gone = world.api("gone").await;
    let (worker, picker, late) =
        (world.client("worker", &[&orders]).await, world.client("picker", &[&stock]).await, world.client("late", &[&gone]).await);
    let lives = [(&worker, world.token(&worker).await), (&picker, world.token(&picker).await)];
    world.advance(14 * 86_400);
    let mut ahead = vec![(&worker, world.token(&worker).await), (&picker, world.token(&picker).await)];
    let cut_off = (&worker, world.token(&worker).await);
    world.token(&late).await;
    world.service().delete_api(gone.id.as_str(), &administrator(), &world.moment()).await.unwrap();
    world.change(&ahead[1].1, TokenChange::Suspend).await.unwrap();
    for _ in 0..300 {
        ahead.push((&worker, world.token(&worker).await));
    }
    world.revoke(&worker, &cut_off.1).await;
    world.advance(-14 * 86_400);
    let world = world.reopen().await;
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    snapshot(&world, &mut following).await;
    let size = world.ledger_size();
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    assert_eq!(world.ledger_size(), size + 302 + 1, "one entry each, none for what was dead, and the incarnation's");
    for (client, token) in &lives {
        assert!(world.is_active(client, token).await, "it was issued before the clock ran ahead");
    }
    let fresh = world.token(&worker).await;
    world.cut_off(CutOffSubject::Everything, "").await;
    world.advance(1);
    assert!(!world.is_active(&worker, &fresh).await);
    // A verifier starts from what is known now, long before the time of those tokens comes.
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let told = snapshot(&world, &mut following).await.changes;
    for (_, token) in ahead.iter().filter(|(client, _)| client.id == worker.id) {
        let id = claims_of(token)["jti"].as_str().unwrap().to_owned();
        assert!(told.iter().any(|change| matches!(change, Change::TokenRevoked { id: told, .. } if told.to_string() == id)), "{id}");
    }
    world.advance(14 * 86_400);
    let world = world.reopen().await;
    for (client, token) in &ahead {
        assert!(!world.is_active(client, token).await, "its time has come, and it is revoked");
    }
    assert!(world.is_active(&worker, &world.token(&worker).await).await);
}

/// A key that was published under a clock that ran ahead signs once caches must know it, by the clock that was accepted.
#[tokio::test]
async fn a_key_that_a_wrong_clock_published_signs_in_time() {
    let world = World::new().await;
    world.api("orders").await;
    world.advance(14 * 86_400);
    world.service().rotate_signing_key(Algorithm::Es256, true, &administrator(), &world.moment()).await.unwrap();
    world.advance(-14 * 86_400);
    let world = world.reopen().await;
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    for (seconds, rotates) in [(0, false), (599, false), (1, true)] {
        world.advance(seconds);
        let rotated = world.service().rotate_signing_key(Algorithm::Es256, false, &administrator(), &world.moment()).await;
        assert_eq!(rotated.is_ok(), rotates, "{rotated:?}");
    }
}

/// What a cut-off under a clock that ran ahead costs is said where it is made, and where it is felt.
#[tokio::test]
async fn a_cut_off_that_lies_far_ahead_says_what_to_do() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.advance(14 * 86_400);
    world.cut_off(CutOffSubject::Client, worker.id.as_str()).await;
    world.advance(-14 * 86_400);
    let world = world.reopen().await;
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    let answer = world.ask(&worker, &[]).await;
    check_error(&answer, 503, "temporarily_unavailable");
    assert!(answer.text().contains("register it anew"), "{}", answer.text());
    let again = world.client("again", &[&orders]).await;
    assert!(world.is_active(&again, &world.token(&again).await).await, "as it says");
}

#[tokio::test]
async fn a_clock_behind_the_ledger_takes_scopes_and_apis_from_a_client() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    world.client("worker", &[&orders, &stock]).await;
    world.done(Method::PATCH, "/clients/worker", Some(json!({"may_introspect": true}))).await;
    world.advance(-11);
    let change = async |path: &str, body: Value| world.administer(Method::PATCH, path, Some(body)).await.status;
    let kinds = async |count: usize| {
        let entries = world.done(Method::GET, &format!("/audit/entries?last={count}"), None).await;
        entries["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let client = "/clients/worker";
    assert_eq!(change(client, json!({"scope": "orders:read orders:write"})).await, 200);
    assert_eq!(kinds(1).await, ["client.narrowed"]);
    assert_eq!(change(client, json!({"audiences": ["https://orders.example"], "may_introspect": false})).await, 200);
    assert_eq!(change(&format!("/apis/{}", orders.id), json!({"scopes": {"orders:read": ""}, "default_scope": ""})).await, 200);
    assert_eq!(kinds(2).await, ["api.updated", "api.narrowed"]);
    // Whatever also gives is refused.
    for body in [json!({"audiences": ["https://stock.example"]}), json!({"may_introspect": true}), json!({"name": "x"})] {
        assert_eq!(change(client, body.clone()).await, 503, "{body}");
    }
    world.advance(11);
    assert_eq!(change(client, json!({"audiences": ["https://stock.example"], "may_introspect": true, "name": "x"})).await, 200);
    assert_eq!(kinds(3).await, ["client.updated", "client.narrowed", "client.widened"]);
}
