//! The revocation feed: who may follow it, what it says, and how it goes on.

use std::sync::{Arc, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::api::update::UpdateApi;
use jeton_core::event::CutOffSubject;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jws;
use jeton_oauth::feed::{Change, Cursor, FeedEvent, SnapshotPart, Subject, SubjectId};
use jeton_oauth::form::encode;
use jeton_service::revoke::TokenChange;
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_testkit::World;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::follow::Following;
use jeton_testkit::world::manage::{administrator, claims_of};

use crate::errors::check_error;

/// The snapshot that a stream begins with, its signature checked with the published keys.
pub(crate) async fn snapshot(world: &World, following: &mut Following) -> SnapshotPart {
    let Some(FeedEvent::Snapshot { cursor, jws }) = following.next().await else { panic!("no snapshot") };
    let set = JwkSet::parse(&world.get("/.well-known/jwks.json").await.body).unwrap();
    let (keys, _) = VerifyingKeys::from_jwk_set(&set, None).unwrap();
    let verified = jws::verify(jws.as_str(), &keys, 1 << 20).expect("the snapshot is signed with a published key");
    assert_eq!(verified.header.token_type.as_deref(), Some("jeton-snapshot+jwt"));
    let part = SnapshotPart::parse(&verified.payload).unwrap();
    assert_eq!((&part.cursor, part.part, part.parts, part.iss.as_str()), (&cursor, 1, 1, world.issuer()));
    part
}

async fn change(following: &mut Following) -> Change {
    match following.next().await {
        Some(FeedEvent::Narrowing { narrowing, .. }) => narrowing.change,
        other => panic!("{other:?}"),
    }
}

fn id(token: &str) -> jeton_token::TokenId {
    let claims = claims_of(token);
    jeton_token::TokenId::parse(claims["jti"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn who_may_follow() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    world.api("foreign").await;
    let one = world.client("one", &[&orders]).await;
    let both = world.client("both", &[&orders, &stock]).await;
    let silent = world.client_with("silent", &[&orders], |request| request.may_introspect = false).await;
    for (client, query, status, code) in [
        (&silent, "", 400, "unauthorized_client"),
        (&one.with_secret("x"), "", 401, "invalid_client"),
        (&both, "", 400, "invalid_target"),
        (&one, "?audience=https%3A%2F%2Fstock.example", 400, "invalid_target"),
        (&one, "?audience=https%3A%2F%2Fforeign.example", 400, "invalid_target"),
        (&one, "?audience=https%3A%2F%2Funknown.example", 400, "invalid_target"),
        (&one, "?audience=a&audience=b", 400, "invalid_request"),
        (&one, "?audience=%zz", 400, "invalid_request"),
    ] {
        check_error(&world.follow(client, query, None).await.err().unwrap(), status, code);
    }
    let answer = world.get("/api/v1/revocations/feed").await;
    check_error(&answer, 401, "invalid_client");
    assert!(answer.header("www-authenticate").starts_with("Basic "), "{}", answer.shown());
    for (client, query) in [(&one, ""), (&one, "?audience="), (&both, "?audience=https%3A%2F%2Fstock.example"), (&one, "?x=y")] {
        assert!(world.follow(client, query, None).await.is_ok(), "{query}");
    }
}

/// A client without a secret to send as Basic proves itself in a form, as at the other endpoints.
#[tokio::test]
async fn who_follows_by_form() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let signer = world.signing_client("signer", &[&orders, &stock], Algorithm::Es256).await;
    let poster = world.client_with("poster", &[&orders], |request| request.authentication = Some("client_secret_post".to_owned())).await;
    let of_signer = |jti: &str, audience: &str| {
        let assertion = Assertion::of(&signer.id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), jti);
        let parameters = assertion.parameters();
        encode(parameters.iter().map(|(name, value)| (*name, value.as_str())).chain([("audience", audience)]))
    };
    let of_poster = |secret: &str| encode([("client_id", poster.id.as_str()), ("client_secret", secret)]);
    check_error(&world.follow(&poster, "", None).await.err().unwrap(), 401, "invalid_client");
    let mut following = world.follow_by_form(of_signer("1", "https://orders.example"), None).await.ok().unwrap();
    let cursor = snapshot(&world, &mut following).await.cursor.to_string();
    let token = world.token_with(&world.client("worker", &[&orders]).await, &[]).await;
    world.change(&token, TokenChange::Revoke).await.unwrap();
    assert!(matches!(change(&mut following).await, Change::TokenRevoked { .. }));
    for form in [of_signer("2", "https://orders.example"), of_poster(&poster.secret)] {
        let mut again = world.follow_by_form(form, Some(&cursor)).await.ok().unwrap();
        assert!(matches!(change(&mut again).await, Change::TokenRevoked { .. }));
    }
    for (form, status, code) in [
        (of_signer("1", "https://orders.example"), 401, "invalid_client"),
        (of_signer("3", "https://unknown.example"), 400, "invalid_target"),
        (of_poster("x"), 401, "invalid_client"),
        (String::new(), 401, "invalid_client"),
    ] {
        check_error(&world.follow_by_form(form, None).await.err().unwrap(), status, code);
    }
    let size = world.ledger_size();
    assert!(world.follow_by_form(of_signer("3", "https://stock.example"), None).await.is_ok(), "what was refused spent nothing");
    assert_eq!(world.ledger_size(), size, "a mark is no entry");
}

/// What was issued last is told of to nobody, and yet a snapshot covers it: whoever takes it then waits for what comes.
#[tokio::test]
async fn a_snapshot_may_be_ahead_of_what_was_told() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    assert_eq!(snapshot(&world, &mut following).await.cursor.sequence, world.ledger_size() - 1);
    world.revoke(&worker, &token).await;
    assert!(matches!(change(&mut following).await, Change::TokenRevoked { .. }));
}

