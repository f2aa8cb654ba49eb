//! Every algorithm from a new key to a checked token, and what a key refuses to be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jeton_jose::jwk::{Jwk, JwkSet, RsaSize, SigningKey, VerifyingKey, VerifyingKeys};
use jeton_jose::jws::{self, MAX_TOKEN_BYTES, Signer, Unverified};
use jeton_jose::jwt::{AccessTokenClaims, Audience, Claims, TokenType, Validation};
use jeton_jose::{Algorithm, KeyError, TokenError, base64url};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

const NOW: i64 = 1_800_000_000;

fn key(algorithm: Algorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).unwrap())
}

fn keys(key: &SigningKey) -> VerifyingKeys {
    VerifyingKeys::new(vec![key.verifying_key().unwrap()]).unwrap()
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        issuer: "https://tokens.example".to_owned(),
        subject: "worker".to_owned(),
        audience: Audience::one("https://orders.example"),
        client_id: "worker".to_owned(),
        issued_at: NOW,
        expires_at: NOW + 3600,
        not_before: Some(NOW),
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
fn every_algorithm_signs_and_is_checked() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let keys = keys(&key);
        let token = Signer::new(key.clone(), "JWT").sign(b"payload").unwrap();
        let verified = jws::verify(&token, &keys, MAX_TOKEN_BYTES).unwrap();
        assert_eq!(verified.payload, b"payload", "{algorithm}");
        assert_eq!(verified.header.algorithm, algorithm);
        assert_eq!(verified.header.key_id.as_deref(), Some(key.key_id()));

        let back = SigningKey::from_private_bytes(algorithm, &key.to_private_bytes().unwrap()).unwrap();
        assert_eq!(back.key_id(), key.key_id(), "{algorithm}");
        let again = Signer::new(Arc::new(back), "JWT").sign(b"payload").unwrap();
        assert!(jws::verify(&again, &keys, MAX_TOKEN_BYTES).is_ok());
        if algorithm.is_symmetric() {
            assert_eq!(key.to_jwk().err(), Some(KeyError::UnsupportedKeyType));
            continue;
        }
        let jwk = key.to_jwk().unwrap();
        let text = serde_json::to_vec(&jwk).unwrap();
        assert_eq!(Jwk::parse(&text), Ok(jwk.clone()), "{algorithm}");
        assert_eq!(jwk.thumbprint(), key.key_id());
        let set = serde_json::to_vec(&JwkSet::new(vec![jwk])).unwrap();
        let (published, ignored) = VerifyingKeys::from_jwk_set(&JwkSet::parse(&set).unwrap(), None).unwrap();
        assert!(ignored.is_empty());
        assert!(jws::verify(&token, &published, MAX_TOKEN_BYTES).is_ok());
    }
}

#[test]
fn a_larger_rsa_key_works_too() {
    let key = Arc::new(SigningKey::generate_rsa(Algorithm::Ps256, RsaSize::Bits3072).unwrap());
    let token = Signer::new(key.clone(), "JWT").sign(b"{}").unwrap();
    assert!(jws::verify(&token, &keys(&key), MAX_TOKEN_BYTES).is_ok());
    assert_eq!(SigningKey::generate_rsa(Algorithm::Es256, RsaSize::Bits2048).err(), Some(KeyError::AlgorithmMismatch));
}

#[test]
fn a_private_key_belongs_to_one_algorithm() {
    for (made, taken) in [
        (Algorithm::Es256, Algorithm::Es384),
        (Algorithm::Es512, Algorithm::Es256),
        (Algorithm::EdDsa, Algorithm::Es256),
        (Algorithm::Es256, Algorithm::EdDsa),
        (Algorithm::Es256, Algorithm::Rs256),
    ] {
        let bytes = key(made).to_private_bytes().unwrap();
        assert!(SigningKey::from_private_bytes(taken, &bytes).is_err());
    }
    for length in [0, 31] {
        let secret = Zeroizing::new(vec![7; length]);
        assert_eq!(SigningKey::hmac(Algorithm::Hs256, secret, None).err(), Some(KeyError::Weak));
    }
}

