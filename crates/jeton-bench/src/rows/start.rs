//! `start_1m` and `rss_*`: how soon a server answers and how much memory it keeps.

use crate::bench::Bench;
use crate::failure::Failure;
use crate::process;
use crate::raw;
use crate::row::{Figures, Limit, Reading};
use crate::world::World;

const START_MS: f64 = 50.0;
const EMPTY_MEBIBYTES: f64 = 30.0;
const CACHE_MEBIBYTES: f64 = 64.0;

/// `rss_empty`: before anything was asked of it but APIs and a client.
pub(crate) fn empty_memory(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    memory(bench, world, "rss_empty", EMPTY_MEBIBYTES)
}

/// `rss_after_1m`: after all the load of the rows before.
pub(crate) fn full_memory(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    memory(bench, world, "rss_after_1m", EMPTY_MEBIBYTES + CACHE_MEBIBYTES)
}

fn memory(bench: &mut Bench<'_>, world: &World, name: &str, limit: f64) -> Result<(), Failure> {
    if bench.wants(name) {
        let value = process::resident_mebibytes(world.jeton.server()?.process())?;
        let note = (name != "rss_empty").then(|| format!("with {} tokens issued", world.tokens.len()));
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
    let note = format!(
        "median of {} starts, the slowest {worst:.1} ms; at least {} tokens and {} negatives",
        times.len(),
        bench.sizes.tokens,
        bench.sizes.negatives
    );
    bench.keep(Reading {
        name: "start_1m".to_owned(),
        figures: Figures::Value { value, unit: "ms" },
        limit: Limit::Value(START_MS),
        mean_group: None,
        note: Some(note),
    });
    Ok(())
}
