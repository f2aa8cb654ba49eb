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
use crate::raw;
use crate::row::{Figures, Limit, Reading};
use crate::rows::turns::{self, Asked};
use crate::world::World;

/// How much of the throughput counting may take, in percent.
const MOST_PERCENT: f64 = 5.0;

/// What recording one use may take, in microseconds.
const MOST_US: f64 = 1.0;

/// So many subjects take turns in the place of one thread.
const SUBJECTS: usize = 1_000;

const ROWS: [(&str, Asked); 3] =
    [("usage_issue_es256", Asked::Issues), ("usage_introspect_cached", Asked::Introspections), ("usage_key_verify", Asked::KeyChecks)];

/// Measures the rows that are asked for.
pub(crate) fn measure(bench: &mut Bench<'_>, program: &Path) -> Result<(), Failure> {
    let scopes = ScopeSet::parse("read").doing("reading a scope")?;
    let address = Some(IpAddr::from([192, 0, 2, 7]));
    let of_key = Marks { address, agent: Some("bench/1.0 (some system)"), scopes: Some(&scopes) };
    record(bench, "usage_record", Outcome::Issued, Marks::default())?;
    record(bench, "usage_record_marks", Outcome::Active, of_key)?;
    if !ROWS.iter().any(|(name, _)| bench.wants(name)) {
        return Ok(());
    }
    let counting = World::configured(bench, program, "usage-on", "usage = \"on\"\n")?;
    let silent = World::configured(bench, program, "usage-off", "usage = \"off\"\n")?;
    let mut worlds = [counting, silent];
    for (name, asked) in ROWS {
        if bench.wants(name) {
            turns::compare(bench, name, asked, Limit::Value(MOST_PERCENT), &mut worlds)?;
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
