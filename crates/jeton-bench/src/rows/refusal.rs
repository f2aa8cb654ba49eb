//! `revocation_to_refusal`: from the sending of a revocation until the last of a thousand verifiers refuses the token. `key_to_refusal`: the same
//! of an API key, about which each of them asks the server again before it refuses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jeton_verify::{Refused, Verifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::histogram::Histogram;
use crate::http::{Reply, Template};
use crate::jeton::ISSUER;
use crate::load::{self, Shape, Traffic};
use crate::measured::Measured;
use crate::row::{Figures, Limit, Reading};
use crate::world::{World, audience};

/// What is revoked.
struct Revoked {
    name: &'static str,
    credentials: Vec<String>,
    is_refusal: fn(&Refused) -> bool,
}

const TOKENS: &str = "revocation_to_refusal";
const KEYS: &str = "key_to_refusal";
const LIMIT: Limit = Limit::Value(100.0);
const VERIFIERS: usize = 1_000;

/// Verifiers that start at the same time: all at once they would wait for each other longer than they are patient.
const WAVE: usize = 50;

/// What the verifiers check and what is issued meanwhile.
const FORMAT: &str = "es256";
const ISSUES_PER_SECOND: f64 = 5_000.0;

/// After that long without a refusal something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen over all revocations.
struct Seen {
    /// Until the last verifier refused.
    last: Histogram,
    /// Until each of them did.
    each: Histogram,
    /// Until the answer came.
    answered: Histogram,
}

/// One verifier's word on the token of this round.
enum Word {
    Accepts,
    Refuses(Instant),
    Wrong(String),
}

/// Of tokens.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants(TOKENS) {
        return Ok(());
    }
    let tokens = world.jwts(FORMAT, if bench.options.quick { 100 } else { 1_000 })?;
    let credentials = tokens.iter().map(|token| String::from_utf8_lossy(token).into_owned()).collect();
    row(bench, world, Revoked { name: TOKENS, credentials, is_refusal: |refused| matches!(refused, Refused::Negative(_)) })
}

/// Of API keys.
pub(crate) fn measure_keys(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants(KEYS) {
        return Ok(());
    }
    let credentials = world.keys(FORMAT, if bench.options.quick { 100 } else { 1_000 })?;
    row(bench, world, Revoked { name: KEYS, credentials, is_refusal: |refused| matches!(refused, Refused::Inactive) })
}

/// Measures with all verifiers in this process, on the load's core and one thread; the issuing has a thread beside them.
fn row(bench: &mut Bench<'_>, world: &World, revoked: Revoked) -> Result<(), Failure> {
    let server = world.jeton.server()?;
    let (address, process) = (server.address, server.process());
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting the runtime")?;
    let crowd = runtime.block_on(start(world, address))?;
    let issuing = {
        let (request, stop) = (world.issue(FORMAT), Arc::clone(&stop));
        let shape = Shape {
            connections: 64,
            warm_up: Duration::from_millis(500),
            measured: Duration::from_secs(600),
            rate: Some(ISSUES_PER_SECOND),
        };
        thread::spawn(move || load::run(address, process, shape, &mut Until { request, stop }))
    };
    let name = revoked.name;
    let seen = runtime.block_on(revoke_all(crowd, Arc::new(revoked), address, &world.endpoint("revoke")));
    stop.store(true, Ordering::Relaxed);
    let issued = issuing.join().map_err(|_| Failure::new("the issuing thread panicked"))??;
    let seen = seen?;
    bench.keep(Reading {
        name: name.to_owned(),
        figures: Figures::Delay {
            p50_ms: ms(&seen.last, 0.5),
            p99_ms: ms(&seen.last, 0.99),
            worst_ms: seen.last.worst().as_secs_f64() * 1e3,
        },
        limit: LIMIT,
        mean_group: None,
        note: Some(note(&seen, &issued)),
    });
    Ok(())
}

fn note(seen: &Seen, issued: &Measured) -> String {
    format!(
        "{} revocations one after another, from sending each until the last of {VERIFIERS} verifiers refused; worst {:.1} ms; each verifier \
         p50 {:.1} ms, p99 {:.1} ms; answered after p50 {:.1} ms, p99 {:.1} ms; {:.0} ES256 issues/s meanwhile; all verifiers share the \
         load's core",
        seen.last.total(),
        seen.last.worst().as_secs_f64() * 1e3,
        ms(&seen.each, 0.5),
        ms(&seen.each, 0.99),
        ms(&seen.answered, 0.5),
        ms(&seen.answered, 0.99),
        issued.requests_per_second()
    )
}

fn ms(histogram: &Histogram, share: f64) -> f64 {
    histogram.quantile(share).as_secs_f64() * 1e3
}

/// The same request until told to stop.
struct Until {
    request: Vec<u8>,
    stop: Arc<AtomicBool>,
}

impl Traffic for Until {
    fn request(&mut self, into: &mut Vec<u8>) -> bool {
        into.extend_from_slice(&self.request);
        !self.stop.load(Ordering::Relaxed)
    }