#[test]
fn nothing_secret_is_shown() {
    for algorithm in [Algorithm::Es256, Algorithm::Hs256, Algorithm::EdDsa] {
        let key = key(algorithm);
        let secret = key.to_private_bytes().unwrap();
        for shown in [format!("{key:?}"), format!("{:?}", key.verifying_key().unwrap()), format!("{:?}", Signer::new(key.clone(), "JWT"))] {
            assert!(shown.contains(algorithm_variant(algorithm)), "{shown}");
            assert!(!shown.contains(&base64url::encode(&secret)));
            assert!(!shown.contains(&format!("{:?}", secret.as_slice())));
        }
    }
}

fn algorithm_variant(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Es256 => "Es256",
        Algorithm::Hs256 => "Hs256",
        _ => "EdDsa",
    }
}

#[test]
fn access_tokens_are_written_and_read() {
    let key = key(Algorithm::Es256);
    let signer = Signer::new(key.clone(), "at+jwt");
    let keys = keys(&key);
    let validation = Validation::access_token("https://tokens.example", "https://orders.example");
    let full = AccessTokenClaims {
        audience: Audience::several(vec!["https://orders.example".into(), "b".into()]).unwrap(),
        session_id: Some("s".into()),
        grant_id: Some("g".into()),
        authenticated_at: Some(NOW - 5),
        authentication_class: Some("c".into()),
        authentication_methods: Some(vec!["pwd".into()]),
        confirmation: json!({"jkt": "x"}).as_object().cloned(),
        actor: json!({"sub": "y"}).as_object().cloned(),
        additional: Map::from_iter([("tenant".to_owned(), Value::from("t"))]),
        ..claims()
    };
    for claims in [claims(), full] {
        let token = signer.sign(&claims.to_payload()).unwrap();
        assert_eq!(validation.check_access_token(&token, &keys, NOW), Ok(claims));
    }
}

#[test]
fn time_and_place_are_judged() {
    let validation = Validation { leeway_seconds: 5, ..Validation::access_token("https://tokens.example", "https://orders.example") };
    let judged = |change: fn(&mut AccessTokenClaims), now: i64| {
        let mut claims = claims();
        change(&mut claims);
        validation.check_access_claims(&claims, now)
    };
    assert_eq!(judged(|_| (), NOW), Ok(()));
    assert_eq!(judged(|_| (), NOW + 3604), Ok(()));
    assert_eq!(judged(|_| (), NOW + 3605), Err(TokenError::Expired));
    assert_eq!(judged(|_| (), i64::MAX), Err(TokenError::Expired));
    assert_eq!(judged(|_| (), NOW - 5), Ok(()));
    assert_eq!(judged(|_| (), NOW - 6), Err(TokenError::NotYetValid));
    assert_eq!(judged(|claims| claims.not_before = None, NOW - 6), Err(TokenError::IssuedInFuture));
    assert_eq!(judged(|claims| claims.issuer.push('/'), NOW), Err(TokenError::WrongIssuer));
    assert_eq!(judged(|claims| claims.audience = Audience::one("x"), NOW), Err(TokenError::WrongAudience));
}

#[test]
fn an_assertion_names_us_alone() {
    let key = key(Algorithm::EdDsa);
    let keys = keys(&key);
    let validation = Validation::client_assertion("client", "https://tokens.example");
    let judged = |token_type: &str, audience: Value, remove: &str| {
        let mut claims = json!({
            "iss": "client", "sub": "client", "jti": "1", "exp": NOW + 60, "aud": audience,
        });
        claims.as_object_mut().unwrap().remove(remove);
        let token = Signer::new(key.clone(), token_type).sign(claims.to_string().as_bytes()).unwrap();
        validation.check(&token, &keys, NOW).map(|_| ())
    };
    let us = || json!("https://tokens.example");
    assert_eq!(judged("JWT", us(), ""), Ok(()));
    assert_eq!(judged("client-authentication+jwt", us(), ""), Ok(()));
    assert_eq!(judged("JWT", json!(["https://tokens.example"]), ""), Ok(()));
    assert_eq!(judged("at+jwt", us(), ""), Err(TokenError::WrongType));
    assert_eq!(judged("JWT", json!(["https://tokens.example", "b"]), ""), Err(TokenError::WrongAudience));
    let about_another = Validation { subject: Some("another".to_owned()), ..validation.clone() };
    let claims = json!({"iss": "client", "sub": "client", "jti": "1", "exp": NOW + 60, "aud": us()}).to_string();
    let claims = Claims::parse(claims.as_bytes()).unwrap();
    assert_eq!(validation.check_claims(&claims, NOW), Ok(()));
    assert_eq!(about_another.check_claims(&claims, NOW), Err(TokenError::WrongSubject));
    for claim in ["iss", "sub", "jti", "exp", "aud"] {
        assert_eq!(judged("JWT", us(), claim), Err(TokenError::ClaimMissing(claim.into())));
    }
}

