//! What a token costs beyond its raw signature: `cargo bench -p jeton-jose`.
//!
//! Raw and ours run in turns, so that a busy machine disturbs both alike; of many turns the quickest counts.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair};
use jeton_jose::Algorithm;
use jeton_jose::jwk::{SigningKey, VerifyingKeys};
use jeton_jose::jws::Signer;
use jeton_jose::jwt::{AccessTokenClaims, Audience, Validation};
use serde_json::Map;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://tokens.example";
const AUDIENCE: &str = "https://orders.example";

fn main() {
    let payload = claims().to_payload();
    println!("claims of {} bytes; microseconds each, the quickest of many turns", payload.len());
    println!("{:<8}{:>12}{:>12}{:>8}{:>8}   {:>12}{:>12}{:>8}{:>8}", "", "raw sign", "issue", "+", "x", "raw check", "verify", "+", "x");
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256] {
        measure(algorithm);
    }
}

fn measure(algorithm: Algorithm) {
    let key = Arc::new(SigningKey::generate(algorithm).unwrap());
    let raw = Raw::new(algorithm, &key.to_private_bytes().unwrap());
    let signer = Signer::new(key.clone(), "at+jwt");
    let keys = VerifyingKeys::new(vec![key.verifying_key().unwrap()]).unwrap();
    let validation = Validation::access_token(ISSUER, AUDIENCE);
    let claims = claims();
    let token = signer.sign(&claims.to_payload()).unwrap();
    let message = token.rsplit_once('.').unwrap().0.as_bytes();
    let signature = raw.sign(message);

    let turns = if algorithm == Algorithm::Rs256 { 40 } else { 200 };
    let [raw_sign, issue] = quickest(
        turns,
        [&|| drop(black_box(raw.sign(black_box(message)))), &|| {
            drop(black_box(signer.sign(&black_box(&claims).to_payload()).unwrap()));
        }],
    );
    let [raw_check, verify] = quickest(
        turns,
        [&|| assert!(raw.check(black_box(message), black_box(&signature))), &|| {
            drop(black_box(validation.check_access_token(black_box(&token), &keys, NOW).unwrap()));
        }],
    );
    println!(
        "{:<8}{raw_sign:>12.2}{issue:>12.2}{:>8.2}{:>8.3}   {raw_check:>12.2}{verify:>12.2}{:>8.2}{:>8.3}",
        algorithm.name(),
        issue - raw_sign,
        issue / raw_sign,
        verify - raw_check,
        verify / raw_check
    );
}

/// Microseconds of one run of each, the quickest turn of each.
fn quickest(turns: usize, runs: [&dyn Fn(); 2]) -> [f64; 2] {
    const RUNS: u32 = 50;
    let mut best = [f64::MAX; 2];
    for _ in 0..turns {
        for (run, best) in runs.iter().zip(&mut best) {
            let start = now();
            for _ in 0..RUNS {
                run();
            }
            *best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS));
        }
    }
    best
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

/// The library's own primitives, keys parsed.
enum Raw {
    Ecdsa(EcdsaKeyPair, ParsedPublicKey),
    Ed25519(Ed25519KeyPair, ParsedPublicKey),
    Rsa(RsaKeyPair, ParsedPublicKey),
    Hmac(Box<hmac::Key>),
}

impl Raw {
    fn new(algorithm: Algorithm, private: &[u8]) -> Self {
        match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, private).unwrap();
                let public = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key()).unwrap();
                Self::Ecdsa(pair, public)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(private).unwrap();
                let public = ParsedPublicKey::new(&signature::ED25519, pair.public_key()).unwrap();
                Self::Ed25519(pair, public)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(private).unwrap();
                let public = ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap();
                Self::Rsa(pair, public)
            }
            _ => Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, private))),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ecdsa(pair, _) => pair.sign(&dice(), message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair, _) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair, _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &dice(), message, &mut signature).unwrap();
                signature
            }
            Self::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
        }
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ecdsa(_, public) | Self::Ed25519(_, public) | Self::Rsa(_, public) => public.verify_sig(message, signature).is_ok(),
            Self::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

#[expect(clippy::disallowed_types, reason = "the library's interface asks for this handle and ignores it")]
fn dice() -> aws_lc_rs::rand::SystemRandom {
    aws_lc_rs::rand::SystemRandom::new()
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        issuer: ISSUER.to_owned(),
        subject: "cl_6tQm3vXcRzW2kLpN".to_owned(),
        audience: Audience::one(AUDIENCE),
        client_id: "cl_6tQm3vXcRzW2kLpN".to_owned(),
        issued_at: NOW - 10,
        expires_at: NOW + 3590,
        not_before: Some(NOW - 10),
        token_id: "0198c5e4a1b27c3d9e4f5a6b7c8d9e0f".to_owned(),
        scope: Some("orders:read orders:write".to_owned()),
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