#[tokio::test]
async fn it_begins_with_what_is_narrowed_and_goes_on_in_order() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(world.token(&worker).await);
    }
    world.revoke(&worker, &tokens[0]).await;
    world.change(&tokens[1], TokenChange::Suspend).await.unwrap();
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let part = snapshot(&world, &mut following).await;
    let until = world.now() + 3_600 + 86_400;
    assert_eq!(
        part.changes,
        [
            Change::TokenRevoked { id: id(&tokens[0]), until_seconds: until },
            Change::TokenSuspended { id: id(&tokens[1]), until_seconds: until },
        ]
    );
    world.change(&tokens[1], TokenChange::Resume).await.unwrap();
    world.revoke(&worker, &tokens[2]).await;
    world.token(&worker).await;
    let from = world.cut_off(CutOffSubject::Client, &worker.id).await;
    world.cut_off(CutOffSubject::Everything, "").await;
    let request = UpdateApi { access_token_lifetime_seconds: Some(60), ..UpdateApi::default() };
    world.service().update_api("https://orders.example", &request, &administrator(), &world.moment()).await.unwrap();
    // A key may live as long.
    let until_seconds = from + 401 * 86_400;
    for expected in [
        Change::TokenResumed { id: id(&tokens[1]), until_seconds: until },
        Change::TokenRevoked { id: id(&tokens[2]), until_seconds: until },
        Change::Cutoff { subject: Subject::Client(SubjectId::parse(&worker.id).unwrap()), before_seconds: from, until_seconds },
        // Under the first one, tokens of this second are dated to the next.
        Change::Cutoff { subject: Subject::Everything, before_seconds: from + 1, until_seconds: until_seconds + 1 },
        Change::Lifetime {
            api: SubjectId::parse("https://orders.example").unwrap(),
            lifetime_seconds: 60,
            before_seconds: from + 1,
            until_seconds: from + 2 * 86_400 - 1,
        },
    ] {
        assert_eq!(change(&mut following).await, expected);
    }
}

#[tokio::test]
async fn an_audience_hears_of_its_own_tokens_only() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let both = world.client("both", &[&orders, &stock]).await;
    let ask = async |resource| world.token_with(&both, &[("resource", resource)]).await;
    let old = [ask("https://orders.example").await, ask("https://stock.example").await];
    let new = [ask("https://orders.example").await, ask("https://stock.example").await];
    for token in &old {
        world.revoke(&both, token).await;
    }
    let mut followed = Vec::new();
    for (number, audience) in ["orders", "stock"].into_iter().enumerate() {
        let query = format!("?audience=https%3A%2F%2F{audience}.example");
        let mut following = world.follow(&both, &query, None).await.ok().unwrap();
        let changes = snapshot(&world, &mut following).await.changes;
        assert!(matches!(changes.as_slice(), [Change::TokenRevoked { id: revoked, .. }] if *revoked == id(&old[number])), "{changes:?}");
        followed.push(following);
    }
    for token in &new {
        world.revoke(&both, token).await;
    }
    world.cut_off(CutOffSubject::Client, "both").await;
    for (following, token) in followed.iter_mut().zip(&new) {
        assert!(matches!(change(following).await, Change::TokenRevoked { id: revoked, .. } if revoked == id(token)));
        assert!(matches!(change(following).await, Change::Cutoff { .. }), "what concerns everybody reaches everybody");
    }
}