    fn answer(&mut self, status: u16, _body: &[u8]) -> Result<(), Failure> {
        if status == 200 { Ok(()) } else { Err(Failure::new(format!("a token request was answered with {status}"))) }
    }
}

async fn start(world: &World, address: SocketAddr) -> Result<Vec<Verifier>, Failure> {
    let mut verifiers = Vec::with_capacity(VERIFIERS);
    while verifiers.len() < VERIFIERS {
        let mut wave = JoinSet::new();
        for _ in 0..WAVE.min(VERIFIERS - verifiers.len()) {
            let builder = Verifier::builder(ISSUER, &audience(FORMAT))
                .server(format!("http://{address}"))
                .client(world.client_id.clone(), world.client_secret.clone())
                .remember(16);
            wave.spawn(builder.start());
        }
        while let Some(started) = wave.join_next().await {
            verifiers.push(started.doing("starting a verifier")?.doing("starting a verifier")?);
        }
    }
    Ok(verifiers)
}

async fn revoke_all(crowd: Vec<Verifier>, revoked: Arc<Revoked>, address: SocketAddr, template: &Template) -> Result<Seen, Failure> {
    let (say, mut words) = mpsc::unbounded_channel();
    let round = watch::Sender::new(0_u64);
    let mut watchers = JoinSet::new();
    let count = crowd.len();
    for verifier in crowd {
        watchers.spawn(observe(verifier, Arc::clone(&revoked), round.subscribe(), say.clone()));
    }
    drop(say);
    let mut stream = TcpStream::connect(address).await.doing("connecting to the server")?;
    stream.set_nodelay(true).doing("connecting to the server")?;
    let mut seen = Seen { last: Histogram::new(), each: Histogram::new(), answered: Histogram::new() };
    for (number, token) in (0..).zip(&revoked.credentials) {
        round.send_replace(number + 1);
        hear(&mut words, count).await?;
        let mut request = Vec::new();
        template.append(&[b"token=", token.as_bytes()], &mut request);
        let sent = clock::now();
        revoke(&mut stream, &request).await?;
        seen.answered.record(sent.elapsed());
        let refusals = hear(&mut words, count).await?;
        let delays = refusals.iter().map(|at| at.saturating_duration_since(sent));
        delays.clone().for_each(|delay| seen.each.record(delay));
        seen.last.record(delays.max().unwrap_or_default());
    }
    Ok(seen)
}

/// One word of each of `count` verifiers; when those that refuse did.
async fn hear(words: &mut mpsc::UnboundedReceiver<Word>, count: usize) -> Result<Vec<Instant>, Failure> {
    let mut refusals = Vec::with_capacity(count);
    for heard in 0..count {
        match tokio::time::timeout(PATIENCE, words.recv()).await {
            Ok(Some(Word::Accepts)) => {}
            Ok(Some(Word::Refuses(at))) => refusals.push(at),
            Ok(Some(Word::Wrong(what))) => return Err(Failure::new(what)),
            Ok(None) | Err(_) => return Err(Failure::new(format!("only {heard} of {count} verifiers had their word within 10 s"))),
        }
    }
    Ok(refusals)
}

/// Sees the token of each round, and then refuses it as soon as the verifier knows.
async fn observe(verifier: Verifier, revoked: Arc<Revoked>, mut round: watch::Receiver<u64>, say: mpsc::UnboundedSender<Word>) {
    // Nothing but these revocations is told on the feed meanwhile.
    let before = verifier.status().counters.changes;
    for (number, token) in (0..).zip(&revoked.credentials) {
        if round.wait_for(|round| *round > number).await.is_err() {
            return;
        }
        let first = match verifier.check(token).await {
            Ok(_) => Word::Accepts,
            Err(refused) => Word::Wrong(format!("a live token was refused: {refused}")),
        };
        // Whoever listens may have given up already.
        say.send(first).ok();
        verifier.wait_for(|status| status.counters.changes > before + number).await;
        let second = match verifier.check(token).await {
            Err(refused) if (revoked.is_refusal)(&refused) => Word::Refuses(clock::now()),
            Err(refused) => Word::Wrong(format!("a revoked token was refused for another reason: {refused}")),
            Ok(_) => Word::Wrong("a revoked token was accepted".to_owned()),
        };
        say.send(second).ok();
    }
}

async fn revoke(stream: &mut TcpStream, request: &[u8]) -> Result<(), Failure> {
    stream.write_all(request).await.doing("sending a revocation")?;
    let mut answer = Vec::with_capacity(1_024);
    loop {
        if stream.read_buf(&mut answer).await.doing("reading an answer")? == 0 {
            return Err(Failure::new("the server closed the connection before it answered"));
        }
        match Reply::find(&answer).map_err(Failure::new)? {
            Some(reply) if reply.status == 200 => return Ok(()),
            Some(reply) => return Err(Failure::new(format!("a revocation was answered with {}", reply.status))),
            None => {}
        }
    }
}
