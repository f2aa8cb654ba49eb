//! `usage_*`: what it costs that uses are counted. One use, recorded in place; and the throughput of two servers, of which one counts and one
//! does not, in turns.

use std::cell::Cell;
use std::net::IpAddr;
use std::path::Path;

use jeton_core::id::{ApiId, ClientId};
use jeton_core::moment::Time;
use jeton_core::usage::{Outcome, Subject};
use jeton_oauth::ScopeSet;
use jeton_service::usage::marks::Marks;
use jeton_service::usage::recorder::{Recorder, Seen};

use crate::bench::Bench;
use crate::failure::{Doing, Failure};
use crate::load::{self, Shape, Traffic};
use crate::measured::Measured;
use crate::raw;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::{PerToken, Same};
use crate::world::World;

/// How much of the throughput counting may take, in percent.
const MOST_PERCENT: f64 = 5.0;

/// What recording one use may take, in microseconds.
const MOST_US: f64 = 1.0;

/// Turns of each server; their order changes from one to the next, because a machine's speed drifts.
const TURNS: usize = 7;

const CONNECTIONS: usize = 64;

/// So many subjects take turns in the place of one thread.
const SUBJECTS: usize = 1_000;

const ROWS: [&str; 3] = ["usage_issue_es256", "usage_introspect_cached", "usage_key_verify"];

/// Measures the rows that are asked for.
pub(crate) fn measure(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    let scopes = ScopeSet::parse("read").doing("reading a scope")?;
    let address = Some(IpAddr::from([192, 0, 2, 7]));
    let of_key = Marks { address, agent: Some("bench/1.0 (some system)"), scopes: Some(&scopes) };
    record(bench, "usage_record", Outcome::Issued, Marks::default())?;
    record(bench, "usage_record_marks", Outcome::Active, of_key)?;
    if !ROWS.iter().any(|name| bench.wants(name)) {
        return Ok(());
    }
    let counting = World::configured(bench, program, "usage-on", "usage = \"on\"\n")?;
    let silent = World::configured(bench, program, "usage-off", "usage = \"off\"\n")?;
    let mut worlds = [counting, silent];
    for name in ROWS {
        if bench.wants(name) {
            compare(bench, name, &mut worlds)?;
        }
    }
    Ok(())
}

/// One use after the other, of many subjects, as the thread of a server would record them.
fn record(bench: &mut Bench<'_>, name: &str, outcome: Outcome, marks: Marks<'_>) -> Result<(), Failure> {
    if !bench.wants(name) {
        return Ok(());
    }
    let (recorder, api, at) = (Recorder::default(), ApiId::from("api_bench"), Time::from_seconds(1_800_000_000));
    let subjects: Vec<_> = (0..SUBJECTS).map(|number| Subject::Client(ClientId::from(format!("client_{number}").as_str()))).collect();
    let next = Cell::new(0);
    let operation = || {
        let place = next.replace((next.get() + 1) % SUBJECTS);
        if let Some(subject) = subjects.get(place) {
            let (subject, api) = (subject.clone(), Some(api.clone()));
            recorder.record(Seen { subject, api, outcome, refused_by: None, marks, at });
        }
        Ok(())
    };
    let cpu_us = raw::cost(&operation, bench.sizes.raw)?;
    let note = Some(format!("one thread, {SUBJECTS} subjects; nobody empties its place meanwhile"));
    bench.keep(Reading {
        name: name.to_owned(),
        figures: Figures::Operation { cpu_us },
        limit: Limit::Operation(MOST_US),
        mean_group: None,
        note,
    });
    Ok(())
}

/// What one of the servers gave in its turns.
#[derive(Default)]
struct Turns {
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Turns {
    fn add(&mut self, measured: &Measured) {
        self.per_second.push(measured.requests_per_second());
        self.cpu_us.push(measured.cpu_us_per_request());
    }

    fn medians(&self) -> (f64, f64) {
        (raw::median(&mut self.per_second.clone()), raw::median(&mut self.cpu_us.clone()))
    }
}

fn compare(bench: &mut Bench<'_>, name: &str, worlds: &mut [World; 2]) -> Result<(), Failure> {
    let [counting, silent] = worlds;
    let mut loads = [Load::new(name, counting)?, Load::new(name, silent)?];
    let mut turns = [Turns::default(), Turns::default()];
    let mut ratios = Vec::with_capacity(TURNS);
    for turn in 0..TURNS {
        for place in if turn % 2 == 0 { [0, 1] } else { [1, 0] } {
            if let (Some(load), Some(turns), Some(world)) = (loads.get_mut(place), turns.get_mut(place), worlds.get(place)) {
                turns.add(&load.run(bench, world)?);
            }
        }
        let [on, off] = turns.each_ref().map(|turns| turns.per_second.last().copied().unwrap_or(f64::NAN));
        ratios.push(on / off);
    }
    let [(on, on_us), (off, off_us)] = turns.each_ref().map(Turns::medians);
    let ratio = raw::median(&mut ratios);
    bench.keep(Reading {
        name: name.to_owned(),
        figures: Figures::Value { value: (1.0 - ratio) * 100.0, unit: "%" },
        limit: Limit::Value(MOST_PERCENT),
        mean_group: None,
        note: Some(format!(
            "less throughput with counting than without: {ratio:.3} of it, the median of {TURNS} turns; {on:.0}/s and {on_us:.2} µs with, \
             {off:.0}/s and {off_us:.2} µs without"
        )),
    });
    Ok(())
}

/// What one of the servers is asked, again and again.
enum Load {
    Same(Vec<u8>),
    Introspections(std::ops::Range<usize>),
}

impl Load {
    fn new(name: &str, world: &mut World) -> Result<Load, Failure> {
        Ok(match name {
            "usage_introspect_cached" => Load::Introspections(world.take(SUBJECTS)?),
            "usage_key_verify" => Load::Same(world.key_check()?),
            _ => Load::Same(world.issue("es256")),
        })
    }

    fn run(&mut self, bench: &Bench<'_>, world: &World) -> Result<Measured, Failure> {
        let template = world.endpoint("introspect");
        let traffic: &mut dyn Traffic = match self {
            Load::Same(request) => &mut Same::new(request.clone()),
            Load::Introspections(hot) => &mut PerToken::again(&template, &world.tokens, hot.clone(), br#""active":true"#),
        };
        let shape = Shape { connections: CONNECTIONS, warm_up: bench.sizes.floor / 4, measured: bench.sizes.floor, rate: None };
        let server = world.jeton.server()?;
        load::run(server.address, server.process(), shape, traffic)
            .map_err(|failure| Failure::new(format!("{failure} (the server's last words: {})", server.last_words())))
    }
}
