//! The order in which a run measures.

use std::path::{Path, PathBuf};

use crate::affinity::{self, Cores};
use crate::arguments::Options;
use crate::bench::Bench;
use crate::failure::{Doing, Failure};
use crate::fill::Content;
use crate::machine::Machine;
use crate::report;
use crate::row::{Basis, Limit, Row};
use crate::rows::{
    access_log, api_keys, backup, cryptography, expiry, introspect, issue, key_peer, peer, refresh, refusal, revoke, start, usage, verify,
};
use crate::world::World;

/// Measures what `options` ask for and reports it.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let cores = Cores::find()?;
    affinity::pin(cores.load)?;
    let beside = std::env::current_exe().doing("finding this program")?.with_file_name("");
    let jeton = options.jeton.clone().unwrap_or_else(|| beside.join("jeton"));
    let scratch = options.scratch.clone().unwrap_or_else(|| default_scratch(&beside));
    let mut bench = Bench::start(options, cores, scratch)?;
    let machine = Machine::look(cores, &bench.scratch, &jeton);
    println!("{machine}");
    let result = measure(&mut bench, &jeton);
    // What was measured before something failed is reported all the same.
    let rows = rows(&mut bench);
    println!("\n{machine}\n{}", report::table(&rows));
    println!("Took {:.0} s.", bench.elapsed().as_secs_f64());
    if let Some(file) = &options.json {
        report::write_json(&rows, file)?;
        println!("Written to {}.", file.display());
    }
    result?;
    bench.outcome()
}

/// `target/bench`, beside `target/release`.
fn default_scratch(beside: &Path) -> PathBuf {
    beside.parent().unwrap_or(beside).join("bench")
}

/// What is measured on a running Jeton, in this order: the row or the start of the rows it gives, and how.
type Step = fn(&mut Bench<'_>, &mut World) -> Result<(), Failure>;
const STEPS: [(&str, Step); 16] = [
    ("rss_empty", start::empty_memory),
    ("fill", fill_with_tokens),
    ("issue", issue::measure),
    ("introspect", introspect::measure),
    ("rss_after_1m", start::full_memory),
    ("start_1m", start::start),
    ("backup_snapshot", backup::measure),
    ("revoke", |bench, world| revoke::measure(bench, world, "revoke")),
    ("expire", expiry::measure),
    ("verify", verify::measure),
    ("revocation_to_refusal", refusal::measure),
    ("key_to_refusal", refusal::measure_keys),
    // Their families are in the store from here on: what stands above is of tokens alone.
    ("refresh", refresh::measure),
    ("code_exchange", refresh::measure_exchange),
    ("revoke_10m", many_tokens),
    ("rss_after_10m", start::fullest_memory),
];

fn measure(bench: &mut Bench<'_>, jeton: &Path) -> Result<(), Failure> {
    cryptography::sample(bench)?;
    bench.sample_floor()?;
    if STEPS.iter().any(|(name, _)| bench.wants(name)) {
        measure_jeton(bench, jeton);
    }
    if let Err(failure) = backup::measure_shipping(bench, jeton) {
        bench.fail("backup", &failure);
    }
    if let Err(failure) = usage::measure(bench, jeton) {
        bench.fail("usage", &failure);
    }
    if let Err(failure) = access_log::measure(bench, jeton) {
        bench.fail("access_log", &failure);
    }
    if let Err(failure) = api_keys::measure(bench, jeton) {
        bench.fail("keys", &failure);
    }
    peer::measure(bench)?;
    key_peer::measure(bench)?;
    bench.sample_floor()?;
    cryptography::sample(bench)
}

/// What fails is named in the report, and the rest is measured all the same.
fn measure_jeton(bench: &mut Bench<'_>, program: &Path) {
    let mut world = match World::start(bench, program) {
        Ok(world) => world,
        Err(failure) => return bench.fail("jeton", &failure),
    };
    for (name, step) in STEPS {
        if bench.is_late() {
            bench.miss(name, Limit::None, "the time of this run was used up");
        } else if let Err(failure) = step(bench, &mut world) {
            bench.fail(name, &failure);
        }
    }
}

fn fill_with_tokens(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    let sizes = bench.sizes;
    println!("  writing {} tokens and {} revocations, issuing {} more tokens", sizes.tokens, sizes.negatives, sizes.known);
    world.write(Content::Live, sizes.tokens)?;
    world.write(Content::Revoked, sizes.negatives)?;
    world.know(sizes.known)?;
    bench.sample_floor()
}

/// `revoke_10m`: revocation again, among ten times as many rows.
fn many_tokens(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("revoke_10m") && !bench.wants("rss_after_10m") {
        return Ok(());
    }
    let missing = bench.sizes.many_tokens.saturating_sub(world.filled.tokens);
    println!("  writing {missing} tokens");
    world.write(Content::Live, missing)?;
    revoke::measure(bench, world, "revoke_10m")
}

fn rows(bench: &mut Bench<'_>) -> Vec<Row> {
    let mut raw = bench.floor_readings();
    raw.extend(cryptography::readings(bench));
    let mut rows: Vec<Row> = raw.into_iter().map(|reading| Row::new(reading, &Basis::default())).collect();
    rows.extend(bench.rows());
    rows
}
