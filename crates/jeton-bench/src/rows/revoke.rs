//! `revoke`: by token, durable before the answer.

use std::time::Duration;

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::load::{self, Shape};
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::World;

pub(crate) const LIMIT: Limit = Limit::Floor { factor: 3.0, signature: None };

/// Measures `name` on the live tokens of `world`, the floor after it.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World, name: &str) -> Result<(), Failure> {
    if !bench.wants(name) {
        return Ok(());
    }
    let template = world.endpoint("revoke");
    for connections in bench.sizes.connections {
        let share = world.take(bench.sizes.tokens / 4)?;
        let before = world.jeton.counters()?;
        let mut traffic = PerToken::once(&template, &world.tokens, share, b"");
        let measured = bench.load(world.jeton.server()?, *connections, &mut traffic)?;
        let next = traffic.next();
        world.give_back(next);
        let mean_group = world.jeton.counters()?.mean_group_since(before);
        bench.keep(Reading {
            name: row_name(name, *connections),
            figures: Figures::Load { connections: *connections, measured },
            limit: LIMIT,
            mean_group,
            note: None,
        });
    }
    bench.sample_floor()
}

/// Revokes `count` tokens without measuring: each leaves a negative behind.
pub(crate) fn make_negatives(world: &mut World, count: usize) -> Result<(), Failure> {
    let template = world.endpoint("revoke");
    let range = world.take(count)?;
    let server = world.jeton.server()?;
    let shape = Shape { connections: 256, warm_up: Duration::ZERO, measured: Duration::from_secs(60), rate: None };
    load::run(server.address, server.process(), shape, &mut PerToken::once(&template, &world.tokens, range, b""))?;
    Ok(())
}
