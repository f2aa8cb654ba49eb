//! `keys_fall_*`, `keys_written_*` and `keys_pass`: what reads many keys at once: counting what falls, the job that writes a cut-off at the keys
//! that it ended, and the hourly pass; and what requests feel of it meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::fill_keys::AUDIENCE;
use crate::histogram::Histogram;
use crate::http::{Template, basic_authorization};
use crate::jeton::{Jeton, PASSED};
use crate::load::{self, Shape};
use crate::row::{Figures, Limit, Reading};
use crate::traffic::Same;

/// Keys of the client that falls alone.
const FEW: usize = 100;
/// How often what falls is counted.
const COUNTS: usize = 40;
/// A steady load well below what the server can do, in windows of which several fall into a pass.
const ISSUES_PER_SECOND: f64 = 2_000.0;
const WINDOW: Duration = Duration::from_millis(200);
/// When a server goes over its keys for the first time, and what it logs once it has.
const FIRST_PASS: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PASS_PATIENCE: Duration = Duration::from_secs(300);
/// How long the job is watched without a load.
const ALONE: Duration = Duration::from_secs(5);

/// Measures among the keys that are there already; the last of it ends them all.
pub(crate) fn measure(bench: &mut Bench<'_>, jeton: &mut Jeton) -> Result<(), Failure> {
    if !["keys_fall", "keys_pass", "keys_written"].iter().any(|name| bench.wants(name)) {
        return Ok(());
    }
    let words = ["client", "create", "--name", "few", "--audience", AUDIENCE, "--scope", "read", "--grant-type", "client_credentials"];
    let client = jeton.administer(&words)?;
    let ids = (0..FEW).map(|number| hand_out(jeton, number)).collect::<Result<Vec<_>, _>>()?;
    for (name, body, count, limit) in [
        ("keys_fall_few", json!({"client": "few", "dry_run": true}), COUNTS, 50.0),
        ("keys_fall_all", json!({"everything": true, "dry_run": true}), 3, 8_000.0),
    ] {
        if bench.wants(name) {
            let figures = counted(jeton, &body, count)?;
            keep(bench, name, figures, Limit::Value(limit), None);
        }
    }
    let issue = issue(&client);
    if bench.wants("keys_pass") {
        pass(bench, jeton, &issue)?;
    }
    if bench.wants("keys_written_few") {
        let start = clock::now();
        jeton.tell("/api/v1/revocations", &json!({"client": "few"}))?;
        // The newest are written first.
        let oldest = ids.first().map(String::as_str).unwrap_or_default();
        while !says_by_whom(jeton, oldest)? && start.elapsed() < PATIENCE {
            clock::pause(Duration::from_millis(2));
        }
        let value = start.elapsed().as_secs_f64() * 1e3;
        keep(bench, "keys_written_few", Figures::Value { value, unit: "ms" }, Limit::None, Some("the job begins each second".into()));
    }
    if bench.wants("keys_written_all") {
        written_all(bench, jeton, issue)?;
    }
    Ok(())
}

fn hand_out(jeton: &Jeton, number: usize) -> Result<String, Failure> {
    let owner = format!("external:few-{number}");
    let body = json!({"owner": owner, "client": "few", "name": "few", "audience": AUDIENCE, "scope": "read"});
    text(&jeton.tell("/api/v1/keys", &body)?, "id")
}

fn counted(jeton: &Jeton, body: &Value, count: usize) -> Result<Figures, Failure> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = clock::now();
        let answer = jeton.tell("/api/v1/revocations", body)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if answer.pointer("/fell/keys").is_none_or(Value::is_null) {
            return Err(Failure::new(format!("what falls was not counted: {answer}")));
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or(0.0);
    Ok(Figures::Delay { p50_ms: at(50), p99_ms: at(99), worst_ms: at(100) })
}

/// The first pass over keys that were just made: it tells of all that end soon.
pub(crate) fn first_pass(bench: &mut Bench<'_>, jeton: &Jeton) -> Result<(), Failure> {
    let start = clock::now();
    while !jeton.log().contains(PASSED) && start.elapsed() < FIRST_PASS_PATIENCE {
        clock::pause(Duration::from_millis(50));
    }
    let log = jeton.log();
    let value = logged(&log, "milliseconds")?;
    keep(
        bench,
        "keys_pass_first",
        Figures::Value { value, unit: "ms" },
        Limit::None,
        Some(format!("{} notices told", logged(&log, "notices")?)),
    );
    Ok(())
}

