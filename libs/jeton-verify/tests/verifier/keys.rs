//! The key set, and what it takes to start.

use jeton_jose::Algorithm;
use jeton_jose::TokenError;
use jeton_jose::jwk::JwkSet;
use jeton_oauth::feed::{Change, SubjectId};
use jeton_verify::{Refused, StartError, Verifier};

use crate::clock::{START, TestClock};
use crate::fixture::{Fixture, builder};
use crate::issuer::Issuer;
use crate::ledger::{AUDIENCE, Ledger};

const UNKNOWN_KEY: Refused = Refused::Token(TokenError::UnknownKey);

fn both(one: &Ledger, other: &Ledger) -> String {
    JwkSet::new(vec![one.key.to_jwk().unwrap(), other.key.to_jwk().unwrap()]).to_json()
}

#[tokio::test]
async fn keys_that_change_are_fetched_when_told() {
    let mut fixture = Fixture::live().await;
    let next = fixture.ledger.with_key(Algorithm::Es256);
    fixture.issuer.publish(both(&fixture.ledger, &next));
    fixture.change(Change::SigningKeysChanged).await;
    fixture.verifier.wait_for(|status| status.keys.len() == 2).await;
    assert!(fixture.check(&next.token(1)).await.is_ok());
    assert!(fixture.check(&fixture.ledger.token(2)).await.is_ok());
    // The old key leaves the set: also tokens that were seen before are refused.
    fixture.issuer.publish(next.jwk_set());
    fixture.change(Change::SigningKeysChanged).await;
    fixture.verifier.wait_for(|status| status.keys.len() == 1).await;
    assert_eq!(fixture.check(&fixture.ledger.token(2)).await, Err(UNKNOWN_KEY));
    assert!(fixture.check(&next.token(1)).await.is_ok());
}

#[tokio::test]
async fn a_set_that_is_none_changes_nothing() {
    let mut fixture = Fixture::live().await;
    for set in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "redirect:/elsewhere", &"x".repeat(300_000)] {
        let alerts = fixture.verifier.status().counters.alerts;
        fixture.issuer.publish(set.to_owned());
        fixture.change(Change::SigningKeysChanged).await;
        fixture.verifier.wait_for(|status| status.counters.alerts > alerts).await;
        assert!(fixture.check(&fixture.ledger.token(1)).await.is_ok(), "{set:.40}");
    }
}

#[tokio::test]
async fn unknown_keys_cause_no_storm() {
    let fixture = Fixture::live().await;
    let next = fixture.ledger.with_key(Algorithm::Es256);
    let fetches = fixture.issuer.key_fetches();
    for id in 0..50 {
        assert_eq!(fixture.check(&next.token(id)).await, Err(UNKNOWN_KEY));
    }
    assert_eq!(fixture.issuer.key_fetches(), fetches, "the set was fetched a moment ago");
    fixture.clock.advance(11);
    let checks: Vec<_> = (0..50)
        .map(|id| {
            let (verifier, token) = (fixture.verifier.clone(), next.token(id));
            tokio::spawn(async move { verifier.check(&token).await })
        })
        .collect();
    for check in checks {
        assert_eq!(check.await.unwrap(), Err(UNKNOWN_KEY));
    }
    assert_eq!(fixture.issuer.key_fetches(), fetches + 1);
    fixture.clock.advance(11);
    fixture.issuer.publish(both(&fixture.ledger, &next));
    assert!(fixture.check(&next.token(1)).await.is_ok(), "the new key was published meanwhile");
    assert_eq!(fixture.issuer.key_fetches(), fetches + 2);
}

#[tokio::test]
async fn a_revoked_key_is_dropped_at_once() {
    let mut fixture = Fixture::live().await;
    let next = fixture.ledger.with_key(Algorithm::Es256);
    fixture.issuer.publish(both(&fixture.ledger, &next));
    fixture.change(Change::SigningKeysChanged).await;
    fixture.verifier.wait_for(|status| status.keys.len() == 2).await;
    let token = fixture.ledger.token(1);
    assert!(fixture.check(&token).await.is_ok());
    let kid = SubjectId::parse(fixture.ledger.key.key_id()).unwrap();
    fixture.change(Change::SigningKeyRevoked { kid, until_seconds: START + 9_000 }).await;
    assert_eq!(fixture.check(&token).await, Err(UNKNOWN_KEY));
    assert_eq!(fixture.verifier.status().keys, [next.key.key_id()]);
    // The set that is fetched still holds it: some cache stands between.
    let fetches = fixture.issuer.key_fetches();
    fixture.change(Change::SigningKeysChanged).await;
    while fixture.issuer.key_fetches() == fetches {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.check(&token).await, Err(UNKNOWN_KEY));
    assert!(fixture.check(&next.token(2)).await.is_ok());
}

#[tokio::test]
async fn a_snapshot_under_a_key_that_is_new_is_taken_after_a_look_at_the_set() {
    let clock = TestClock::new();
    let mut issuer = Issuer::start().await;
    let ledger = Ledger::new(&issuer.url);
    let next = ledger.with_key(Algorithm::Es256);
    issuer.publish(ledger.jwk_set());
    let builder = builder(&issuer.url, &clock);
    let feed = async {
        let feed = issuer.connection().await;
        clock.advance(11);
        issuer.publish(next.jwk_set());
        feed.send(&next.snapshot(10, vec![]));
        feed.closed().await;
        let feed = issuer.connection().await;
        feed.send(&next.snapshot(10, vec![]));
        feed.send(&next.checkpoint(10, clock.seconds()));
        feed
    };
    let (verifier, _feed) = tokio::join!(builder.start(), feed);
    let verifier = verifier.unwrap();
    assert!(verifier.check(&next.token(1)).await.is_ok());
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    async fn check(issuer: &str, audience: &str, expected: &str) {
        let error = Verifier::builder(issuer, audience).client("c", "s").start().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    check("http://issuer.example", AUDIENCE, "issuer: an issuer is https; http is for localhost").await;
    check("https://Issuer.example", AUDIENCE, "issuer: ").await;
    check("https://issuer.example", "orders", "audience: ").await;
    check("http://127.0.0.1:9", AUDIENCE, "key set cannot be fetched").await;
    let no_client = Verifier::builder("https://issuer.example", AUDIENCE).start().await.unwrap_err();
    assert_eq!(no_client, StartError::NoClient);
    let elsewhere = Verifier::builder("https://issuer.example", AUDIENCE).server("http://issuer.example").client("c", "s");
    assert!(matches!(elsewhere.start().await, Err(StartError::Setting("server", _))));
    let issuer = Issuer::start().await;
    for set in [r#"{"keys":[]}"#, "redirect:/elsewhere"] {
        issuer.publish(set.to_owned());
        check(&issuer.url, AUDIENCE, "key set cannot be fetched").await;
    }
}

#[tokio::test]
async fn the_server_may_be_reached_in_another_way() {
    let clock = TestClock::new();
    let mut issuer = Issuer::start().await;
    let ledger = Ledger::new("https://issuer.example");
    issuer.publish(ledger.jwk_set());
    let builder = builder("https://issuer.example", &clock).server(&issuer.url);
    let feed = async {
        let feed = issuer.connection().await;
        feed.send(&ledger.snapshot(10, vec![]));
        feed.send(&ledger.checkpoint(10, clock.seconds()));
        feed
    };
    let (verifier, _feed) = tokio::join!(builder.start(), feed);
    assert!(verifier.unwrap().check(&ledger.token(1)).await.is_ok());
}
