//! Opaque tokens.

use http::StatusCode;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_oauth::feed::{Change, Subject, SubjectId};
use jeton_token::{CheckKey, Environment, Kind, Label, Prefix, SecretBytes, TokenId};
use jeton_verify::negatives::Judgement;
use jeton_verify::{Alert, Refused};

use crate::fixture::Fixture;
use crate::ledger::{revoked, token_id, unknown};
use crate::revocation::answer;

/// An opaque token of ours.
fn opaque(id: u8) -> String {
    let label = Label {
        prefix: Prefix::default(),
        environment: Environment::Live,
        kind: Kind::AccessToken,
        epoch: 1,
        id: TokenId::from_bytes([id; 16]),
    };
    label.mint(&SecretBytes::new([id; 20]), &CheckKey::new(&[1; 32])).expose().to_owned()
}

async fn live(id: u8) -> (Fixture, String) {
    let fixture = Fixture::live().await;
    let token = opaque(id);
    fixture.issuer.say(&token, answer(&fixture.ledger, id));
    (fixture, token)
}

/// A client without a secret signs an assertion of its own for each connection to the feed and each question.
#[tokio::test]
async fn are_asked_about_by_a_client_that_signs() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let mut fixture = Fixture::live_with_key(SigningKey::generate(algorithm).unwrap()).await;
        for id in 1..4 {
            let token = opaque(id);
            fixture.issuer.say(&token, answer(&fixture.ledger, id));
            assert_eq!(fixture.check(&token).await.unwrap().id(), token_id(id));
        }
        fixture.reconnect().await;
        assert_eq!(fixture.issuer.answers.spent.lock().unwrap().len(), 5, "two connections, three questions");
    }
}

#[tokio::test]
async fn are_asked_about_once_while_the_feed_is_live() {
    let (mut fixture, token) = live(1).await;
    for _ in 0..3 {
        let accepted = fixture.check(&token).await.unwrap();
        assert_eq!((accepted.id(), accepted.client_id(), accepted.has_scope("orders:read")), (token_id(1), "worker", true));
    }
    assert_eq!(fixture.issuer.introspections(), 1);
    fixture.change(revoked(1)).await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Negative(Judgement::Revoked)));
    assert_eq!(fixture.issuer.introspections(), 1);
}

#[tokio::test]
async fn are_never_accepted_unasked_otherwise() {
    let (mut fixture, token) = live(1).await;
    assert!(fixture.check(&token).await.is_ok());
    fixture.clock.advance(4);
    assert!(fixture.check(&token).await.is_ok());
    assert_eq!(fixture.issuer.introspections(), 2);
    fixture.issuer.introspection_status(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable));
    assert_eq!(fixture.verifier.status().alerts, [Alert::RefusedUnasked]);
    fixture.clock.advance(2);
    fixture.beat().await;
    assert!(fixture.check(&token).await.is_ok(), "the feed is live and the answer young");
    assert_eq!(fixture.issuer.introspections(), 3);
    fixture.feed.send(&fixture.ledger.narrowing(99, unknown()));
    fixture.feed = fixture.issuer.connection().await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Unavailable), "something may have been missed");
}

