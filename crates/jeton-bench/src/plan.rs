//! The order in which a run measures.

use std::path::{Path, PathBuf};

use crate::affinity::{self, Cores};
use crate::arguments::Options;
use crate::bench::Bench;
use crate::failure::{Doing, Failure};
use crate::fill;
use crate::machine::Machine;
use crate::report;
use crate::row::{Limit, Reading, Row};
use crate::rows::{cryptography, expiry, introspect, issue, peer, revoke, start};
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
    result
}

/// `target/bench`, beside `target/release`.
fn default_scratch(beside: &Path) -> PathBuf {
    beside.parent().unwrap_or(beside).join("bench")
}

/// Rows that need a running Jeton.
const JETON: [&str; 9] =
    ["issue", "introspect", "revoke", "start_1m", "rss", "expire", "verify_seen", "verify_first", "revocation_to_refusal"];

fn measure(bench: &mut Bench<'_>, jeton: &Path) -> Result<(), Failure> {
    cryptography::sample(bench)?;
    bench.sample_floor()?;
    if JETON.iter().any(|name| bench.wants(name)) {
        // Without Jeton, the rest is still worth measuring.
        if let Err(failure) = measure_jeton(bench, jeton) {
            bench.miss("jeton", Limit::None, &failure.to_string());
        }
    }
    peer::measure(bench)?;
    bench.sample_floor()?;
    cryptography::sample(bench)
}

fn measure_jeton(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    let mut world = World::start(bench, program)?;
    start::empty_memory(bench, &world)?;
    println!("  issuing {} tokens", bench.sizes.tokens);
    world.fill(bench.sizes.tokens)?;
    bench.sample_floor()?;
    issue::measure(bench, &world)?;
    introspect::measure(bench, &mut world)?;
    revoke::measure(bench, &mut world, "revoke")?;
    revoke::make_negatives(&mut world, bench.sizes.negatives)?;
    start::full_memory(bench, &world)?;
    start::start(bench, &mut world)?;
    expiry::measure(bench, &mut world)?;
    let not_wired = [
        ("verify_seen", Limit::Operation(1.0)),
        ("verify_first", Limit::Raw { operation: "verify_es256", extra_us: 1.5 }),
        ("revocation_to_refusal", Limit::Value(100.0)),
    ];
    for (name, limit) in not_wired {
        if bench.wants(name) {
            bench.miss(name, limit, "not wired to jeton-verify yet");
        }
    }
    many_tokens(bench, &mut world)
}

/// `revoke_10m`: revocation again, among ten times as many rows.
fn many_tokens(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    let Some(count) = bench.sizes.many_tokens.filter(|_| bench.wants("revoke_10m")) else { return Ok(()) };
    if bench.is_late() {
        bench.miss("revoke_10m", revoke::LIMIT, "the time of this run was used up");
        return Ok(());
    }
    world.jeton.stop()?;
    if let Err(failure) = fill::up_to(&world.jeton, count) {
        bench.miss("revoke_10m", revoke::LIMIT, &failure.to_string());
        return Ok(());
    }
    world.jeton.start()?;
    revoke::measure(bench, world, "revoke_10m")
}

fn rows(bench: &mut Bench<'_>) -> Vec<Row> {
    let basis = bench.basis();
    let mut readings: Vec<Reading> = bench.floor_readings();
    readings.extend(cryptography::readings(bench));
    readings.append(&mut bench.readings);
    readings.into_iter().map(|reading| Row::new(reading, &basis)).collect()
}
