//! Revocations over the feed.

use http::StatusCode;
use jeton_oauth::feed::FeedParser;
use jeton_verify::negatives::Judgement;
use jeton_verify::staleness::Trust;
use jeton_verify::verifier::FeedStatus;
use jeton_verify::{Alert, Refused};
use std::time::Duration;

use crate::clock::TestClock;
use crate::fixture::{Fixture, builder};
use crate::issuer::Issuer;
use crate::ledger::{Ledger, resumed, revoked, suspended, unknown};

#[tokio::test]
async fn a_revoked_token_is_refused_once_the_event_has_come() {
    let mut fixture = Fixture::live_with(vec![revoked(9)], |builder| builder).await;
    let (token, other) = (fixture.ledger.token(1), fixture.ledger.token(2));
    let accepted = fixture.check(&token).await.unwrap();
    assert_eq!((accepted.subject(), accepted.client_id(), accepted.has_scope("orders:read")), ("worker", "worker", true));
    assert_eq!(fixture.check(&fixture.ledger.token(9)).await, Err(Refused::Negative(Judgement::Revoked)));
    assert_eq!(fixture.feed.audience.as_deref(), Some("https://orders.example"));
    fixture.change(suspended(1)).await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Negative(Judgement::Suspended)));
    fixture.change(resumed(1)).await;
    assert!(fixture.check(&token).await.is_ok());
    fixture.change(revoked(1)).await;
    fixture.change(resumed(1)).await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Negative(Judgement::Revoked)));
    assert!(fixture.check(&other).await.is_ok());
    let status = fixture.verifier.status();
    assert_eq!(
        (status.feed, status.trust, status.counters.changes, fixture.issuer.introspections()),
        (FeedStatus::Live, Trust::Sound, 4, 0)
    );
    assert_eq!((status.counters.accepted, status.counters.refused, status.alerts), (3, 3, vec![]));
}

#[tokio::test]
async fn a_connection_goes_on_where_the_last_one_ended() {
    let mut fixture = Fixture::live().await;
    fixture.change(revoked(1)).await;
    fixture.beat().await;
    let last = fixture.ledger.cursor(fixture.sequence).to_string();
    fixture.reconnect().await;
    assert_eq!(fixture.feed.last_event_id, Some(last));
    fixture.change(revoked(2)).await;
    for id in [1, 2] {
        assert_eq!(fixture.check(&fixture.ledger.token(id)).await, Err(Refused::Negative(Judgement::Revoked)));
    }
}

#[tokio::test]
async fn half_an_event_is_none() {
    let mut fixture = Fixture::live().await;
    let bytes = fixture.ledger.narrowing(11, revoked(1)).to_bytes();
    fixture.feed.send_bytes(bytes[..bytes.len() - 1].to_vec());
    fixture.reconnect().await;
    assert_eq!(fixture.feed.last_event_id, Some(fixture.ledger.cursor(10).to_string()));
    assert!(fixture.check(&fixture.ledger.token(1)).await.is_ok());
    fixture.feed.send_bytes(bytes);
    fixture.verifier.wait_for(|status| status.negatives == 1).await;
    assert_eq!(fixture.check(&fixture.ledger.token(1)).await, Err(Refused::Negative(Judgement::Revoked)));
}

#[tokio::test]
async fn a_cursor_that_is_gone_is_dropped_and_nothing_refused_comes_back() {
    let mut fixture = Fixture::live().await;
    fixture.change(revoked(1)).await;
    fixture.issuer.answers.feed_statuses.lock().unwrap().push(StatusCode::GONE);
    fixture.reconnect().await;
    assert_eq!((fixture.feed.status, fixture.feed.last_event_id.is_some()), (StatusCode::GONE, true));
    fixture.feed = fixture.issuer.connection().await;
    assert_eq!((fixture.feed.status, fixture.feed.last_event_id.clone()), (StatusCode::OK, None));
    fixture.feed.send(&fixture.ledger.snapshot(20, vec![revoked(2)]));
    fixture.verifier.wait_for(|status| status.cursor == Some(fixture.ledger.cursor(20))).await;
    for id in [1, 2] {
        assert_eq!(fixture.check(&fixture.ledger.token(id)).await, Err(Refused::Negative(Judgement::Revoked)));
    }
}

#[tokio::test]
async fn a_silent_connection_is_given_up() {
    let mut fixture = Fixture::live_with(vec![], |builder| builder.feed_silence(Duration::from_millis(50))).await;
    // Comments keep no connection: only events do.
    for _ in 0..1_000 {
        fixture.feed.send_bytes(": still here\n\n");
        if let Ok(next) = tokio::time::timeout(Duration::from_millis(5), fixture.issuer.connection()).await {
            assert_eq!(next.last_event_id, Some(fixture.ledger.cursor(10).to_string()));
            return;
        }
    }
    panic!("comments kept the connection");
}

