//! The issuer before this one.

use std::sync::Arc;

use jeton_jose::jwk::{JwkSet, SigningKey};
use jeton_jose::jws::Signer;
use jeton_jose::{Algorithm, TokenError};
use jeton_verify::{FormerIssuer, Refused, StartError, Verifier};
use serde_json::{Value, json};

use crate::clock::START;
use crate::fixture::{Fixture, builder};
use crate::issuer::Issuer;
use crate::ledger::{AUDIENCE, Ledger};

const OLD: &str = "https://old.example";
const UNTIL: i64 = START + 1_000;

/// A token as another product writes it.
fn foreign(key: &Arc<SigningKey>, token_type: &str, more: &Value) -> String {
    let mut claims = json!({
        "iss": OLD, "sub": "auth0|7", "aud": ["orders", "https://old.example/userinfo"], "azp": "shop",
        "iat": START - 10, "exp": START + 3_590, "jti": "b1d1a7c2-0000-4000-8000-000000000000", "scope": "orders:read openid", "tenant": "north"
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        claims.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    Signer::new(key.clone(), token_type).sign(claims.to_string().as_bytes()).unwrap()
}

fn old_key(algorithm: Algorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).unwrap())
}

fn set(key: &SigningKey) -> String {
    JwkSet::new(vec![key.to_jwk().unwrap()]).to_json()
}

async fn moving(key: &SigningKey) -> Fixture {
    let former = FormerIssuer::new(OLD, UNTIL).audience("orders").key_set(set(key));
    Fixture::live_with(Vec::new(), |builder| builder.former_issuer(former)).await
}

#[tokio::test]
async fn its_tokens_pass_until_the_date_and_say_so() {
    let key = old_key(Algorithm::Es256);
    let mut fixture = moving(&key).await;
    let token = foreign(&key, "JWT", &Value::Null);
    for _ in 0..2 {
        let accepted = fixture.check(&token).await.unwrap();
        assert_eq!((accepted.issuer(), accepted.client_id(), accepted.subject()), (OLD, "shop", "auth0|7"));
        assert!(accepted.has_scope("orders:read") && !accepted.is_revocation_watched());
        assert_eq!(accepted.claim("jti"), Some(&json!("b1d1a7c2-0000-4000-8000-000000000000")));
        assert_eq!(accepted.claim("tenant"), Some(&json!("north")));
    }
    let own = fixture.check(&fixture.ledger.token(1)).await.unwrap();
    assert!(own.is_revocation_watched() && own.issuer() == fixture.issuer.url);
    assert_eq!(fixture.verifier.status().counters.accepted_former, 2);
    assert!(fixture.verifier.report().await);
    let outcomes: Vec<_> = fixture.issuer.answers.reports.lock().unwrap()[0]
        .items
        .iter()
        .map(|item| (item.cell.subject.to_string(), item.cell.outcome.name(), item.count))
        .collect();
    assert!(outcomes.contains(&("unknown".to_owned(), "former_issuer", 2)), "{outcomes:?}");
    // One second before the date, and on it; also what is in memory.
    fixture.clock.advance(999);
    fixture.beat().await;
    assert!(fixture.check(&token).await.is_ok());
    fixture.clock.advance(1);
    fixture.beat().await;
    for dead in [&token, &foreign(&key, "JWT", &json!({"exp": START + 9_000, "iat": START}))] {
        let refused = fixture.check(dead).await.unwrap_err();
        assert_eq!(refused, Refused::FormerIssuer);
        assert!(refused.to_string().contains("no longer accepted"));
    }
    assert!(fixture.check(&fixture.ledger.token(1)).await.is_ok(), "this issuer's pass");
}

