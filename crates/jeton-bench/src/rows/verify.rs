//! `verify_*`: what `jeton-verify` costs an API, beside the raw check of the same signatures.

use std::time::Duration;

use aws_lc_rs::signature::{self, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_oauth::ScopeSet;
use jeton_verify::{OfflineVerifier, Presented, Verifier};
use serde_json::Value;

use crate::bench::Bench;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::http::{exchange, get};
use crate::jeton::ISSUER;
use crate::raw::median;
use crate::row::{Figures, Limit, Reading};
use crate::tokens::Tokens;
use crate::world::{World, audience};

const SEEN_US: f64 = 1.0;
const BEYOND_RAW_US: f64 = 1.5;

/// What counting may add to a check.
const COUNTING_US: f64 = 1.0;
const COUNTING: &str = "verify_counting";

const TOKENS: usize = 400;

/// Raw and ours take turns after so many tokens, so that a busy machine disturbs both alike.
const AT_A_TIME: usize = 10;

/// One check of a token seen before is too short for the clock.
const SEEN_AGAIN: usize = 20;

/// As many as a busy server has; none of them is one of the tokens'.
const NEGATIVES: u128 = 100_000;

/// Processor time of one check, in microseconds: the medians.
struct Cost {
    raw: f64,
    first: f64,
    seen: f64,
}

/// Measures tokens that this server signed, with its key set, on the server's core.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    for (format, suffix) in [("es256", ""), ("eddsa", "_eddsa")] {
        let names = [format!("verify_seen{suffix}"), format!("verify_first{suffix}")];
        if !names.iter().any(|name| bench.wants(name)) {
            continue;
        }
        let tokens = world.jwts(format, TOKENS)?;
        let (_, set) = exchange(world.jeton.server()?.address, &get("/.well-known/jwks.json"))?;
        let turns = if bench.options.quick { 5 } else { 25 };
        let cost = bench.cores.on_server(|| cost(format, &tokens, &set, turns))??;
        let note = format!(
            "{format}, thread processor time; the raw check of the same tokens in turns with it took {:.2} µs, so {:.2} µs beyond; {NEGATIVES} revocations held",
            cost.raw,
            cost.first - cost.raw
        );
        let limits = [Limit::Operation(SEEN_US), Limit::Operation(cost.raw + BEYOND_RAW_US)];
        let notes = [None, Some(note)];
        for (((name, cpu_us), limit), note) in names.into_iter().zip([cost.seen, cost.first]).zip(limits).zip(notes) {
            bench.keep(Reading { name, figures: Figures::Operation { cpu_us }, limit, mean_group: None, note });
        }
    }
    measure_counting(bench, world)
}

/// What it adds to a check that it is counted for the server: a verifier that follows it and reports, in turns with one that does not.
fn measure_counting(bench: &mut Bench<'_>, world: &World) -> Result<(), Failure> {
    if !bench.wants(COUNTING) {
        return Ok(());
    }
    let tokens = world.jwts("es256", TOKENS)?;
    let texts: Vec<&str> = tokens.iter().filter_map(|token| std::str::from_utf8(token).ok()).collect();
    let turns = if bench.options.quick { 5 } else { 25 };
    let (plain, counted) = bench.cores.on_server(|| counting(world, &texts, turns))??;
    let note =
        format!("a token seen before, by a verifier that follows the feed: {counted:.2} µs where it is counted, {plain:.2} µs where not");
    let figures = Figures::Operation { cpu_us: counted - plain };
    bench.keep(Reading { name: COUNTING.to_owned(), figures, limit: Limit::Operation(COUNTING_US), mean_group: None, note: Some(note) });
    Ok(())
}

/// Processor time of one check of a token seen before, in microseconds: not counted, and counted.
fn counting(world: &World, texts: &[&str], turns: usize) -> Result<(f64, f64), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting the runtime")?;
    let address = world.jeton.server()?.address;
    let scopes = ScopeSet::parse("read").doing("naming a scope")?;
    runtime.block_on(async {
        let builder = || {
            let builder = Verifier::builder(ISSUER, &audience("es256")).server(format!("http://{address}"));
            builder.client(world.client_id.clone(), world.client_secret.clone())
        };
        let plain = builder().no_reports().start().await.doing("starting a verifier")?;
        let counted = builder().start().await.doing("starting a verifier")?;
        let presented = Presented::default().scopes(&scopes).address([192, 0, 2, 7].into()).user_agent("curl/8.5.0");
        let (mut plains, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            for (verifier, figures) in [(&plain, &mut plains), (&counted, &mut counts)] {
                let start = clock::thread_processor_time();
                for _ in 0..SEEN_AGAIN {
                    for text in texts {
                        drop(std::hint::black_box(verifier.check_presented(text, &presented).await.doing("checking")?));
                    }
                }
                let spent = clock::thread_processor_time().saturating_sub(start);
                figures.push(microseconds(spent, texts.len() * SEEN_AGAIN));
                // The feeds of both are read between the turns.
                tokio::task::yield_now().await;
            }
        }
        Ok((median(&mut plains), median(&mut counts)))
    })
}

