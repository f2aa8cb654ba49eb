//! `expire`: what it costs that expired tokens leave, while the server serves.

use std::time::Duration;

use crate::bench::Bench;
use crate::clock;
use crate::failure::Failure;
use crate::fill::Content;
use crate::histogram::Histogram;
use crate::load::{self, Shape, Traffic};
use crate::process;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::{PerToken, Same};
use crate::world::World;

/// Processor time of one row that leaves.
const LIMIT_US: f64 = 2.0;
const LIMIT: Limit = Limit::Operation(LIMIT_US);

/// Steady loads well below what the server can do.
const INTROSPECTIONS_PER_SECOND: f64 = 5_000.0;
const ISSUES_PER_SECOND: f64 = 2_000.0;

/// Short enough that several fall into the time in which rows leave.
const WINDOW: Duration = Duration::from_millis(200);

/// How long a server runs before its first purge, and how long before that the quiet windows begin.
const FIRST_PURGE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(8);

/// What was seen under one steady load, of one window or several.
struct Watched {
    windows: u32,
    /// Processor time of the store's threads, which write.
    store: Duration,
    latency: Histogram,
    rows_removed: u64,
}

impl Watched {
    fn new() -> Self {
        Self { windows: 0, store: Duration::ZERO, latency: Histogram::new(), rows_removed: 0 }
    }

    fn add(&mut self, window: &Self) {
        self.windows += window.windows;
        self.store += window.store;
        self.latency.add(&window.latency);
        self.rows_removed += window.rows_removed;
    }

    fn p99_ms(&self) -> f64 {
        self.latency.quantile(0.99).as_secs_f64() * 1e3
    }
}

/// Windows of one load in which nothing left, and those in which something did.
struct Load {
    what: &'static str,
    quiet: Watched,
    busy: Watched,
}

impl Load {
    fn new(what: &'static str) -> Self {
        Self { what, quiet: Watched::new(), busy: Watched::new() }
    }

    fn is_seen(&self) -> bool {
        self.quiet.windows > 0 && self.busy.windows > 0
    }

    /// Processor time of the store's threads for each row that left, less what they take otherwise.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows lie far below 2^52")]
    fn row_us(&self) -> f64 {
        let own = self.quiet.store / self.quiet.windows.max(1) * self.busy.windows;
        self.busy.store.saturating_sub(own).as_secs_f64() * 1e6 / self.busy.rows_removed as f64
    }

    fn growth(&self) -> f64 {
        self.busy.p99_ms() / self.quiet.p99_ms()
    }

    fn note(&self, rate: f64) -> String {
        format!(
            "{} rows left under {rate} {}/s, whose p99 was {:.2} ms then and {:.2} ms before",
            self.busy.rows_removed,
            self.what,
            self.busy.p99_ms(),
            self.quiet.p99_ms()
        )
    }
}

/// Writes tokens that expired days ago, and watches the server's next purge.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("expire") {
        return Ok(());
    }
    let expired = bench.sizes.tokens;
    world.write(Content::Expired, expired)?;
    let start = clock::now();
    if world.jeton.counters()?.expired_rows_removed.is_none() {
        bench.miss("expire", LIMIT, "the statistics name no `expired_rows_removed`");
        return Ok(());
    }
    clock::pause((FIRST_PURGE - QUIET).saturating_sub(start.elapsed()));
    let [introspection, issuing] = watch(world, expired)?;
    if !introspection.is_seen() || !issuing.is_seen() {
        bench.miss("expire", LIMIT, "it was not seen both with expired tokens leaving and without");
        return Ok(());
    }
    let rows = [
        (
            "expire",
            Figures::Operation { cpu_us: introspection.row_us() },
            LIMIT,
            Some("processor time of the threads that write".to_owned()),
        ),
        ("expire_p99_growth", growth(&introspection), Limit::Value(2.0), Some(introspection.note(INTROSPECTIONS_PER_SECOND))),
        ("expire_p99_growth_issuing", growth(&issuing), Limit::Value(2.0), Some(issuing.note(ISSUES_PER_SECOND))),
    ];
    for (name, figures, limit, note) in rows {
        bench.keep(Reading { name: name.to_owned(), figures, limit, mean_group: None, note });
    }
    Ok(())
}

fn growth(load: &Load) -> Figures {
    Figures::Value { value: load.growth(), unit: "times" }
}

/// The two loads in turns, a window each, until `expired` rows are gone.
fn watch(world: &mut World, expired: usize) -> Result<[Load; 2], Failure> {
    let hot = world.take(1_000)?;
    let mut loads = [Load::new("introspections"), Load::new("issues")];
    let start = clock::now();
    let (mut gone, mut quiet_after) = (0, 0);
    while (gone < expired as u64 || quiet_after < 4) && start.elapsed() < Duration::from_secs(60) {
        for (load, rate) in loads.iter_mut().zip([INTROSPECTIONS_PER_SECOND, ISSUES_PER_SECOND]) {
            let template = world.endpoint("introspect");
            let mut introspections = PerToken::again(&template, &world.tokens, hot.clone(), br#""active":true"#);
            let mut issues = Same::new(world.issue("opaque"));
            let traffic: &mut dyn Traffic = if load.what == "issues" { &mut issues } else { &mut introspections };
            let window = window(world, rate, traffic)?;
            gone += window.rows_removed;
            quiet_after += usize::from(gone >= expired as u64);
            if window.rows_removed == 0 { load.quiet.add(&window) } else { load.busy.add(&window) }
        }
    }
    Ok(loads)
}

fn window(world: &World, rate: f64, traffic: &mut dyn Traffic) -> Result<Watched, Failure> {
    let shape = Shape { connections: 16, warm_up: Duration::ZERO, measured: WINDOW, rate: Some(rate) };
    let server = world.jeton.server()?;
    let before = world.jeton.counters()?.expired_rows_removed.unwrap_or(0);
    // Read beside the counters: rows leave between the windows, too.
    let store = store_time(server.process())?;
    let measured = load::run(server.address, server.process(), shape, traffic)?;
    let store = store_time(server.process())?.saturating_sub(store);
    let after = world.jeton.counters()?.expired_rows_removed.unwrap_or(0);
    Ok(Watched { windows: 1, store, latency: measured.latency, rows_removed: after.saturating_sub(before) })
}

/// Introspections from memory ask nothing of these threads: what they do more while rows leave is for these rows.
fn store_time(process: u32) -> Result<Duration, Failure> {
    process::processor_time_of(process, |name| name == "jeton-writer" || name.starts_with("jeton-checkpoi"))
}
