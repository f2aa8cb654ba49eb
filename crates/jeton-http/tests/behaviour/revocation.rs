//! Revocation (RFC 7009), suspension and resumption.

use insta::assert_snapshot;
use jeton_core::id::CredentialId;
use jeton_core::refusal::Reason;
use jeton_core::token::standing::Standing;
use jeton_jose::jws::Signer;
use jeton_service::failure::Failure;
use jeton_service::revoke::TokenChange;
use jeton_testkit::World;
use jeton_testkit::world::manage::claims_of;

use crate::errors::check_error;

#[tokio::test]
async fn success_has_no_body_and_no_content_type() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let first = world.revoke(&worker, &token).await.shown();
    assert_snapshot!(first, @r"
    200
    cache-control: no-store
    x-content-type-options: nosniff
    ");
    for token in [token.as_str(), "unknown", "a.b.c", "jtn_at_x", "\0", "<b>"] {
        assert_eq!(world.revoke(&worker, token).await.shown(), first, "{token}");
    }
}

#[tokio::test]
async fn it_acts_at_once_once_and_for_good() {
    for format in ["jwt", "opaque"] {
        let world = World::new().await;
        let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
        let worker = world.client("worker", &[&api]).await;
        let (token, other) = (world.token(&worker).await, world.token(&worker).await);
        let before = (world.ledger_size(), world.commits());
        assert_eq!(world.revoke(&worker, &token).await.status, 200);
        assert!(!world.is_active(&worker, &token).await);
        let after = (world.ledger_size(), world.commits());
        assert_eq!(after, (before.0 + 1, before.1 + 1));
        for _ in 0..3 {
            assert_eq!(world.revoke(&worker, &token).await.status, 200);
        }
        assert_eq!(world.revoke(&worker, "unknown").await.status, 200);
        assert_eq!((world.ledger_size(), world.commits()), after, "a repetition writes nothing");
        let world = world.reopen().await;
        assert!(!world.is_active(&worker, &token).await);
        assert!(world.is_active(&worker, &other).await);
        world.advance(3_600);
        let size = world.ledger_size();
        assert_eq!(world.revoke(&worker, &other).await.status, 200);
        assert_eq!(world.revoke(&worker, &other).await.status, 200);
        assert_eq!(world.ledger_size(), size + 1, "what has expired is revoked once: a clock that goes back must not bring it back");
    }
}

#[tokio::test]
async fn hints_and_unknown_parameters_do_not_matter() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for hint in ["access_token", "refresh_token", "pat", "", "<b>"] {
        let token = world.token(&worker).await;
        let answer = world.post_as(&worker, "/oauth/revoke", &[("token", &token), ("token_type_hint", hint), ("x", "y")]).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        assert!(!world.is_active(&worker, &token).await, "{hint}");
    }
}

#[tokio::test]
async fn only_its_client_revokes_a_token() {
    for format in ["jwt", "opaque"] {
        let world = World::new().await;
        let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
        let (worker, thief) = (world.client("worker", &[&api]).await, world.client("thief", &[&api]).await);
        let token = world.token(&worker).await;
        let size = world.ledger_size();
        check_error(&world.revoke(&thief, &token).await, 400, "unauthorized_client");
        check_error(&world.post("/oauth/revoke", None, format!("token={token}")).await, 401, "invalid_client");
        check_error(&world.revoke(&worker.with_secret("x"), &token).await, 401, "invalid_client");
        check_error(&world.post_as(&worker, "/oauth/revoke", &[]).await, 400, "invalid_request");
        assert!(world.is_active(&worker, &token).await, "{format}");
        assert_eq!(world.ledger_size(), size, "strangers do not write the ledger");
    }
}

