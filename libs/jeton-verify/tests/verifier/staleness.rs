//! Verifiers that no longer hear.

use http::StatusCode;
use jeton_verify::negatives::Judgement;
use jeton_verify::staleness::Patience;
use jeton_verify::verifier::FeedStatus;
use jeton_verify::{Alert, Refused};

use crate::fixture::Fixture;
use crate::ledger::{resumed, revoked};
use crate::revocation::answer;

#[tokio::test]
async fn a_stale_verifier_asks() {
    let mut fixture = Fixture::live().await;
    let (token, dead) = (fixture.ledger.token(1), fixture.ledger.token(2));
    fixture.issuer.say(&token, answer(&fixture.ledger, 1));
    for id in [1, 2] {
        assert!(fixture.check(&fixture.ledger.token(id)).await.is_ok());
    }
    fixture.clock.advance(30);
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!((fixture.verifier.status().feed, fixture.issuer.introspections()), (FeedStatus::Silent, 0));
    fixture.clock.advance(1);
    assert_eq!(fixture.verifier.status().feed, FeedStatus::Stale);
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!(fixture.check(&dead).await, Err(Refused::Inactive));
    assert_eq!(fixture.issuer.introspections(), 2);
    // The feed comes back and has not yet told why: what was refused stays refused. What comes may be older than the refusal.
    fixture.beat().await;
    assert!(fixture.check(&token).await.is_ok());
    fixture.change(resumed(2)).await;
    assert_eq!(fixture.check(&dead).await, Err(Refused::Negative(Judgement::Suspended)));
    assert_eq!(fixture.issuer.introspections(), 2);
}

/// A client that may not introspect for a while hears of every token that it is not active.
#[tokio::test]
async fn a_refusal_lasts_until_the_feed_must_have_told_of_it() {
    let mut fixture = Fixture::live().await;
    let long = |fixture: &Fixture, id| {
        let mut claims = fixture.ledger.claims(id);
        claims.expires_at += 10_000;
        fixture.ledger.sign(&claims)
    };
    let (asked, dead) = (long(&fixture, 1), long(&fixture, 2));
    fixture.clock.advance(31);
    assert_eq!(fixture.check(&asked).await, Err(Refused::Inactive));
    assert_eq!(fixture.check(&dead).await, Err(Refused::Inactive));
    for _ in 0..3 {
        fixture.beat().await;
        assert_eq!(fixture.check(&asked).await, Err(Refused::Negative(Judgement::Suspended)), "a heartbeat may have been on its way");
        fixture.clock.advance(10);
    }
    fixture.change(revoked(2)).await;
    fixture.clock.advance(70);
    assert_eq!(fixture.check(&asked).await, Err(Refused::Negative(Judgement::Suspended)), "nothing was heard since");
    fixture.beat().await;
    assert!(fixture.check(&asked).await.is_ok());
    assert_eq!(fixture.check(&dead).await, Err(Refused::Negative(Judgement::Revoked)));
    assert_eq!(fixture.issuer.introspections(), 2);
}

#[tokio::test]
async fn a_verifier_that_is_cut_off_accepts_for_a_while() {
    let fixture = Fixture::live_with(vec![revoked(3)], |builder| builder).await;
    let long = |id| {
        let mut claims = fixture.ledger.claims(id);
        claims.expires_at += 10_000;
        fixture.ledger.sign(&claims)
    };
    let (token, refused) = (long(1), long(2));
    assert!(fixture.check(&refused).await.is_ok());
    fixture.clock.advance(31);
    assert_eq!(fixture.check(&refused).await, Err(Refused::Inactive));
    fixture.issuer.introspection_status(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!(fixture.verifier.status().alerts, [Alert::AcceptedStale]);
    assert_eq!(fixture.issuer.introspections(), 2);
    // For a second nobody waits for a server that just gave no answer.
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!(fixture.issuer.introspections(), 2);
    assert_eq!(fixture.check(&refused).await, Err(Refused::Negative(Judgement::Suspended)), "refused once");
    assert_eq!(fixture.check(&fixture.ledger.token(3)).await, Err(Refused::Negative(Judgement::Revoked)));
    fixture.clock.advance(599);
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!(fixture.issuer.introspections(), 3);
    fixture.clock.advance(1);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable));
    fixture.clock.put_back(600);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable), "a clock that is put back makes nothing fresh");
    let status = fixture.verifier.status();
    assert_eq!((status.counters.accepted_stale, status.alerts), (3, vec![Alert::AcceptedStale, Alert::RefusedUnasked]));
}

#[tokio::test]
async fn a_strict_verifier_accepts_nothing_unasked() {
    let fixture = Fixture::patient(Patience::STRICT).await;
    let token = fixture.ledger.token(1);
    fixture.clock.advance(5);
    assert!(fixture.check(&token).await.is_ok());
    fixture.clock.advance(1);
    fixture.issuer.introspection_status(StatusCode::FORBIDDEN);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable));
    assert_eq!(fixture.verifier.status().alerts, [Alert::CredentialsRefused, Alert::RefusedUnasked]);
    fixture.clock.advance(2);
    fixture.issuer.introspection_status(StatusCode::OK);
    fixture.issuer.say(&token, answer(&fixture.ledger, 1));
    assert!(fixture.check(&token).await.is_ok());
}

#[tokio::test]
async fn an_answer_about_another_token_is_no_yes() {
    let fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    fixture.clock.advance(31);
    fixture.issuer.say(&token, answer(&fixture.ledger, 2));
    assert_eq!(fixture.check(&token).await, Err(Refused::Inactive));
    for nonsense in ["", "{}", r#"{"active":"true"}"#, r#"{"active":true}{"#] {
        fixture.clock.advance(2);
        fixture.issuer.say(&token, nonsense);
        assert!(fixture.check(&token).await.is_ok(), "no answer, so it passes as stale: {nonsense}");
    }
    assert_eq!(fixture.verifier.status().counters.accepted_stale, 4);
}

#[tokio::test]
async fn a_revocation_that_arrives_before_the_answer_counts() {
    let mut fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    fixture.issuer.say(&token, answer(&fixture.ledger, 1));
    fixture.clock.advance(31);
    fixture.issuer.answers.introspection_open.send_replace(false);
    let verifier = fixture.verifier.clone();
    let checked = token.clone();
    let checking = tokio::spawn(async move { verifier.check(&checked).await });
    while fixture.issuer.introspections() == 0 {
        tokio::task::yield_now().await;
    }
    fixture.change(revoked(1)).await;
    fixture.issuer.answers.introspection_open.send_replace(true);
    assert_eq!(checking.await.unwrap(), Err(Refused::Negative(Judgement::Revoked)));
}