#[test]
fn types_are_compared_exactly() {
    for (kind, found, expected) in [
        (TokenType::AccessToken, Some("at+jwt"), true),
        (TokenType::AccessToken, Some("application/at+jwt"), true),
        (TokenType::AccessToken, Some("AT+JWT"), false),
        (TokenType::AccessToken, Some("JWT"), false),
        (TokenType::AccessToken, Some("application/application/at+jwt"), false),
        (TokenType::AccessToken, None, false),
        (TokenType::ClientAssertion, None, true),
        (TokenType::ClientAssertion, Some("at+jwt"), false),
        (TokenType::Named("logout+jwt".into()), Some("logout+jwt"), true),
        (TokenType::Named("logout+jwt".into()), Some("JWT"), false),
    ] {
        assert_eq!(kind.matches(found), expected, "{kind:?} {found:?}");
    }
}

#[test]
fn a_token_is_read_before_its_keys_are_known() {
    let key = key(Algorithm::Es384);
    let claims = Claims { issuer: Some("client".into()), ..Claims::default() };
    let token = Signer::new(key.clone(), "JWT").sign(&claims.to_payload()).unwrap();
    let unverified = Unverified::parse(&token, MAX_TOKEN_BYTES).unwrap();
    assert_eq!(Claims::parse(unverified.untrusted_payload()), Ok(claims.clone()));
    assert!(unverified.verify(&keys(&key)).is_ok());
}

