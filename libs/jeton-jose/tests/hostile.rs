//! Every hostile shape is refused, and the controls are not.

use jeton_jose::hostile::{Kind, controls, shapes};
use jeton_jose::jwk::{SigningKey, VerifyingKeys};
use jeton_jose::jwt::{AccessTokenClaims, Audience, Validation};
use jeton_jose::{Algorithm, TokenError};
use serde_json::Map;
use std::collections::HashSet;

const NOW: i64 = 1_800_000_000;

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        issuer: "https://tokens.example".to_owned(),
        subject: "worker".to_owned(),
        audience: Audience::one("https://orders.example"),
        client_id: "worker".to_owned(),
        issued_at: NOW - 10,
        expires_at: NOW + 3590,
        not_before: None,
        token_id: "at-1".to_owned(),
        scope: Some("orders:read".to_owned()),
        session_id: None,
        grant_id: None,
        authenticated_at: None,
        authentication_class: None,
        authentication_methods: None,
        confirmation: None,
        actor: None,
        version: Some(1),
        additional: Map::new(),
    }
}

#[test]
fn every_hostile_shape_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Ed25519, Algorithm::Ps256] {
        let key = SigningKey::generate(algorithm).unwrap();
        // A second key beside it, as there always is one: the next.
        let next = SigningKey::generate(Algorithm::Es384).unwrap();
        let keys = VerifyingKeys::new(vec![key.verifying_key().unwrap(), next.verifying_key().unwrap()]).unwrap();
        for leeway_seconds in [0, 60] {
            let validation = Validation { leeway_seconds, ..Validation::access_token("https://tokens.example", "https://orders.example") };
            let judge = |token: &str| validation.check_access_token(token, &keys, NOW);
            for control in controls(&key, &claims()).unwrap() {
                assert!(judge(&control.token).is_ok(), "{algorithm}: {} was refused", control.name);
            }
            let shapes = shapes(&key, &claims(), NOW).unwrap();
            let accepted: Vec<&str> = shapes.iter().filter(|shape| judge(&shape.token).is_ok()).map(|shape| shape.name.as_str()).collect();
            assert!(accepted.is_empty(), "{algorithm} accepted {accepted:?}");
            let count = |kind: Kind| shapes.iter().filter(|shape| shape.kind == kind).count();
            println!(
                "hostile shapes, {algorithm}: {} forged, {} malformed, {} signed but bad, 0 accepted",
                count(Kind::Forged),
                count(Kind::Malformed),
                count(Kind::SignedButBad)
            );
            assert!(shapes.len() >= 330, "{} shapes", shapes.len());
            let names: HashSet<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
            let tokens: HashSet<&str> = shapes.iter().map(|shape| shape.token.as_str()).collect();
            assert_eq!((names.len(), tokens.len()), (shapes.len(), shapes.len()), "names and tokens are distinct");
        }
    }
}

#[test]
fn refusals_have_their_reasons() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = VerifyingKeys::new(vec![key.verifying_key().unwrap()]).unwrap();
    let validation = Validation::access_token("https://tokens.example", "https://orders.example");
    let shapes = shapes(&key, &claims(), NOW).unwrap();
    let reason = |name: &str| {
        let shape = shapes.iter().find(|shape| shape.name == name).unwrap();
        validation.check_access_token(&shape.token, &keys, NOW).unwrap_err()
    };
    for (name, expected) in [
        ("exp an hour ago", TokenError::Expired),
        ("exp is text", TokenError::ClaimMalformed("exp".into())),
        ("nbf is text", TokenError::ClaimMalformed("nbf".into())),
        ("exp missing", TokenError::ClaimMissing("exp".into())),
        ("iat in an hour", TokenError::IssuedInFuture),
        ("nbf in an hour", TokenError::NotYetValid),
        ("iss with a slash", TokenError::WrongIssuer),
        ("aud another", TokenError::WrongAudience),
        ("typ \"JWT\"", TokenError::WrongType),
        ("header with \"crit\":[]", TokenError::CriticalExtension),
        ("alg \"none\" without signature", TokenError::UnsupportedAlgorithm),
        ("HS256 over the JWK", TokenError::AlgorithmMismatch),
        ("another key under our kid", TokenError::BadSignature),
        ("another key under its kid", TokenError::UnknownKey),
        ("claim scope changed", TokenError::BadSignature),
        ("payload over 8192 bytes", TokenError::TooLong { limit_bytes: 8192 }),
        ("five segments", TokenError::NotCompact),
    ] {
        assert_eq!(reason(name), expected, "{name}");
    }
}

#[test]
fn no_sentence_repeats_the_token() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = VerifyingKeys::new(vec![key.verifying_key().unwrap()]).unwrap();
    let validation = Validation::access_token("https://tokens.example", "https://orders.example");
    for shape in shapes(&key, &claims(), NOW).unwrap() {
        let error = validation.check_access_token(&shape.token, &keys, NOW).unwrap_err();
        let shown = format!("{error} {error:?}");
        for content in ["attacker", "worker", "orders", "at-1", "tokens.example"] {
            assert!(!shown.contains(content), "{}: {shown}", shape.name);
        }
    }
}
