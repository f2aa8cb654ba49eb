//! `revoke`: by token, durable before the answer.

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::{Filled, World};

pub(crate) const LIMIT: Limit = Limit::Floor { factor: 3.0, signature: None };

/// Measures `name` on the live tokens of `world`, the floor after it.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World, name: &str) -> Result<(), Failure> {
    if !bench.wants(name) {
        return Ok(());
    }
    let template = world.endpoint("revoke");
    for connections in bench.sizes.connections {
        let share = world.take(bench.sizes.share)?;
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
            note: Some(among(world)),
        });
    }
    bench.sample_floor()
}

fn among(world: &World) -> String {
    let Filled { tokens, negatives } = world.filled;
    format!("among {tokens} other live tokens and {negatives} other revocations")
}