#[tokio::test]
async fn are_asked_about_again_after_a_minute() {
    let (mut fixture, token) = live(1).await;
    assert!(fixture.check(&token).await.is_ok());
    for (seconds, introspections) in [(60, 1), (1, 2)] {
        fixture.clock.advance(seconds);
        fixture.beat().await;
        assert!(fixture.check(&token).await.is_ok());
        assert_eq!(fixture.issuer.introspections(), introspections);
    }
    fixture.issuer.say(&token, r#"{"active":false}"#);
    fixture.clock.advance(61);
    fixture.beat().await;
    for introspections in [3, 4] {
        assert_eq!(fixture.check(&token).await, Err(Refused::Inactive));
        assert_eq!(fixture.issuer.introspections(), introspections);
    }
}

/// As of a key whose uses are counted.
#[tokio::test]
async fn are_asked_about_each_time_where_the_server_says_so() {
    let (fixture, token) = live(1).await;
    let said = answer(&fixture.ledger, 1);
    for introspections in [1, 2, 3] {
        fixture.issuer.say(&token, said.replacen('{', r#"{"cache_seconds":0,"#, 1));
        assert!(fixture.check(&token).await.is_ok());
        assert_eq!(fixture.issuer.introspections(), introspections);
    }
    fixture.issuer.say(&token, said);
    for _ in 0..2 {
        assert!(fixture.check(&token).await.is_ok());
        assert_eq!(fixture.issuer.introspections(), 4);
    }
}

/// As of a key that was imported: of any format, if it is no JWT.
#[tokio::test]
async fn may_have_two_dots() {
    let fixture = Fixture::live().await;
    for text in ["sk.live.4eC39HqLyjWDarjtT1zdp7dc", "..", "a.b.c", "bm8.anNvbg.eA", "W10.e30.AA", "live/1.2.3"] {
        let introspections = fixture.issuer.introspections();
        assert_eq!(fixture.check(text).await, Err(Refused::Inactive), "{text}");
        fixture.issuer.say(text, answer(&fixture.ledger, 1));
        for _ in 0..2 {
            assert!(fixture.check(text).await.is_ok(), "{text}");
        }
        assert_eq!(fixture.issuer.introspections(), introspections + 2, "{text}");
    }
    // What has the header of a JWT is one, and nobody is asked about what it proves.
    let introspections = fixture.issuer.introspections();
    for text in ["e30.e30.AA", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AA"] {
        fixture.issuer.say(text, answer(&fixture.ledger, 1));
        assert!(matches!(fixture.check(text).await, Err(Refused::Token(_))), "{text}");
    }
    assert_eq!(fixture.issuer.introspections(), introspections);
}

fn key_changed(id: u8) -> Change {
    let subject = Subject::Key(SubjectId::parse(&token_id(id).to_string()).unwrap());
    Change::Cutoff { subject, before_seconds: 0, until_seconds: i64::MAX }
}

/// An answer may be about a key, and what it says of one holds until a change of it is heard.
#[tokio::test]
async fn are_asked_about_again_once_their_key_or_all_keys_changed() {
    let (mut fixture, token) = live(1).await;
    let client = Subject::Client(SubjectId::parse("another").unwrap());
    for (change, introspections) in [
        (key_changed(2), 1),
        (key_changed(1), 2),
        (revoked(2), 2),
        (Change::KeysChanged, 3),
        (Change::Cutoff { subject: client, before_seconds: 0, until_seconds: i64::MAX }, 4),
    ] {
        assert!(fixture.check(&token).await.is_ok());
        fixture.change(change.clone()).await;
        assert!(fixture.check(&token).await.is_ok());
        assert_eq!(fixture.issuer.introspections(), introspections, "{change:?}");
    }
    fixture.issuer.say(&token, r#"{"active":false}"#);
    fixture.change(key_changed(1)).await;
    assert_eq!(fixture.check(&token).await, Err(Refused::Inactive));
}

/// The answer on its way is of before the change: it is for nobody any more, neither for who asked nor for who waits with it.
#[tokio::test]
async fn are_asked_about_again_where_their_key_changed_while_they_were() {
    let (mut fixture, token) = live(1).await;
    fixture.issuer.answers.introspection_open.send_replace(false);
    let checking = |verifier: jeton_verify::Verifier| {
        let token = token.clone();
        tokio::spawn(async move { verifier.check(&token).await })
    };
    let first = checking(fixture.verifier.clone());
    while fixture.issuer.introspections() < 1 {
        tokio::task::yield_now().await;
    }
    fixture.change(key_changed(1)).await;
    let second = checking(fixture.verifier.clone());
    while fixture.verifier.status().counters.asked < 2 {
        tokio::task::yield_now().await;
    }
    fixture.issuer.answers.introspection_open.send_replace(true);
    for check in [first, second] {
        assert!(check.await.unwrap().is_ok());
    }
    assert!(fixture.issuer.introspections() >= 2, "the first answer is of before the change");
    assert!(fixture.check(&token).await.is_ok());
}

#[tokio::test]
async fn are_asked_about_once_by_all_who_wait() {
    let (fixture, token) = live(1).await;
    fixture.issuer.answers.introspection_open.send_replace(false);
    let checks: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (fixture.verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.check(&token).await })
        })
        .collect();
    while fixture.verifier.status().counters.asked < 50 {
        tokio::task::yield_now().await;
    }
    // Whoever began to ask goes away: another does it for the rest.
    checks[0].abort();
    fixture.issuer.answers.introspection_open.send_replace(true);
    for (place, check) in checks.into_iter().enumerate() {
        let result = check.await;
        assert!(result.is_err() && place == 0 || result.is_ok_and(|result| result.is_ok()), "{place}");
    }
    assert!((1..=2).contains(&fixture.issuer.introspections()), "{}", fixture.issuer.introspections());
}

#[tokio::test]
async fn must_be_for_this_api_and_alive() {
    let fixture = Fixture::live().await;
    let genuine = answer(&fixture.ledger, 1);
    for (from, to) in [
        ("https://orders.example", "https://other.example"),
        ("\"https://orders.example\"", "[\"https://orders.example\",\"https://other.example\"]"),
        ("\"iss\":\"http://", "\"iss\":\"https://"),
        ("\"exp\":1800003590", "\"exp\":1799999995"),
        ("\"iat\":1799999990", "\"iat\":1800000006"),
        ("\"exp\":1800003590,", ""),
        ("\"iat\":1799999990,", ""),
        ("\"jti\":\"01010101010101010101010101010101\",", ""),
        ("01010101010101010101010101010101", "1"),
        ("\"aud\":\"https://orders.example\",", ""),
        ("\"ver\":1", "\"ver\":2"),
        ("\"ver\":1", "\"ver\":1,\"cnf\":{\"jkt\":\"x\"}"),
    ] {
        let changed = genuine.replacen(from, to, 1);
        assert_ne!(changed, genuine, "{from}");
        fixture.issuer.say("foreign", changed);
        let result = fixture.check("foreign").await;
        assert!(matches!(result, Err(Refused::Token(_) | Refused::Version | Refused::Bound)), "{from} {to}: {result:?}");
    }
    for (from, to) in [("\"ver\":1", "\"new\":1"), ("\"sub\":\"worker\",", ""), ("\"scope\":\"orders:read\"", "\"new\":[]")] {
        let changed = genuine.replacen(from, to, 1);
        assert_ne!(changed, genuine, "{from}");
        fixture.issuer.say(&format!("foreign{}", to.len()), changed);
        assert!(fixture.check(&format!("foreign{}", to.len())).await.is_ok(), "{from} {to}");
    }
}

#[tokio::test]
async fn junk_costs_no_question() {
    let fixture = Fixture::live().await;
    let mut mistyped = opaque(1);
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == '0' { '1' } else { '0' });
    for junk in ["", &"x".repeat(513), &mistyped] {
        assert!(matches!(fixture.check(junk).await, Err(Refused::Token(_))), "{junk}");
    }
    assert_eq!(fixture.issuer.introspections(), 0);
}