#[test]
fn keys_are_chosen_by_name_or_by_algorithm() {
    let named = |id: Option<&str>| {
        let secret = base64url::encode(id.unwrap_or("unnamed").repeat(40).as_bytes());
        let text = json!({"kty": "oct", "k": secret, "alg": "HS256", "kid": id}).to_string();
        let text = if id.is_none() { text.replace(r#""kid":null,"#, "") } else { text };
        VerifyingKey::from_secret_jwk(text.as_bytes(), None).unwrap()
    };
    let sign = |id: &str, kid: Option<&str>| {
        let header = match kid {
            Some(kid) => json!({"alg": "HS256", "kid": kid}),
            None => json!({"alg": "HS256"}),
        };
        let signed = format!("{}.e30", base64url::encode(header.to_string().as_bytes()));
        let key = SigningKey::hmac(Algorithm::Hs256, Zeroizing::new(id.repeat(40).into_bytes()), None).unwrap();
        let signature = key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64url::encode(&signature))
    };
    let set = |ids: &[&str]| VerifyingKeys::new(ids.iter().map(|id| named(Some(id))).collect()).unwrap();
    let judged = |token: &str, keys: &VerifyingKeys| {
        jws::verify(token, keys, MAX_TOKEN_BYTES).map(|verified| verified.key.key_id().map(str::to_owned))
    };
    let four = set(&["a", "b", "c", "d"]);
    let five = set(&["a", "b", "c", "d", "e"]);
    assert_eq!(judged(&sign("d", Some("d")), &four), Ok(Some("d".into())));
    assert_eq!(judged(&sign("d", None), &four), Ok(Some("d".into())));
    assert_eq!(judged(&sign("e", None), &four), Err(TokenError::BadSignature));
    assert_eq!(judged(&sign("d", Some("a")), &four), Err(TokenError::BadSignature));
    assert_eq!(judged(&sign("d", Some("x")), &four), Err(TokenError::UnknownKey));
    assert_eq!(judged(&sign("a", None), &five), Err(TokenError::AmbiguousKey));
    assert_eq!(judged(&sign("a", Some("a")), &five), Ok(Some("a".into())));
    assert_eq!(judged(&sign("a", None), &VerifyingKeys::default()), Err(TokenError::UnknownKey));
    assert_eq!(VerifyingKeys::new(vec![named(Some("a")), named(Some("a"))]).err(), Some(KeyError::DuplicateKeyId));
    assert!(VerifyingKeys::new(vec![named(None), named(None)]).is_ok());
    assert_eq!(VerifyingKeys::new(vec![named(None), key(Algorithm::EdDsa).verifying_key().unwrap()]).err(), Some(KeyError::MixedSet));
}

#[test]
fn unfit_public_keys_are_refused() {
    let good = serde_json::to_value(key(Algorithm::Es256).to_jwk().unwrap()).unwrap();
    let judged = |change: Value| {
        let mut members = good.as_object().unwrap().clone();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        Jwk::parse(Value::Object(members).to_string().as_bytes()).and_then(|jwk| VerifyingKey::from_jwk(&jwk, None)).err()
    };
    let x = good["x"].as_str().unwrap();
    for (change, expected) in [
        (json!({}), None),
        (json!({"key_ops": ["verify"]}), None),
        (json!({"x5u": "https://evil.example", "unknown": {}}), None),
        (json!({"alg": null}), Some(KeyError::AlgorithmMissing)),
        (json!({"alg": "ES384"}), Some(KeyError::AlgorithmMismatch)),
        (json!({"alg": "HS256"}), Some(KeyError::AlgorithmMismatch)),
        (json!({"alg": "none"}), Some(KeyError::UnsupportedAlgorithm)),
        (json!({"alg": 1}), Some(KeyError::Malformed("alg"))),
        (json!({"use": "enc"}), Some(KeyError::WrongUse)),
        (json!({"key_ops": ["sign"]}), Some(KeyError::WrongUse)),
        (json!({"key_ops": []}), Some(KeyError::WrongUse)),
        (json!({"key_ops": "verify"}), Some(KeyError::Malformed("key_ops"))),
        (json!({"key_ops": ["verify", "verify"]}), Some(KeyError::Malformed("key_ops"))),
        (json!({"d": x}), Some(KeyError::PrivateMember("d"))),
        (json!({"k": x}), Some(KeyError::PrivateMember("k"))),
        (json!({"y": x}), Some(KeyError::Inconsistent)),
        (json!({"y": null}), Some(KeyError::Missing("y"))),
        (json!({"x": format!("{x}=")}), Some(KeyError::Malformed("x"))),
        (json!({"x": &x[..40]}), Some(KeyError::Malformed("x"))),
        (json!({"x": format!("AA{x}")}), Some(KeyError::Malformed("x"))),
        (json!({"crv": "P-384"}), Some(KeyError::Malformed("x"))),
        (json!({"crv": "secp256k1"}), Some(KeyError::UnsupportedCurve)),
        (json!({"kty": "oct"}), Some(KeyError::UnsupportedKeyType)),
        (json!({"kty": null}), Some(KeyError::Missing("kty"))),
        (json!({"kid": ""}), Some(KeyError::Malformed("kid"))),
        (json!({"kid": "k".repeat(129)}), Some(KeyError::Malformed("kid"))),
    ] {
        let shown = change.to_string();
        assert_eq!(judged(change), expected, "{shown}");
    }
}

#[test]
fn a_set_leaves_out_what_it_cannot_use() {
    let good = serde_json::to_value(key(Algorithm::Es256).to_jwk().unwrap()).unwrap();
    let mut for_encryption = good.clone();
    for_encryption["use"] = json!("enc");
    for_encryption["kid"] = json!("enc");
    let set = json!({"keys": [good, {"kty": "new", "kid": "n"}, for_encryption]}).to_string();
    let (keys, ignored) = VerifyingKeys::from_jwk_set(&JwkSet::parse(set.as_bytes()).unwrap(), None).unwrap();
    assert_eq!(keys.keys().len(), 1);
    let reasons: Vec<_> = ignored.iter().map(|key| (key.key_id.as_deref(), key.reason)).collect();
    assert_eq!(reasons, [(Some("n"), KeyError::UnsupportedKeyType), (Some("enc"), KeyError::WrongUse)]);
    for (set, expected) in [
        ("{}", KeyError::Missing("keys")),
        (r#"{"keys":{}}"#, KeyError::Malformed("keys")),
        (r#"{"keys":[1]}"#, KeyError::Malformed("keys")),
        (r#"{"keys":[{"kty":"oct","k":"AA"}]}"#, KeyError::PrivateMember("k")),
    ] {
        assert_eq!(JwkSet::parse(set.as_bytes()), Err(expected), "{set}");
    }
    let many = json!({"keys": vec![json!({}); 101]}).to_string();
    assert_eq!(JwkSet::parse(many.as_bytes()), Err(KeyError::TooManyKeys));
}
