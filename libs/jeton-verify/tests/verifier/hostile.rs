//! Forged, malformed and misused tokens.

use jeton_jose::Algorithm;
use jeton_jose::hostile::{controls, shapes};
use jeton_verify::{OfflineVerifier, Refused};

use crate::clock::START;
use crate::fixture::Fixture;
use crate::ledger::{AUDIENCE, Ledger};

#[test]
fn no_shape_is_accepted_offline() {
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519, Algorithm::EdDsa] {
        let ledger = Ledger::new("https://issuer.example").with_key(algorithm);
        let verifier = OfflineVerifier::new("https://issuer.example", AUDIENCE, ledger.jwk_set().as_bytes()).unwrap();
        let claims = ledger.claims(1);
        for control in controls(&ledger.key, &claims).unwrap() {
            assert!(verifier.check(&control.token, START).is_ok(), "{}", control.name);
        }
        let shapes = shapes(&ledger.key, &claims, START).unwrap();
        let accepted: Vec<_> = shapes.iter().filter(|shape| verifier.check(&shape.token, START).is_ok()).map(|shape| &shape.name).collect();
        assert!(accepted.is_empty(), "{accepted:?}");
        assert!(shapes.len() >= 330, "{}", shapes.len());
        println!("{algorithm}: {} hostile shapes, 0 accepted", shapes.len());
    }
}

#[tokio::test]
async fn no_shape_is_accepted_live() {
    let fixture = Fixture::live().await;
    let claims = fixture.ledger.claims(1);
    assert!(fixture.check(&fixture.ledger.token(1)).await.is_ok());
    for shape in shapes(&fixture.ledger.key, &claims, START).unwrap() {
        assert!(fixture.check(&shape.token).await.is_err(), "{}", shape.name);
    }
}

#[test]
fn jetons_own_rules_hold_too() {
    type Change = fn(&mut jeton_jose::jwt::AccessTokenClaims);
    let ledger = Ledger::new("https://issuer.example");
    let verifier = OfflineVerifier::new("https://issuer.example", AUDIENCE, ledger.jwk_set().as_bytes()).unwrap();
    let cases: [(&str, Change, bool); 14] = [
        ("as issued", |_| {}, true),
        ("issued a second ahead", |claims| claims.issued_at = START + 1, true),
        ("issued within the leeway", |claims| claims.issued_at = START + 5, true),
        ("issued beyond it", |claims| claims.issued_at = START + 6, false),
        ("expired within the leeway", |claims| claims.expires_at = START - 4, true),
        ("expired", |claims| claims.expires_at = START - 5, false),
        ("not valid yet", |claims| claims.not_before = Some(START + 6), false),
        ("no version", |claims| claims.version = None, false),
        ("version 2", |claims| claims.version = Some(2), false),
        ("version 0", |claims| claims.version = Some(0), false),
        ("no id of ours", |claims| claims.token_id = "at-1".into(), false),
        ("an id in capitals", |claims| claims.token_id = "AB".repeat(16), false),
        ("scope that is none", |claims| claims.scope = Some("a  b".into()), false),
        ("bound to a key", |claims| claims.confirmation = Some(serde_json::Map::new()), false),
    ];
    for (name, change, expected) in cases {
        let mut claims = ledger.claims(1);
        change(&mut claims);
        // Twice: what was seen before is judged again.
        for _ in 0..2 {
            assert_eq!(verifier.check(&ledger.sign(&claims), START).is_ok(), expected, "{name}");
        }
    }
    let token = ledger.token(1);
    assert!(verifier.check(&token, START).is_ok());
    assert!(matches!(verifier.check(&token, START + 3_595), Err(Refused::Token(_))), "seen before, and expired since");
    let two = jeton_jose::jwt::Audience::several(vec![AUDIENCE.into(), "https://other.example".into()]).unwrap();
    let claims = jeton_jose::jwt::AccessTokenClaims { audience: two, ..ledger.claims(1) };
    assert!(verifier.check(&ledger.sign(&claims), START).is_err(), "one audience per token");
}
