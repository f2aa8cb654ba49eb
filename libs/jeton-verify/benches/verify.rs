//! Microseconds to check a JWT that was seen before, and what the first sight costs beyond its raw signature: `cargo bench -p jeton-verify`.
//!
//! Raw and ours run in turns, so that a busy machine disturbs both alike; of many turns the quickest counts.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, SigningKey};
use jeton_jose::jws::Signer;
use jeton_jose::jwt::{AccessTokenClaims, Audience};
use jeton_verify::OfflineVerifier;
use serde_json::Map;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://tokens.example";
const AUDIENCE: &str = "https://orders.example";
/// Tokens of a turn; none of them is remembered from the turn before.
const TOKENS: usize = 400;
const TURNS: usize = 40;
/// Few enough that some go through undisturbed on a busy machine.
const AT_A_TIME: usize = 10;

fn main() {
    println!("microseconds per check, the quickest of many turns; 100,000 revocations held");
    println!("{:<8}{:>8}{:>14}{:>14}{:>14}{:>10}", "", "bytes", "seen before", "raw check", "first sight", "beyond");
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        measure(algorithm);
    }
}

fn measure(algorithm: Algorithm) {
    let key = Arc::new(SigningKey::generate(algorithm).unwrap());
    let set = JwkSet::new(vec![key.to_jwk().unwrap()]).to_json();
    let signer = Signer::new(key.clone(), "at+jwt");
    let tokens: Vec<String> = (1..=TOKENS).map(|id| signer.sign(&claims(id).to_payload()).unwrap()).collect();
    let raw_key = key.verifying_key().unwrap();
    let parts: Vec<(&str, Vec<u8>)> = tokens
        .iter()
        .map(|token| {
            let (message, signature) = token.rsplit_once('.').unwrap();
            (message, jeton_jose::base64url::decode(signature).unwrap())
        })
        .collect();
    let mut best = [f64::MAX; 3];
    for _ in 0..TURNS {
        let verifier = verifier(&set);
        for (tokens, parts) in tokens.chunks(AT_A_TIME).zip(parts.chunks(AT_A_TIME)) {
            let raw = || parts.iter().for_each(|(message, signature)| raw_key.verify(black_box(message.as_bytes()), signature).unwrap());
            let check = || tokens.iter().for_each(|token| drop(black_box(verifier.check(black_box(token), NOW).unwrap())));
            // The tables of the curve are in the processor's cache for each of the three.
            raw();
            let times = [time(raw), time(check), time(check)];
            best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time * 1e6 / AT_A_TIME as f64));
        }
    }
    let [raw, first, seen] = best;
    let bytes = tokens.first().map_or(0, String::len);
    println!("{:<8}{bytes:>8}{seen:>14.3}{raw:>14.2}{first:>14.2}{:>10.2}", algorithm.name(), first - raw);
}

/// A verifier with as many negatives as a busy server has.
fn verifier(set: &str) -> OfflineVerifier {
    let verifier = OfflineVerifier::new(ISSUER, AUDIENCE, set.as_bytes()).unwrap();
    for id in 0..100_000_u128 {
        verifier.negatives().revoke((id << 64).to_be_bytes(), NOW + 900);
    }
    verifier
}

fn claims(id: usize) -> AccessTokenClaims {
    AccessTokenClaims {
        issuer: ISSUER.to_owned(),
        subject: "cl_4f7a1c9e0b2d".to_owned(),
        audience: Audience::one(AUDIENCE),
        client_id: "cl_4f7a1c9e0b2d".to_owned(),
        issued_at: NOW - 10,
        expires_at: NOW + 3_590,
        not_before: Some(NOW - 10),
        token_id: format!("{id:032x}"),
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

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(work: impl FnOnce()) -> f64 {
    let start = std::time::Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