/// What happens to an API's tokens concerns its own followers, also where it goes in the same group of commits.
#[tokio::test]
async fn an_api_that_goes_is_no_matter_of_others() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (worker, picker) = (world.client("worker", &[&orders]).await, world.client("picker", &[&stock]).await);
    let (token, other) = (world.token(&worker).await, world.token(&picker).await);
    let mut following = world.follow(&picker, "", None).await.ok().unwrap();
    let start = snapshot(&world, &mut following).await.cursor;
    let mut own = world.follow(&worker, "", None).await.ok().unwrap();
    snapshot(&world, &mut own).await;
    let (actor, moment) = (administrator(), world.moment());
    let before = world.service().store().statistics().groups;
    let (revoked, deleted) =
        tokio::join!(world.revoke(&worker, &token), world.service().delete_api("https://orders.example", &actor, &moment));
    assert_eq!((revoked.status, deleted), (200, Ok(())));
    assert_eq!(world.service().store().statistics().groups, before + 1, "both in one group");
    let told = [change(&mut own).await, change(&mut own).await];
    assert!(told.iter().any(|change| matches!(change, Change::TokenRevoked { id: revoked, .. } if *revoked == id(&token))), "{told:?}");
    assert!(told.iter().any(|change| matches!(change, Change::Cutoff { subject: Subject::Api(_), .. })), "{told:?}");
    world.revoke(&picker, &other).await;
    assert!(matches!(change(&mut following).await, Change::TokenRevoked { id: revoked, .. } if revoked == id(&other)));
    // Nor when it is told again, after a restart.
    let world = world.reopen().await;
    let mut again = world.follow(&picker, "", Some(&start.to_string())).await.ok().unwrap();
    assert!(matches!(change(&mut again).await, Change::TokenRevoked { id: revoked, .. } if revoked == id(&other)));
}

#[tokio::test]
async fn a_cursor_goes_on_where_it_stopped() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let tokens = [world.token(&worker).await, world.token(&worker).await, world.token(&worker).await];
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let start = snapshot(&world, &mut following).await.cursor;
    for token in &tokens {
        world.revoke(&worker, token).await;
    }
    let mut cursors = vec![start];
    for _ in &tokens {
        cursors.push(following.next().await.unwrap().cursor());
    }
    for (seen, cursor) in cursors.iter().enumerate() {
        let mut again = world.follow(&worker, "", Some(&cursor.to_string())).await.ok().unwrap();
        for token in &tokens[seen..] {
            assert!(matches!(change(&mut again).await, Change::TokenRevoked { id: revoked, .. } if revoked == id(token)), "{seen}");
        }
        world.service().sign_checkpoint(&world.moment()).await.unwrap();
        assert!(matches!(again.next().await, Some(FeedEvent::Checkpoint { .. })), "nothing comes twice");
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_go_on_is_gone() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let cursor = snapshot(&world, &mut following).await.cursor;
    world.revoke(&worker, &token).await;
    let foreign = Cursor { incarnation: jeton_oauth::feed::Incarnation::parse("0123").unwrap(), sequence: cursor.sequence };
    let last = Cursor { sequence: world.ledger_size() - 1, ..cursor.clone() };
    for (id, status) in [
        (cursor.to_string(), 200),
        (last.to_string(), 200),
        (Cursor { sequence: last.sequence + 1, ..cursor.clone() }.to_string(), 410),
        (Cursor { sequence: 0, ..cursor.clone() }.to_string(), 200),
        (Cursor { sequence: u64::MAX, ..cursor.clone() }.to_string(), 410),
        (Cursor { sequence: u64::MAX - 1, ..cursor.clone() }.to_string(), 410),
        (foreign.to_string(), 410),
        ("x".to_owned(), 410),
        (".".to_owned(), 410),
        ("<script>".to_owned(), 410),
        ("1.99999999999999999999".to_owned(), 410),
    ] {
        let answered = world.follow(&worker, "", Some(&id)).await.err().map_or(200, |answer| answer.status);
        assert_eq!(answered, status, "{id}");
    }
}

