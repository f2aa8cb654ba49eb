//! `access_log_*`: what it costs that each request leaves a line, and how many lines are lost while the server is as busy as it gets.

use std::path::Path;

use crate::bench::Bench;
use crate::failure::{Doing, Failure};
use crate::row::{Figures, Limit, Reading};
use crate::rows::turns::{self, Asked};
use crate::world::World;

const THROUGHPUT: &str = "access_log_introspect_cached";
const DROPPED: &str = "access_log_dropped";

/// The counter of lines that were lost, by why.
const COUNTER: &str = "jeton_access_log_dropped_total{";

/// One lost line is too many.
const NONE: f64 = 0.5;

/// Measures both.
pub(crate) fn measure(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    if !bench.wants(THROUGHPUT) && !bench.wants(DROPPED) {
        return Ok(());
    }
    let logging = World::configured(bench, program, "access-log", "access_log = \"access.log\"\n")?;
    let silent = World::configured(bench, program, "no-access-log", "")?;
    let mut worlds = [logging, silent];
    turns::compare(bench, THROUGHPUT, Asked::Introspections, Limit::None, &mut worlds)?;
    let [logging, _] = &worlds;
    let metrics = String::from_utf8(logging.jeton.ask("/metrics")?).doing("reading the metrics")?;
    let lost: Vec<f64> =
        metrics.lines().filter(|line| line.starts_with(COUNTER)).filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    if lost.is_empty() {
        return Err(Failure::new("the metrics do not say how many lines were lost"));
    }
    bench.keep(Reading {
        name: DROPPED.to_owned(),
        figures: Figures::Value { value: lost.iter().sum(), unit: "lines" },
        limit: Limit::Value(NONE),
        mean_group: None,
        note: Some("of the turns before, and of all that was asked until then".to_owned()),
    });
    Ok(())
}