/// The first pass of a fresh server, under a steady load, and the same load after it.
fn pass(bench: &mut Bench<'_>, jeton: &mut Jeton, issue: &[u8]) -> Result<(), Failure> {
    jeton.stop()?;
    jeton.start()?;
    let start = clock::now();
    let (mut quiet, mut busy) = (Histogram::new(), Histogram::new());
    let mut windows = 0;
    while windows < 20 && start.elapsed() < PATIENCE {
        let has_begun = start.elapsed() > FIRST_PASS;
        let latency = window(jeton, issue, WINDOW)?;
        match jeton.log().contains(PASSED) {
            true => {
                quiet.add(&latency);
                windows += 1;
            }
            false if has_begun => busy.add(&latency),
            false => {}
        }
    }
    let log = jeton.log();
    let value = logged(&log, "milliseconds")?;
    let note = format!("{} notices told; {}", logged(&log, "notices")?, note(&busy, Some(&quiet)));
    keep(bench, "keys_pass", Figures::Value { value, unit: "ms" }, Limit::None, Some(note));
    Ok(())
}

/// A number that the line of the first pass says.
fn logged(log: &str, name: &str) -> Result<f64, Failure> {
    let line = log.lines().find(|line| line.contains(PASSED)).unwrap_or_default();
    let number =
        line.split_once(&format!("\"{name}\":")).map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    number.unwrap_or_default().parse().doing("reading what a pass logged")
}

/// The job that writes at every key that it was cut off, watched for a while.
fn written_all(bench: &mut Bench<'_>, jeton: &Jeton, issue: Vec<u8>) -> Result<(), Failure> {
    jeton.tell("/api/v1/revocations", &json!({"everything": true}))?;
    let (before, start) = (entries(jeton)?, clock::now());
    clock::pause(ALONE);
    #[expect(clippy::cast_precision_loss, reason = "counts of entries lie far below 2^52")]
    let value = entries(jeton)?.saturating_sub(before) as f64 / start.elapsed().as_secs_f64();
    let mut busy = Histogram::new();
    while start.elapsed() < 2 * ALONE {
        busy.add(&window(jeton, &issue, WINDOW)?);
    }
    keep(bench, "keys_written_all", Figures::Value { value, unit: "/s" }, Limit::None, Some(note(&busy, None)));
    Ok(())
}

fn window(jeton: &Jeton, issue: &[u8], measured: Duration) -> Result<Histogram, Failure> {
    let shape = Shape { connections: 16, warm_up: Duration::ZERO, measured, rate: Some(ISSUES_PER_SECOND) };
    let server = jeton.server()?;
    Ok(load::run(server.address, server.process(), shape, &mut Same::new(issue.to_vec()))?.latency)
}

fn note(busy: &Histogram, quiet: Option<&Histogram>) -> String {
    let ms = |histogram: &Histogram, share| histogram.quantile(share).as_secs_f64() * 1e3;
    let after = quiet.map(|quiet| format!(", and {:.2} ms after it", ms(quiet, 0.99))).unwrap_or_default();
    format!(
        "p99 of {ISSUES_PER_SECOND} issues/s meanwhile {:.2} ms, worst {:.1} ms, of {}{after}",
        ms(busy, 0.99),
        busy.worst().as_secs_f64() * 1e3,
        busy.total()
    )
}

fn issue(client: &Value) -> Vec<u8> {
    let member = |name| client.get(name).and_then(Value::as_str).unwrap_or_default();
    let authorization = basic_authorization(member("client_id"), member("client_secret"));
    Template::form("/oauth/token", &[authorization]).with("grant_type=client_credentials&scope=read&resource=https%3A%2F%2Fkeys.example")
}

fn says_by_whom(jeton: &Jeton, id: &str) -> Result<bool, Failure> {
    let shown: Value = serde_json::from_slice(&jeton.ask(&format!("/api/v1/keys/{id}"))?).doing("reading a key")?;
    Ok(shown.get("ended_by").is_some_and(Value::is_string))
}

/// How many entries the ledger has: a key that is written has one.
fn entries(jeton: &Jeton) -> Result<u64, Failure> {
    let shown: Value = serde_json::from_slice(&jeton.ask("/api/v1/statistics")?).doing("reading the statistics")?;
    shown.get("ledger_size").and_then(Value::as_u64).ok_or_else(|| Failure::new("the statistics name no `ledger_size`"))
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Failure::new(format!("an answer named no `{name}`")))
}

fn keep(bench: &mut Bench<'_>, name: &str, figures: Figures, limit: Limit, note: Option<String>) {
    bench.keep(Reading { name: name.to_owned(), figures, limit, mean_group: None, note });
}
