//! `issue_*`: client credentials, durable before the answer.

use crate::bench::{Bench, row_name};
use crate::failure::Failure;
use crate::row::{Figures, Limit, Reading};
use crate::traffic::Same;
use crate::world::World;

const ROWS: [(&str, &str, Limit); 3] = [
    ("issue_es256", "es256", Limit::Floor { factor: 1.7, signature: Some("sign_es256") }),
    ("issue_eddsa", "eddsa", Limit::Floor { factor: 1.9, signature: Some("sign_eddsa") }),
    ("issue_opaque", "opaque", Limit::Floor { factor: 2.6, signature: None }),
];

/// Measures each format at each number of connections, the floor between them.
pub(crate) fn measure(bench: &mut Bench<'_>, world: &mut World) -> Result<(), Failure> {
    for (name, format, limit) in ROWS {
        if !bench.wants(name) {
            continue;
        }
        for connections in bench.sizes.connections {
            let before = world.jeton.counters()?;
            let measured = bench.load(&world.jeton, *connections, &mut Same::new(world.issue(format)))?;
            let mean_group = world.jeton.counters()?.mean_group_since(before);
            bench.keep(Reading {
                name: row_name(name, *connections),
                figures: Figures::Load { connections: *connections, measured },
                limit,
                mean_group,
                note: None,
            });
        }
        bench.sample_floor()?;
    }
    Ok(())
}