/// A restart is no reason to take a snapshot: the ledger has what was told.
#[tokio::test]
async fn a_cursor_outlives_a_restart() {
    let mut world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (worker, picker) = (world.client("worker", &[&orders]).await, world.client("picker", &[&stock]).await);
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let start = snapshot(&world, &mut following).await.cursor;
    let (mut dead, mut cursors) = (vec![], vec![start]);
    for round in 0..3 {
        let token = world.token(&worker).await;
        assert_eq!(world.revoke(&worker, &token).await.status, 200);
        let foreign = world.token(&picker).await;
        assert_eq!(world.revoke(&picker, &foreign).await.status, 200);
        dead.push(token);
        cursors.push(following.next().await.unwrap().cursor());
        // What was told before the start comes again as it was told, in order, and then what is told now.
        world = world.reopen().await;
        for (seen, cursor) in cursors.iter().enumerate().rev() {
            let mut again = world.follow(&worker, "", Some(&cursor.to_string())).await.ok().unwrap();
            for token in &dead[seen..] {
                assert!(
                    matches!(change(&mut again).await, Change::TokenRevoked { id: revoked, .. } if revoked == id(token)),
                    "{round} {seen}"
                );
            }
            following = again;
        }
    }
    let mut fresh = world.follow(&worker, "", None).await.ok().unwrap();
    assert_eq!(snapshot(&world, &mut fresh).await.changes.len(), 3);
    // Of an incarnation that is over nobody goes on.
    world.advance(-100);
    let world = world.reopen().await;
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    let world = world.reopen().await;
    for cursor in &cursors {
        assert_eq!(world.follow(&worker, "", Some(&cursor.to_string())).await.err().map(|answer| answer.status), Some(410));
    }
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let cursor = snapshot(&world, &mut following).await.cursor;
    let world = world.reopen().await;
    assert!(world.follow(&worker, "", Some(&cursor.to_string())).await.is_ok());
    let first = Cursor { sequence: 0, ..cursor };
    assert_eq!(world.follow(&worker, "", Some(&first.to_string())).await.err().map(|answer| answer.status), Some(410));
}

#[tokio::test]
async fn a_feed_that_forgot_what_came_after_says_so() {
    let world = World::new().await;
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    let mut following = world.follow(&picker, "", None).await.ok().unwrap();
    let cursor = snapshot(&world, &mut following).await.cursor.to_string();
    // More than the feed keeps to send again.
    for _ in 0..65_537 {
        world.cut_off(CutOffSubject::Family, "f").await;
    }
    assert_eq!(world.follow(&picker, "", Some(&cursor)).await.err().map(|answer| answer.status), Some(410));
    // Who followed and fell behind is let go: it comes again and takes a snapshot.
    assert!(following.next().await.is_none());
}

#[tokio::test]
async fn the_heartbeat_is_the_signed_checkpoint() {
    let mut world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut last = 0;
    for restarted in [false, true] {
        let mut following = world.follow(&worker, "", None).await.ok().unwrap();
        let part = snapshot(&world, &mut following).await;
        let key = CheckpointKey::parse(&part.ledger_key).unwrap();
        for round in 0..3 {
            let token = world.token(&worker).await;
            if round == 1 {
                world.revoke(&worker, &token).await;
            }
            world.advance(1);
            world.service().sign_checkpoint(&world.moment()).await.unwrap();
            if round == 1 {
                assert!(matches!(change(&mut following).await, Change::TokenRevoked { .. }), "first what the checkpoint covers");
            }
            let Some(FeedEvent::Checkpoint { cursor, note }) = following.next().await else { panic!("no checkpoint") };
            let checkpoint = Checkpoint::verify(note.as_str(), &key).expect("signed by the key of the snapshot");
            assert_eq!((checkpoint.origin.as_str(), checkpoint.time_seconds), ("tokens.example", world.now()), "{restarted}");
            assert_eq!((checkpoint.size, cursor.sequence), (world.ledger_size(), world.ledger_size() - 1));
            assert!(checkpoint.size > last);
            last = checkpoint.size;
        }
        // Without news it comes all the same.
        world.advance(1);
        world.service().sign_checkpoint(&world.moment()).await.unwrap();
        assert!(matches!(following.next().await, Some(FeedEvent::Checkpoint { .. })));
        drop(following);
        world = world.reopen().await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    snapshot(&world, &mut following).await;
    world.drain();
    assert!(following.next().await.is_none());
}

/// A snapshot that was taken before its key was revoked is taken again: nobody could check it any more.
#[tokio::test]
async fn a_snapshot_is_signed_with_a_key_that_is_trusted() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for _ in 0..3 {
        let mut following = world.follow(&worker, "", None).await.ok().unwrap();
        snapshot(&world, &mut following).await;
        let key = world.stolen_key(Algorithm::Es256).key_id().to_owned();
        world.service().revoke_signing_key(&key, &administrator(), &world.moment()).await.unwrap();
        let changes = [change(&mut following).await, change(&mut following).await, change(&mut following).await];
        assert!(changes.iter().any(|change| matches!(change, Change::SigningKeyRevoked { kid, .. } if kid.as_str() == key)), "{changes:?}");
    }
}

