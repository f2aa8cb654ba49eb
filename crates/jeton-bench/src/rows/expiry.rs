//! `expire`: what it costs that expired tokens leave, while the server serves.

use std::time::Duration;

use crate::bench::Bench;
use crate::clock;
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::load::{self, Shape};
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::World;

/// Processor time of one row that leaves.
const LIMIT_US: f64 = 2.0;

/// A steady load well below what the server can do: its own cost is taken off.
const REQUESTS_PER_SECOND: f64 = 5_000.0;

/// What was seen under the steady load, of one window or several.
struct Watched {
    requests: f64,
    processor_us: f64,
    latency: Histogram,
    rows_removed: u64,
}

impl Watched {
    fn new() -> Self {
        Self { requests: 0.0, processor_us: 0.0, latency: Histogram::new(), rows_removed: 0 }
    }

    fn add(&mut self, window: &Self) {
        self.requests += window.requests;
        self.processor_us += window.processor_us;
        self.latency.add(&window.latency);
        self.rows_removed += window.rows_removed;
    }

    fn p99_ms(&self) -> f64 {
        self.latency.quantile(0.99).as_secs_f64() * 1e3
    }
}

/// Issues tokens that live for seconds, and watches the server while they leave.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("expire") {
        return Ok(());
    }
    if world.jeton.counters()?.expired_rows_removed.is_none() {
        bench.miss("expire", Limit::Operation(LIMIT_US), "the statistics name no `expired_rows_removed`");
        return Ok(());
    }
    let expired = bench.sizes.tokens / 2;
    world.issue_brief(expired)?;
    let (quiet, busy) = watch(bench, world, expired)?;
    if busy.rows_removed == 0 || quiet.requests == 0.0 {
        bench.miss("expire", Limit::Operation(LIMIT_US), "it was not seen both with expired tokens leaving and without");
        return Ok(());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of rows lie far below 2^52")]
    let cpu_us = (busy.processor_us - quiet.processor_us / quiet.requests * busy.requests).max(0.0) / busy.rows_removed as f64;
    let note = format!(
        "{} rows left under {REQUESTS_PER_SECOND} introspections/s; their p99 was {:.2} ms then and {:.2} ms otherwise",
        busy.rows_removed,
        busy.p99_ms(),
        quiet.p99_ms()
    );
    bench.keep(Reading {
        name: "expire".to_owned(),
        figures: Figures::Operation { cpu_us },
        limit: Limit::Operation(LIMIT_US),
        mean_group: None,
        note: Some(note),
    });
    let growth = busy.p99_ms() / quiet.p99_ms();
    bench.keep(Reading {
        name: "expire_p99_growth".to_owned(),
        figures: Figures::Value { value: growth, unit: "times" },
        limit: Limit::Value(2.0),
        mean_group: None,
        note: None,
    });
    Ok(())
}

/// Windows in which nothing left and those in which something did, until `expired` rows are gone.
fn watch(bench: &Bench<'_>, world: &mut World, expired: usize) -> Result<(Watched, Watched), Failure> {
    let hot = world.take(1_000)?;
    let (mut quiet, mut busy) = (Watched::new(), Watched::new());
    let start = clock::now();
    let patience = if bench.options.quick { Duration::from_secs(25) } else { Duration::from_secs(90) };
    while busy.rows_removed < expired as u64 && start.elapsed() < patience {
        let template = world.endpoint("introspect");
        let mut traffic = PerToken::again(&template, &world.tokens, hot.clone(), br#""active":true"#);
        let shape =
            Shape { connections: 16, warm_up: Duration::ZERO, measured: Duration::from_millis(500), rate: Some(REQUESTS_PER_SECOND) };
        let server = world.jeton.server()?;
        let before = world.jeton.counters()?.expired_rows_removed.unwrap_or(0);
        let measured = load::run(server.address, server.process(), shape, &mut traffic)?;
        let after = world.jeton.counters()?.expired_rows_removed.unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "counts of requests lie far below 2^52")]
        let window = Watched {
            requests: measured.requests as f64,
            processor_us: measured.processor_time.as_secs_f64() * 1e6,
            latency: measured.latency,
            rows_removed: after.saturating_sub(before),
        };
        if window.rows_removed == 0 { quiet.add(&window) } else { busy.add(&window) }
    }
    Ok((quiet, busy))
}
