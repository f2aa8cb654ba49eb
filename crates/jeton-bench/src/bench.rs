//! What the rows of one run share: the cores, the floor beside them, and what was read so far.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::affinity::Cores;
use crate::arguments::Options;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::floor::Floor;
use crate::jeton::Jeton;
use crate::load::{self, Shape, Traffic};
use crate::measured::Measured;
use crate::raw;
use crate::row::{Basis, Figures, Limit, Reading, Row};
use crate::server::Server;
use crate::traffic::Same;

/// One run of the bench.
pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    pub(crate) cores: Cores,
    pub(crate) sizes: Sizes,
    pub(crate) scratch: PathBuf,
    /// Each with the number of floor slices before it.
    readings: Vec<(Reading, usize)>,
    pub(crate) raw: Vec<(String, Vec<f64>)>,
    failed: Vec<String>,
    floor: Server,
    floors: Vec<(Floor, usize, Measured)>,
    start: Instant,
}

/// How much of everything: a whole run takes ten minutes, a quick one three, on a quiet machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) connections: &'static [usize],
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    pub(crate) floor: Duration,
    pub(crate) raw: Duration,
    /// Rows in the store before anything is measured.
    pub(crate) tokens: usize,
    /// Rows in the store for `revoke_10m`.
    pub(crate) many_tokens: usize,
    /// Revocations in the store before anything is measured.
    pub(crate) negatives: usize,
    /// Tokens issued over HTTP before anything is measured: what introspections and revocations ask about.
    pub(crate) known: usize,
    /// How many of them a row may revoke.
    pub(crate) share: usize,
    pub(crate) starts: usize,
    /// API keys in the store before they are checked and listed, and how many of them are known.
    pub(crate) keys: usize,
    pub(crate) known_keys: usize,
    pub(crate) longest: Duration,
}

const WHOLE: Sizes = Sizes {
    connections: &[64, 256],
    warm_up: Duration::from_secs(1),
    measured: Duration::from_secs(3),
    floor: Duration::from_millis(1_500),
    raw: Duration::from_millis(600),
    tokens: 1_000_000,
    many_tokens: 10_000_000,
    negatives: 100_000,
    known: 500_000,
    share: 120_000,
    starts: 5,
    keys: 1_000_000,
    known_keys: 400_000,
    longest: Duration::from_secs(900),
};

const QUICK: Sizes = Sizes {
    connections: &[64],
    warm_up: Duration::from_millis(300),
    measured: Duration::from_millis(1_500),
    floor: Duration::from_millis(800),
    raw: Duration::from_millis(200),
    tokens: 200_000,
    many_tokens: 1_000_000,
    negatives: 20_000,
    known: 150_000,
    share: 40_000,
    starts: 3,
    keys: 100_000,
    known_keys: 90_000,
    longest: Duration::from_secs(240),
};

impl<'a> Bench<'a> {
    /// Starts the floor on the server's core and puts this thread on the other one.
    pub(crate) fn start(options: &'a Options, cores: Cores, scratch: PathBuf) -> Result<Self, Failure> {
        fs::create_dir_all(&scratch).doing(&format!("creating {}", scratch.display()))?;
        let own = std::env::current_exe().doing("finding this program")?;
        let floor = Server::announced(Command::new(own).arg("floor"), cores, &scratch.join("floor.log"))?;
        Ok(Self {
            options,
            cores,
            sizes: if options.quick { QUICK } else { WHOLE },
            scratch,
            readings: Vec::new(),
            raw: Vec::new(),
            failed: Vec::new(),
            floor,
            floors: Vec::new(),
            start: clock::now(),
        })
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.options.wants(name)
    }