/// Many verifiers that come at once get one snapshot; one that comes after a change misses nothing.
#[tokio::test]
async fn a_snapshot_is_shared_while_the_feed_goes_on_from_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut first = world.follow(&worker, "", None).await.ok().unwrap();
    let shared = snapshot(&world, &mut first).await;
    let token = world.token(&worker).await;
    world.revoke(&worker, &token).await;
    let mut second = world.follow(&worker, "", None).await.ok().unwrap();
    let part = snapshot(&world, &mut second).await;
    let told = part.changes.len() + usize::from(part == shared);
    assert_eq!(told, 1);
    if part == shared {
        assert!(matches!(change(&mut second).await, Change::TokenRevoked { .. }));
    }
}

/// While the snapshot of one audience is being taken, those of others are taken, and who wants the same one waits for it alone.
#[tokio::test]
async fn a_snapshot_that_takes_long_holds_nobody_else_up() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (worker, picker) = (world.client("worker", &[&orders]).await, world.client("picker", &[&stock]).await);
    let turn = world.service().snapshot_turn(&orders.audience).lock_owned().await;
    let mut waiting = std::pin::pin!(world.follow(&worker, "", None));
    let mut following = tokio::select! {
        biased;
        _ = &mut waiting => panic!("it did not wait for its turn"),
        following = world.follow(&picker, "", None) => following.ok().unwrap(),
    };
    snapshot(&world, &mut following).await;
    let taken = world.service().take_snapshot(&orders.audience, &world.moment()).unwrap();
    drop(turn);
    let mut following = waiting.await.ok().unwrap();
    assert_eq!(snapshot(&world, &mut following).await.cursor.sequence + 1, taken.next, "the one that was taken");
}

#[tokio::test]
async fn no_name_and_no_secret_travels() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker-with-a-name", &[&orders]).await;
    let token = world.token(&worker).await;
    world.revoke(&worker, &token).await;
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    let Some(FeedEvent::Snapshot { jws, .. }) = following.next().await else { panic!("no snapshot") };
    let payload = jws.as_str().split('.').nth(1).unwrap();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    for secret in ["worker-with-a-name", &worker.secret, &token, token.rsplit('.').next().unwrap()] {
        assert!(!payload.contains(secret), "{payload}");
    }
}

/// A snapshot may be large, and the next API has another audience.
#[tokio::test]
async fn the_snapshot_of_an_api_leaves_with_it() {
    let world = World::new().await;
    let service = world.service();
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let take = |audience: &Arc<str>| Arc::downgrade(&service.take_snapshot(audience, &world.moment()).unwrap().events);
    let kept = [&orders, &stock].map(|api| take(&api.audience));
    assert!(kept.iter().all(|kept| kept.strong_count() == 1));
    service.delete_api(orders.id.as_str(), &administrator(), &world.moment()).await.unwrap();
    assert_eq!(kept.each_ref().map(Weak::strong_count), [0, 1]);
    assert_eq!(take(&orders.audience).strong_count(), 0, "nor is one kept that was on its way");
    drop(service.snapshot_turn(&orders.audience));
    assert!(service.last_snapshot(&orders.audience).is_none());
}
