//! The throughput of two servers in turns, of which one does something that the other does not.

use std::ops::Range;

use crate::bench::Bench;
use crate::failure::Failure;
use crate::load::{self, Shape, Traffic};
use crate::measured::Measured;
use crate::raw;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::{PerToken, Same};
use crate::world::World;

/// Turns of each server; their order changes from one to the next, because a machine's speed drifts.
const TURNS: usize = 7;

const CONNECTIONS: usize = 64;

/// So few tokens are introspected that any cache holds them.
const HOT: usize = 1_000;

/// What the servers are asked.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// Tokens, signed.
    Issues,
    /// Introspections, from memory.
    Introspections,
    /// Checks of one key, from memory.
    KeyChecks,
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

/// Keeps how much less throughput, in percent, the first server has than the second.
pub(super) fn compare(bench: &mut Bench<'_>, name: &str, asked: Asked, limit: Limit, worlds: &mut [World; 2]) -> Result<(), Failure> {
    let [with, without] = worlds;
    let mut loads = [Load::new(asked, with)?, Load::new(asked, without)?];
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
        limit,
        mean_group: None,
        note: Some(format!(
            "less throughput with it than without: {ratio:.3} of it, the median of {TURNS} turns; {on:.0}/s and {on_us:.2} µs with, \
             {off:.0}/s and {off_us:.2} µs without"
        )),
    });
    Ok(())
}

/// What one of the servers is asked, again and again.
enum Load {
    Same(Vec<u8>),
    Introspections(Range<usize>),
}

impl Load {
    fn new(asked: Asked, world: &mut World) -> Result<Load, Failure> {
        Ok(match asked {
            Asked::Introspections => Load::Introspections(world.take(HOT)?),
            Asked::KeyChecks => Load::Same(world.key_check()?),
            Asked::Issues => Load::Same(world.issue("es256")),
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
