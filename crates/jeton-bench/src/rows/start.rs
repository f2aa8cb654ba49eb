//! `start_1m` and `rss_*`: how soon a server answers and how much memory it keeps.

use crate::bench::Bench;
use crate::failure::Failure;
use crate::raw;
use crate::row::{Figures, Limit, Reading};
use crate::world::World;

const START_MS: f64 = 50.0;
const EMPTY_MEBIBYTES: f64 = 30.0;
const CACHE_MEBIBYTES: f64 = 64.0;

/// `rss_empty`: before anything was asked of it but APIs and a client.
pub(crate) fn empty_memory(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    memory(bench, world, "rss_empty", EMPTY_MEBIBYTES)?;
    // What comes is another measurement.
    world.most_memory = 0.0;
    Ok(())
}

/// `rss_after_1m`: the most that was seen under the load of the rows before.
pub(crate) fn full_memory(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    memory(bench, world, "rss_after_1m", EMPTY_MEBIBYTES + CACHE_MEBIBYTES)?;
    world.most_memory = 0.0;
    Ok(())
}

/// `rss_after_10m`: after revocations among ten times as many rows.
pub(crate) fn fullest_memory(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    memory(bench, world, "rss_after_10m", EMPTY_MEBIBYTES + CACHE_MEBIBYTES)
}

fn memory(bench: &mut Bench<'_>, world: &mut World, name: &str, limit: f64) -> Result<(), Failure> {
    if bench.wants(name) {
        let value = world.note_memory()?;
        let note = if name == "rss_empty" { None } else { Some(format!("the most that was seen; {}", held(world)?)) };
        bench.keep(Reading {
            name: name.to_owned(),
            figures: Figures::Value { value, unit: "MiB" },
            limit: Limit::Value(limit),
            mean_group: None,
            note,
        });
    }
    Ok(())
}

/// `start_1m`: from the start of the process to its first good answer, the median of several.
pub(crate) fn start(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("start_1m") {
        return Ok(());
    }
    let mut times = Vec::new();
    for _ in 0..bench.sizes.starts {
        world.jeton.stop()?;
        times.push(world.jeton.start()?.as_secs_f64() * 1e3);
    }
    let value = raw::median(&mut times);
    let worst = times.last().copied().unwrap_or(value);
    let note = format!("median of {} starts, the slowest {worst:.1} ms; {}", times.len(), held(world)?);
    bench.keep(Reading {
        name: "start_1m".to_owned(),
        figures: Figures::Value { value, unit: "ms" },
        limit: Limit::Value(START_MS),
        mean_group: None,
        note: Some(note),
    });
    Ok(())
}

/// What the server holds now.
fn held(world: &World) -> Result<String, Failure> {
    let negatives = world.jeton.counters()?.tokens_named;
    Ok(format!("at least {} live tokens and {negatives} negatives", world.filled.tokens + world.left().len()))
}