#[tokio::test]
async fn what_is_no_feed_makes_the_verifier_ask() {
    for garbage in [b"event: narrowing\ndata: {}\n\n".to_vec(), b"data: \xff\n\n".to_vec(), vec![b'x'; FeedParser::MAX_EVENT_LEN + 1]] {
        let mut fixture = Fixture::live().await;
        fixture.feed.send_bytes(garbage);
        fixture.feed = fixture.issuer.connection().await;
        assert_eq!(fixture.feed.last_event_id, None);
        let status = fixture.verifier.status();
        assert_eq!((status.trust, status.alerts), (Trust::Doubtful, vec![Alert::FeedInvalid]));
        assert_eq!(fixture.check(&fixture.ledger.token(1)).await, Err(Refused::Inactive));
        fixture.feed.send(&fixture.ledger.snapshot(20, vec![]));
        fixture.verifier.wait_for(|status| status.trust == Trust::Sound).await;
        assert!(fixture.check(&fixture.ledger.token(2)).await.is_ok());
        assert_eq!(fixture.check(&fixture.ledger.token(1)).await, Err(Refused::Negative(Judgement::Suspended)), "refused once");
    }
}

#[tokio::test]
async fn a_change_that_is_not_known_makes_the_verifier_ask_until_a_snapshot_without_it() {
    let mut fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    assert!(fixture.check(&token).await.is_ok());
    fixture.feed.send(&fixture.ledger.narrowing(11, unknown()));
    fixture.feed = fixture.issuer.connection().await;
    assert_eq!(fixture.feed.last_event_id, None);
    fixture.issuer.say(&token, answer(&fixture.ledger, 1));
    assert!(fixture.check(&token).await.is_ok(), "the server knows");
    assert_eq!(fixture.issuer.introspections(), 1);
    fixture.issuer.introspection_status(StatusCode::BAD_GATEWAY);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable), "nobody knows");
    fixture.feed.send(&fixture.ledger.snapshot(12, vec![unknown()]));
    fixture.verifier.wait_for(|status| status.cursor == Some(fixture.ledger.cursor(12))).await;
    assert_eq!(fixture.verifier.status().trust, Trust::Doubtful);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable));
    assert_eq!(fixture.verifier.status().alerts, [Alert::UnknownChange, Alert::RefusedUnasked]);
    fixture.feed.send(&fixture.ledger.snapshot(13, vec![]));
    fixture.verifier.wait_for(|status| status.trust == Trust::Sound).await;
    assert!(fixture.check(&token).await.is_ok());
}

#[tokio::test]
async fn a_ledger_that_shrinks_is_believed_in_nothing() {
    let mut fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    fixture.issuer.say(&token, answer(&fixture.ledger, 1));
    fixture.feed.send(&fixture.ledger.checkpoint_of(11, 5, 3, fixture.clock.seconds()));
    let status = fixture.verifier.wait_for(|status| status.trust == Trust::Broken).await;
    assert_eq!(status.checkpoint_size, Some(11));
    fixture.feed = fixture.issuer.connection().await;
    fixture.feed.send(&fixture.ledger.snapshot(12, vec![]));
    fixture.verifier.wait_for(|status| status.cursor == Some(fixture.ledger.cursor(12))).await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable));
    assert_eq!(fixture.issuer.introspections(), 0, "a server of two histories is not asked");
    assert!(fixture.verifier.status().alerts.contains(&Alert::LedgerForked));
}

#[tokio::test]
async fn a_heartbeat_that_the_ledger_did_not_sign_is_none() {
    let mut fixture = Fixture::live().await;
    fixture.clock.advance(4);
    fixture.feed.send(&fixture.ledger.with_ledger_key(8).checkpoint(11, fixture.clock.seconds()));
    fixture.feed = fixture.issuer.connection().await;
    let status = fixture.verifier.status();
    assert_eq!((status.feed, status.alerts), (FeedStatus::Silent, vec![Alert::FeedInvalid]));
}

#[tokio::test]
async fn without_the_feed_a_verifier_starts_and_asks() {
    let clock = TestClock::new();
    let issuer = Issuer::start().await;
    let ledger = Ledger::new(&issuer.url);
    issuer.publish(ledger.jwk_set());
    *issuer.answers.feed_statuses.lock().unwrap() = vec![StatusCode::FORBIDDEN; 1_000];
    let verifier = builder(&issuer.url, &clock).first_heartbeat_within(Duration::from_millis(50)).start().await.unwrap();
    let token = ledger.token(1);
    assert_eq!(verifier.check(&token).await, Err(Refused::Inactive));
    assert!(verifier.status().alerts.contains(&Alert::CredentialsRefused));
    assert_eq!(verifier.status().feed, FeedStatus::Stale);
}

/// What introspection says of a JWT.
pub(crate) fn answer(ledger: &Ledger, id: u8) -> String {
    let claims = String::from_utf8(ledger.claims(id).to_payload()).unwrap();
    claims.replacen('{', "{\"active\":true,", 1)
}