#[tokio::test]
async fn no_key_of_one_is_good_for_tokens_of_the_other() {
    for (own, old) in
        [(Algorithm::Ed25519, Algorithm::Ed25519), (Algorithm::Es256, Algorithm::Es256), (Algorithm::Ed25519, Algorithm::Es256)]
    {
        let key = old_key(old);
        let fixture = moving(&key).await;
        let other = fixture.ledger.with_key(own);
        let unknown = Err(Refused::Token(TokenError::UnknownKey));
        // Signed by the other's key, or by a stranger's; whatever type and audience they say.
        for signer in [&fixture.ledger.key, &other.key] {
            for token_type in ["JWT", "at+jwt"] {
                assert_eq!(fixture.check(&foreign(signer, token_type, &Value::Null)).await, unknown);
                assert_eq!(fixture.check(&foreign(signer, token_type, &json!({"aud": AUDIENCE}))).await, unknown);
            }
        }
        for signer in [&key, &other.key] {
            let token = Signer::new(signer.clone(), "at+jwt").sign(&fixture.ledger.claims(1).to_payload()).unwrap();
            assert_eq!(fixture.check(&token).await, unknown);
        }
        // Each for the other's audience.
        let wrong = Err(Refused::Token(TokenError::WrongAudience));
        assert_eq!(fixture.check(&foreign(&key, "at+jwt", &json!({"aud": AUDIENCE}))).await, wrong);
        let mut claims = fixture.ledger.claims(1);
        claims.audience = jeton_jose::jwt::Audience::one("orders");
        assert_eq!(fixture.check(&fixture.ledger.sign(&claims)).await, wrong);
        // An issuer that is neither, by either key; one that is written twice, or not as a text.
        for signer in [&key, &fixture.ledger.key] {
            for issuer in [json!("https://elsewhere.example"), json!([OLD]), json!({"a": OLD}), Value::Null] {
                assert!(fixture.check(&foreign(signer, "JWT", &json!({"iss": issuer}))).await.is_err(), "{issuer}");
            }
            let twice = format!(r#"{{"iss":"{}","iss":"{OLD}","aud":"orders","exp":{}}}"#, fixture.issuer.url, START + 100);
            let twice = Signer::new(signer.clone(), "at+jwt").sign(twice.as_bytes()).unwrap();
            assert!(fixture.check(&twice).await.is_err());
        }
        assert!(fixture.check(&foreign(&key, "at+jwt", &Value::Null)).await.is_ok());
        assert!(fixture.check(&fixture.ledger.token(1)).await.is_ok());
    }
}

/// Under the same `kid`, the key is still the other's.
#[tokio::test]
async fn a_name_that_both_give_a_key_mixes_nothing_up() {
    let key = old_key(Algorithm::Ed25519);
    let issuer = Issuer::start().await;
    let ledger = Ledger::new(&issuer.url);
    let kid = ledger.key.to_jwk().unwrap();
    let kid = kid.key_id().unwrap().to_owned();
    let renamed = set(&key).replace(key.to_jwk().unwrap().key_id().unwrap(), &kid);
    let fixture =
        Fixture::live_with(Vec::new(), |builder| builder.former_issuer(FormerIssuer::new(OLD, UNTIL).audience("orders").key_set(renamed)))
            .await;
    assert!(fixture.check(&foreign(&fixture.ledger.key, "JWT", &Value::Null)).await.is_err());
    assert!(fixture.check(&foreign(&ledger.key, "JWT", &Value::Null)).await.is_err());
}

#[tokio::test]
async fn what_it_may_say() {
    let key = old_key(Algorithm::Es256);
    let fixture = moving(&key).await;
    for (token_type, more, is_ok) in [
        ("at+jwt", json!({}), true),
        ("application/at+jwt", json!({}), true),
        ("jwt", json!({}), true),
        ("logout+jwt", json!({}), false),
        ("JWT", json!({"scope": null, "scp": ["a", "b"]}), true),
        ("JWT", json!({"scope": null, "scp": "a b"}), true),
        ("JWT", json!({"scope": null, "scp": ["a", 5]}), false),
        ("JWT", json!({"scope": "a  b"}), false),
        ("JWT", json!({"scope": 5}), false),
        ("JWT", json!({"exp": START - 10}), false),
        ("JWT", json!({"exp": null}), false),
        ("JWT", json!({"nbf": START + 60}), false),
        ("JWT", json!({"iat": START + 60}), false),
        ("JWT", json!({"cnf": {"jkt": "x"}}), false),
        ("JWT", json!({"aud": "https://old.example/userinfo"}), false),
    ] {
        assert_eq!(fixture.check(&foreign(&key, token_type, &more)).await.is_ok(), is_ok, "{token_type} {more}");
    }
    assert!(fixture.check(&"x".repeat(600)).await.is_err());
}

#[tokio::test]
async fn its_keys_are_fetched_and_it_learns_no_secret() {
    let old = Issuer::start().await;
    let key = old_key(Algorithm::Es256);
    old.publish(set(&key));
    let former = || FormerIssuer::new(OLD, UNTIL).audience("orders").key_set_url(format!("{}/.well-known/jwks.json", old.url));
    let fixture = Fixture::live_with(Vec::new(), |builder| builder.former_issuer(former())).await;
    assert!(fixture.check(&foreign(&key, "JWT", &Value::Null)).await.is_ok());
    assert_eq!(old.answers.authorized_key_fetches(), 0);
    // A key that is new there is fetched when it is met, and no more often than it helps.
    let next = old_key(Algorithm::Es256);
    old.publish(JwkSet::new(vec![key.to_jwk().unwrap(), next.to_jwk().unwrap()]).to_json());
    fixture.clock.advance(11);
    let fetches = old.key_fetches();
    assert!(fixture.check(&foreign(&next, "JWT", &Value::Null)).await.is_ok());
    for _ in 0..20 {
        assert!(fixture.check(&foreign(&old_key(Algorithm::Es256), "JWT", &Value::Null)).await.is_err());
    }
    assert_eq!(old.key_fetches(), fetches + 1);
}

#[tokio::test]
async fn what_is_wrong_with_it_is_said_at_the_start() {
    let issuer = Issuer::start().await;
    issuer.publish(Ledger::new(&issuer.url).jwk_set());
    let key = old_key(Algorithm::Es256);
    let good = || FormerIssuer::new(OLD, UNTIL).audience("orders");
    for (former, expected) in [
        (FormerIssuer::new(OLD, UNTIL).key_set(set(&key)), "audience"),
        (good(), "keys"),
        (good().key_set("{}"), "former_issuer"),
        (good().key_set(r#"{"keys":[]}"#), "no key"),
        (good().key_set_url("http://old.example/keys"), "URL"),
        (good().key_set_url("keys"), "URL"),
        (FormerIssuer::new(issuer.url.clone(), UNTIL).audience("orders").key_set(set(&key)), "another"),
    ] {
        let clock = crate::clock::TestClock::new();
        let started = builder(&issuer.url, &clock).former_issuer(former).start().await;
        let Err(error @ StartError::Setting("former_issuer", _)) = started else { panic!("{expected}") };
        assert!(error.to_string().contains(expected), "{error}");
    }
    let unreachable = good().key_set_url("http://127.0.0.1:1/keys");
    let started = Verifier::builder(&issuer.url, AUDIENCE).client("a", "b").former_issuer(unreachable).start().await;
    assert_eq!(started.err(), Some(StartError::FormerKeySet));
}