#[tokio::test]
async fn suspension_ends_and_revocation_does_not() {
    for format in ["jwt", "opaque"] {
        let mut world = World::new().await;
        let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        let conflict = |result: Result<(), Failure>| match result {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, Reason::Conflict, "{refusal}"),
            other => panic!("{other:?}"),
        };
        for (change, is_active) in [
            (TokenChange::Resume, true),
            (TokenChange::Suspend, false),
            (TokenChange::Suspend, false),
            (TokenChange::Resume, true),
            (TokenChange::Suspend, false),
        ] {
            world.change(&token, change).await.unwrap();
            assert_eq!(world.is_active(&worker, &token).await, is_active, "{format} {change:?}");
            world = world.reopen().await;
            assert_eq!(world.is_active(&worker, &token).await, is_active, "{format} {change:?} after a restart");
        }
        // A suspended token is revoked as any other.
        assert_eq!(world.revoke(&worker, &token).await.status, 200);
        conflict(world.change(&token, TokenChange::Resume).await);
        conflict(world.change(&token, TokenChange::Suspend).await);
        world.change(&token, TokenChange::Revoke).await.unwrap();
        let world = world.reopen().await;
        assert!(!world.is_active(&worker, &token).await, "{format}");
    }
}

#[tokio::test]
async fn a_token_is_changed_by_its_id_too() {
    for format in ["jwt", "opaque"] {
        let world = World::new().await;
        let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        let id = CredentialId::parse(world.introspect(&worker, &token).await.member("jti").as_str().unwrap()).unwrap();
        for (change, is_active) in [(TokenChange::Suspend, false), (TokenChange::Resume, true), (TokenChange::Revoke, false)] {
            world.change_by_id(id, change).await.unwrap();
            assert_eq!(world.is_active(&worker, &token).await, is_active, "{format} {change:?}");
        }
        let unknown = world.change_by_id(CredentialId([1; 16]), TokenChange::Revoke).await.unwrap_err();
        assert!(matches!(unknown, Failure::Refused(refusal) if refusal.reason == Reason::NotFound));
    }
}

/// Two that revoke at once, one that suspends beside them: it ends revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_of_changes_ends_revoked() {
    let world = std::sync::Arc::new(World::new().await);
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    for round in 0..20 {
        let token = world.token(&picker).await;
        let mut tasks = Vec::new();
        for change in
            [TokenChange::Suspend, TokenChange::Revoke, TokenChange::Resume, TokenChange::Revoke, TokenChange::Suspend, TokenChange::Resume]
        {
            let (world, token) = (world.clone(), token.clone());
            // A change that comes after the revocation is refused: that is what it should be.
            tasks.push(tokio::spawn(async move { drop(world.change(&token, change).await) }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert!(!world.is_active(&picker, &token).await, "round {round}");
    }
}

/// The id counts, not the text: whoever holds the key can write the same token in another way.
#[tokio::test]
async fn another_text_of_a_revoked_token_is_revoked() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let signer = Signer::new(world.stolen_key(orders.signing_algorithm), "at+jwt");
    let again = signer.sign(claims_of(&token).to_string().as_bytes()).unwrap();
    assert_ne!(again, token);
    assert!(world.is_active(&worker, &again).await);
    world.revoke(&worker, &token).await;
    assert!(!world.is_active(&worker, &again).await);
    assert!(!world.is_active(&worker, &signer.sign(claims_of(&token).to_string().as_bytes()).unwrap()).await);
}

/// Not revoked, which somebody would have done.
#[tokio::test]
async fn what_has_expired_is_said_to_have_expired() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let (token, suspended) = (world.token(&worker).await, world.token(&worker).await);
    world.change(&suspended, TokenChange::Suspend).await.unwrap();
    world.advance(3_600);
    for (token, change) in [(&token, TokenChange::Suspend), (&token, TokenChange::Resume), (&suspended, TokenChange::Suspend)] {
        match world.change(token, change).await {
            Err(Failure::Refused(refusal)) => assert!(refusal.detail.contains("has expired"), "{change:?}: {}", refusal.detail),
            other => panic!("{change:?}: {other:?}"),
        }
    }
    assert_eq!(
        world.service().token_state_of_text(&suspended, &world.moment()).await.map(|state| state.standing).ok(),
        Some(Standing::Expired)
    );
}
