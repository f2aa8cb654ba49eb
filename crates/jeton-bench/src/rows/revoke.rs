//! `revoke*`: by token, durable before the answer; of tokens in memory, and of tokens whose row must be read first.

use std::time::Duration;

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::floor::Floor;
use crate::load::{self, Shape};
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::{Filled, World};

/// Of a token in memory, with what a backup needs of it (docs/decisions/0055).
pub(crate) const LIMIT: Limit = Limit::Floor { factor: 3.5, signature: None };
/// A read of its row is allowed as much more as an introspection is (docs/decisions/0008).
const LIMIT_ON_A_MISS: Limit = Limit::Floor { factor: 4.5, signature: None };

/// Any server of ours keeps so many tokens in memory.
const IN_MEMORY: usize = 40_000;

/// So many revocations come before those that are measured: a server that has just started pays for its first ones.
const FIRST: usize = 5_000;

/// Measures `name` on live tokens in memory and `name`_miss on those that are not, the floor after both.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World, name: &str) -> Result<(), Failure> {
    let miss = format!("{name}_miss");
    if bench.wants(name) {
        for connections in bench.sizes.connections {
            in_memory(bench, world, name, *connections)?;
        }
    }
    if bench.wants(&miss) {
        // Nothing is in the memory of a fresh server.
        world.jeton.stop()?;
        world.jeton.start()?;
        for connections in bench.sizes.connections {
            let shape = Shape { connections: *connections, warm_up: bench.sizes.warm_up, measured: bench.sizes.measured, rate: None };
            row(bench, world, &miss, bench.sizes.share, shape, LIMIT_ON_A_MISS)?;
        }
    }
    bench.sample_floor()
}

fn in_memory(bench: &mut Bench<'_>, world: &mut World, name: &str, connections: usize) -> Result<(), Failure> {
    // Tokens that were asked about often would keep these out.
    world.jeton.stop()?;
    world.jeton.start()?;
    let share = bench.sizes.share.min(IN_MEMORY);
    let shape = Shape { connections, warm_up: Duration::ZERO, measured: bench.sizes.longest, rate: None };
    let first = world.take(FIRST)?;
    let (revoke, introspect) = (world.endpoint("revoke"), world.endpoint("introspect"));
    let server = world.jeton.server()?;
    load::run(server.address, server.process(), shape, &mut PerToken::once(&revoke, &world.tokens, first, b""))?;
    let tokens = world.take(share)?;
    let server = world.jeton.server()?;
    load::run(
        server.address,
        server.process(),
        shape,
        &mut PerToken::once(&introspect, &world.tokens, tokens.clone(), br#""active":true"#),
    )?;
    world.give_back(tokens.start);
    let shape = Shape { connections, warm_up: bench.sizes.warm_up / 5, measured: bench.sizes.measured, rate: None };
    row(bench, world, name, share, shape, LIMIT)
}

/// Revokes tokens that no row has taken.
pub(crate) fn row(bench: &mut Bench<'_>, world: &mut World, name: &str, share: usize, shape: Shape, limit: Limit) -> Result<(), Failure> {
    let template = world.endpoint("revoke");
    let share = world.take(share)?;
    world.jeton.rest()?;
    bench.sample_floor_at(Floor::Form, shape.connections)?;
    let before = world.jeton.counters()?;
    let mut traffic = PerToken::once(&template, &world.tokens, share, b"");
    let server = world.jeton.server()?;
    let measured = load::run(server.address, server.process(), shape, &mut traffic)?;
    let next = traffic.next();
    world.give_back(next);
    let mean_group = world.jeton.counters()?.mean_group_since(before);
    let Filled { tokens, negatives } = world.filled;
    bench.keep(Reading {
        name: row_name(name, shape.connections),
        figures: Figures::Load { connections: shape.connections, measured },
        limit,
        mean_group,
        note: Some(format!("among {tokens} other live tokens and {negatives} other revocations")),
    });
    Ok(())
}