    /// Whether the time of this run is used up.
    pub(crate) fn is_late(&self) -> bool {
        self.start.elapsed() > self.sizes.longest
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Measures the floor once more: each row has one right before and one right after it, because a machine's speed drifts within
    /// seconds.
    pub(crate) fn sample_floor(&mut self) -> Result<(), Failure> {
        self.sizes.connections.iter().try_for_each(|connections| self.sample_floor_at(Floor::Form, *connections))
    }

    /// The same for one question and one number of connections.
    pub(crate) fn sample_floor_at(&mut self, what: Floor, connections: usize) -> Result<(), Failure> {
        let shape = Shape { connections, warm_up: self.sizes.floor / 4, measured: self.sizes.floor, rate: None };
        let measured = load::run(self.floor.address, self.floor.process(), shape, &mut Same::new(what.request()))?;
        println!("  {} at {connections}: {:.2} µs, {:.0}/s", what.name(), measured.cpu_us_per_request(), measured.requests_per_second());
        self.floors.push((what, connections, measured));
        Ok(())
    }

    /// Runs `traffic` against a server over `connections`, once it has come to rest and right after the floor.
    pub(crate) fn load(&mut self, jeton: &Jeton, connections: usize, traffic: &mut dyn Traffic) -> Result<Measured, Failure> {
        jeton.rest()?;
        self.sample_floor_at(Floor::Form, connections)?;
        let server = jeton.server()?;
        let shape = Shape { connections, warm_up: self.sizes.warm_up, measured: self.sizes.measured, rate: None };
        load::run(server.address, server.process(), shape, traffic)
            .map_err(|failure| Failure::new(format!("{failure} (the server's last words: {})", server.last_words())))
    }

    /// Keeps a reading, and shows it at once.
    pub(crate) fn keep(&mut self, reading: Reading) {
        match &reading.figures {
            Figures::Load { connections, measured } => println!(
                "  {} at {connections}: {:.2} µs, {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
                reading.name,
                measured.cpu_us_per_request(),
                measured.requests_per_second(),
                measured.p50_ms(),
                measured.p99_ms()
            ),
            Figures::Operation { cpu_us } => println!("  {}: {cpu_us:.2} µs", reading.name),
            Figures::Value { value, unit } => println!("  {}: {value:.2} {unit}", reading.name),
            Figures::Delay { p50_ms, p99_ms, worst_ms } => {
                println!("  {}: p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, worst {worst_ms:.1} ms", reading.name);
            }
            Figures::Missing => println!("  {}: {}", reading.name, reading.note.as_deref().unwrap_or("not measured")),
        }
        self.readings.push((reading, self.floors.len()));
    }

    /// Keeps that `name` could not be measured, and why.
    pub(crate) fn miss(&mut self, name: &str, limit: Limit, why: &str) {
        let note = Some(format!("not measured: {why}"));
        self.keep(Reading { name: name.to_owned(), figures: Figures::Missing, limit, mean_group: None, note });
    }

    /// Keeps that measuring `name` failed: the run goes on and ends as a failure.
    pub(crate) fn fail(&mut self, name: &str, failure: &Failure) {
        self.failed.push(name.to_owned());
        self.miss(name, Limit::None, &failure.to_string());
    }

    /// An error when something failed.
    pub(crate) fn outcome(&self) -> Result<(), Failure> {
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(format!("Not everything could be measured: {}.", self.failed.join(", "))))
        }
    }

    /// The floors, one reading per number of connections: the slice with the median processor time.
    pub(crate) fn floor_readings(&self) -> Vec<Reading> {
        let all = Floor::ALL.into_iter().flat_map(|what| self.sizes.connections.iter().map(move |connections| (what, connections)));
        let medians = all.filter_map(|(what, connections)| {
            let of = self.floors.iter().filter(|(asked, at, _)| *asked == what && at == connections);
            let mut slices: Vec<&Measured> = of.map(|(.., measured)| measured).collect();
            slices.sort_by(|one, other| one.cpu_us_per_request().total_cmp(&other.cpu_us_per_request()));
            let median = (*slices.get(slices.len() / 2)?).clone();
            let range = slices.first().zip(slices.last()).map(|(low, high)| {
                format!(
                    "median of {} slice(s) between {:.2} and {:.2} µs",
                    slices.len(),
                    low.cpu_us_per_request(),
                    high.cpu_us_per_request()
                )
            });
            Some(Reading {
                name: row_name(what.name(), *connections),
                figures: Figures::Load { connections: *connections, measured: median },
                limit: Limit::None,
                mean_group: None,
                note: range,
            })
        });
        medians.collect()
    }

    /// The rows of what was kept, each limit computed from the floor slices before and after it.
    pub(crate) fn rows(&mut self) -> Vec<Row> {
        let readings = std::mem::take(&mut self.readings);
        readings.into_iter().map(|(reading, place)| Row::new(reading, &self.basis(place))).collect()
    }

    fn basis(&self, place: usize) -> Basis {
        let (before, after) = self.floors.split_at(place.min(self.floors.len()));
        let all = Floor::ALL.into_iter().flat_map(|what| self.sizes.connections.iter().map(move |connections| (what, connections)));
        let floors = all.filter_map(|(what, connections)| {
            let of = |(asked, at, measured): &(Floor, usize, Measured)| {
                (*asked == what && at == connections).then(|| measured.cpu_us_per_request())
            };
            let (before, after) = (before.iter().rev().find_map(of), after.iter().find_map(of));
            let floor = before.zip(after).map(|(before, after)| before.midpoint(after)).or(before).or(after)?;
            Some((what, *connections, floor))
        });
        let raw = self.raw.iter().map(|(name, samples)| (name.clone(), raw::median(&mut samples.clone())));
        Basis { floors: floors.collect(), raw: raw.collect() }
    }

    /// A folder of this run's own that is empty.
    pub(crate) fn empty_folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.scratch.join(name);
        remove(&folder)?;
        fs::create_dir_all(&folder).doing(&format!("creating {}", folder.display()))?;
        Ok(folder)
    }
}

/// The name of a row: 64 connections are meant where it names none.
pub(crate) fn row_name(name: &str, connections: usize) -> String {
    if connections == 64 { name.to_owned() } else { format!("{name}@{connections}") }
}

/// Removes a folder if it is there.
pub(crate) fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).doing(&format!("removing {}", folder.display())),
        _ => Ok(()),
    }
}