fn cost(format: &str, tokens: &Tokens, set: &[u8], turns: usize) -> Result<Cost, Failure> {
    let texts: Vec<&str> = tokens.iter().filter_map(|token| std::str::from_utf8(token).ok()).collect();
    let raw_key = raw_key(format, &texts, set)?;
    let signed = texts.iter().map(|text| signed(text)).collect::<Result<Vec<_>, _>>()?;
    let (mut raws, mut beyonds, mut seens) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        // A new one has seen nothing.
        let verifier = verifier(format, set)?;
        let now = clock::unix_seconds();
        let check = |texts: &[&str]| {
            texts.iter().try_for_each(|text| verifier.check(text, now).map(|token| drop(std::hint::black_box(token)))).doing("checking")
        };
        let raw = |signed: &[(&[u8], Vec<u8>)]| {
            signed.iter().try_for_each(|(message, signature)| raw_key.verify_sig(message, signature)).doing("verifying")
        };
        for (texts, signed) in texts.chunks(AT_A_TIME).zip(signed.chunks(AT_A_TIME)) {
            // Both begin with the curve's tables in the processor's caches.
            raw(signed)?;
            let raw_us = time(texts.len(), || raw(signed))?;
            let first = time(texts.len(), || check(texts))?;
            let seen = time(texts.len() * SEEN_AGAIN, || (0..SEEN_AGAIN).try_for_each(|_| check(texts)))?;
            raws.push(raw_us);
            beyonds.push(first - raw_us);
            seens.push(seen);
        }
    }
    let raw = median(&mut raws);
    Ok(Cost { raw, first: raw + median(&mut beyonds), seen: median(&mut seens) })
}

fn verifier(format: &str, set: &[u8]) -> Result<OfflineVerifier, Failure> {
    let verifier = OfflineVerifier::new(ISSUER, &audience(format), set).doing("reading the key set")?;
    for id in 0..NEGATIVES {
        verifier.negatives().revoke((id << 64).to_be_bytes(), i64::MAX);
    }
    Ok(verifier)
}

/// Message and signature of a JWT.
fn signed(text: &str) -> Result<(&[u8], Vec<u8>), Failure> {
    let (message, signature) = text.rsplit_once('.').ok_or_else(|| Failure::new("a token is no JWT"))?;
    Ok((message.as_bytes(), URL_SAFE_NO_PAD.decode(signature).doing("reading a signature")?))
}

/// The key that the first of the tokens names, as the raw check takes it.
fn raw_key(format: &str, texts: &[&str], set: &[u8]) -> Result<ParsedPublicKey, Failure> {
    let header = texts.first().and_then(|text| text.split('.').next()).unwrap_or_default();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).doing("reading a header")?).doing("reading a header")?;
    let set: Value = serde_json::from_slice(set).doing("reading the key set")?;
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let key = keys.iter().find(|key| key.get("kid") == header.get("kid")).ok_or_else(|| Failure::new("the key set lacks the key"))?;
    let member = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name).and_then(Value::as_str).unwrap_or_default()).doing("reading a key");
    if format == "eddsa" {
        return ParsedPublicKey::new(&signature::ED25519, member("x")?).doing("parsing an Ed25519 key");
    }
    let mut point = vec![4];
    point.extend(member("x")?);
    point.extend(member("y")?);
    ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).doing("parsing an EC key")
}

/// Processor time of this thread for each of `count` operations, in microseconds.
fn time(count: usize, work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = clock::thread_processor_time();
    work()?;
    Ok(microseconds(clock::thread_processor_time().saturating_sub(start), count))
}

#[expect(clippy::cast_precision_loss, reason = "counts of operations lie far below 2^52")]
fn microseconds(spent: Duration, count: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / count as f64
}
