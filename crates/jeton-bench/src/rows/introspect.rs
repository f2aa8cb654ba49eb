//! `introspect_*`: from memory, past memory, and of a JWT.

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::load::Traffic;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::PerToken;
use crate::world::World;

const ACTIVE: &[u8] = br#""active":true"#;

/// So few tokens that any cache holds them.
const HOT: usize = 1_000;

const FROM_MEMORY: Limit = Limit::Floor { factor: 1.5, signature: None };
const ON_A_MISS: Limit = Limit::Floor { factor: 2.5, signature: None };

/// Measures the three rows, the floor after them.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    if !bench.wants("introspect") {
        return Ok(());
    }
    let template = world.endpoint("introspect");
    if bench.wants("introspect_cached") {
        let hot = world.take(HOT)?;
        for connections in bench.sizes.connections {
            let mut traffic = PerToken::again(&template, &world.tokens, hot.clone(), ACTIVE);
            row(bench, world, "introspect_cached", *connections, FROM_MEMORY, &mut traffic)?;
        }
    }
    if bench.wants("introspect_jwt") {
        let jwts = world.jwts("es256", HOT)?;
        for connections in bench.sizes.connections {
            let mut traffic = PerToken::again(&template, &jwts, 0..jwts.len(), ACTIVE);
            row(bench, world, "introspect_jwt", *connections, FROM_MEMORY, &mut traffic)?;
        }
    }
    if bench.wants("introspect_miss") {
        misses(bench, world)?;
    }
    bench.sample_floor()
}

/// A fresh server has nothing in memory, and each token is asked for once.
fn misses(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    world.jeton.stop()?;
    world.jeton.start()?;
    let template = world.endpoint("introspect");
    let mut rest = world.left();
    for connections in bench.sizes.connections {
        let mut traffic = PerToken::once(&template, &world.tokens, rest.clone(), ACTIVE);
        row(bench, world, "introspect_miss", *connections, ON_A_MISS, &mut traffic)?;
        rest.start = traffic.next();
    }
    // Now the cache is as full as it gets.
    world.note_memory()?;
    // Rows after this one take tokens from where these began: nothing of them may be in memory.
    world.jeton.stop()?;
    world.jeton.start()?;
    Ok(())
}

fn row(
    bench: &mut Bench<'_>,
    world: &World,
    name: &str,
    connections: usize,
    limit: Limit,
    traffic: &mut dyn Traffic,
) -> Result<(), Failure> {
    let measured = bench.load(&world.jeton, connections, traffic)?;
    bench.keep(Reading {
        name: row_name(name, connections),
        figures: Figures::Load { connections, measured },
        limit,
        mean_group: None,
        note: None,
    });
    Ok(())
}
