//! `backup_*`: a snapshot of a full store and what requests feel of it, the restore of it, and what it costs a revocation that the tail is
//! shipped, and that it is waited for.

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::bench::Bench;
use crate::clock;
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::load::{self, Shape};
use crate::row::{Figures, Limit, Reading};
use crate::rows::revoke;
use crate::traffic::Same;
use crate::world::World;

/// A steady load well below what the server can do, in windows of which several fall into a snapshot.
const ISSUES_PER_SECOND: f64 = 2_000.0;
const WINDOW: Duration = Duration::from_millis(200);
const QUIET_WINDOWS: usize = 10;
/// How many snapshots are made in turn with as much quiet.
const SNAPSHOTS: u32 = 6;

/// How much p99 may grow while a snapshot is made.
const GROWTH: f64 = 2.0;
/// How long a million tokens may take to be restored, in seconds.
const RESTORED_SECONDS: f64 = 30.0;

/// Measures a snapshot of the world, and its restore.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("backup_snapshot") && !bench.wants("backup_restore") {
        return Ok(());
    }
    let rows = snapshot(bench, world)?;
    restore(bench, world, rows)
}

/// How many rows it has. Snapshots and quiet take turns: of one alone a few fsyncs decide what the slowest in a hundred waited.
fn snapshot(bench: &mut Bench<'_>, world: &World) -> Result<f64, Failure> {
    let (mut quiet, mut busy) = (Histogram::new(), Histogram::new());
    let (mut rows, mut bytes, mut seconds) = (0.0, 0.0, 0.0);
    for _ in 0..SNAPSHOTS {
        for _ in 0..QUIET_WINDOWS {
            quiet.add(&window(world)?);
        }
        let start = clock::now();
        let (made, took) = thread::scope(|scope| {
            let making = scope.spawn(|| {
                let made = world.jeton.administer(&["backup", "create"]);
                (made, start.elapsed().as_secs_f64())
            });
            while !making.is_finished() {
                busy.add(&window(world)?);
            }
            making.join().map_err(|_| Failure::new("the thread that asks for a snapshot ended"))
        })?;
        let made = made?;
        (rows, bytes, seconds) = (number(&made, "rows"), number(&made, "bytes"), seconds + took);
    }
    let each = seconds / f64::from(SNAPSHOTS);
    let note = format!("{rows} rows, {:.0} bytes a row, under {ISSUES_PER_SECOND} issues/s, {SNAPSHOTS} times", bytes / rows);
    keep(bench, "backup_snapshot", rows / each, "rows/s", Limit::None, note);
    let [before, during] = [&quiet, &busy].map(|latency| latency.quantile(0.99).as_secs_f64() * 1e3);
    let note = format!("of {ISSUES_PER_SECOND} issues/s: {during:.2} ms while they are made and {before:.2} ms between");
    keep(bench, "backup_snapshot_p99_growth", during / before, "times", Limit::Value(GROWTH), note);
    Ok(rows)
}

fn window(world: &World) -> Result<Histogram, Failure> {
    let shape = Shape { connections: 16, warm_up: Duration::ZERO, measured: WINDOW, rate: Some(ISSUES_PER_SECOND) };
    let server = world.jeton.server()?;
    Ok(load::run(server.address, server.process(), shape, &mut Same::new(world.issue("opaque")))?.latency)
}

fn restore(bench: &mut Bench<'_>, world: &mut World, rows: f64) -> Result<(), Failure> {
    world.jeton.stop()?;
    let start = clock::now();
    world.jeton.restore("restored")?;
    let seconds = start.elapsed().as_secs_f64();
    let tokens = world.filled.tokens;
    let note = format!("with {tokens} tokens and more; {:.0} rows/s", rows / seconds);
    keep(bench, "backup_restore", seconds, "s", Limit::Value(RESTORED_SECONDS), note);
    world.jeton.start().map(drop)
}

/// Revocations without a target, with the tail shipped each second, and each answered once the target has it.
pub(crate) fn measure_shipping(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    for (name, lines) in [
        ("backup_none_revoke", "backup_target = \"none\"\n"),
        ("backup_tail_revoke", ""),
        ("backup_sync_revoke", "revocation_durability = \"sync\"\n"),
    ] {
        if bench.wants(name) {
            let mut world = World::configured(bench, program, name, lines)?;
            let shape = Shape { connections: 64, warm_up: bench.sizes.warm_up / 5, measured: bench.sizes.measured, rate: None };
            revoke::row(bench, &mut world, name, bench.sizes.share, shape, Limit::None)?;
        }
    }
    Ok(())
}

fn number(answer: &Value, name: &str) -> f64 {
    answer.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn keep(bench: &mut Bench<'_>, name: &str, value: f64, unit: &'static str, limit: Limit, note: String) {
    let figures = Figures::Value { value, unit };
    bench.keep(Reading { name: name.to_owned(), figures, limit, mean_group: None, note: Some(note) });
}
