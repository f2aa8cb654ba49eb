//! `sign_*` and `verify_*`: the raw operations.

use crate::bench::Bench;
use crate::failure::Failure;
use crate::raw::{self, Algorithm};
use crate::row::{Figures, Limit, Reading};

/// Whether the limit of a Jeton row stands on this algorithm.
fn is_basis(name: &str) -> bool {
    matches!(name, "es256" | "eddsa")
}

/// Takes a sample of each algorithm that is asked for, on the server's core.
pub(crate) fn sample(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let duration = bench.sizes.raw;
    for algorithm in Algorithm::all()? {
        let names = [format!("sign_{}", algorithm.name), format!("verify_{}", algorithm.name)];
        if !is_basis(algorithm.name) && !names.iter().any(|name| bench.wants(name)) {
            continue;
        }
        let cost = bench.cores.on_server(|| algorithm.measure(duration))??;
        println!("  {}: sign {:.2} µs, verify {:.2} µs", algorithm.name, cost.sign_us, cost.verify_us);
        for (name, figure) in names.into_iter().zip([cost.sign_us, cost.verify_us]) {
            match bench.raw.iter_mut().find(|(known, _)| *known == name) {
                Some((_, samples)) => samples.push(figure),
                None => bench.raw.push((name, vec![figure])),
            }
        }
    }
    Ok(())
}

/// The medians of the samples.
pub(crate) fn readings(bench: &Bench<'_>) -> Vec<Reading> {
    let rows = bench.raw.iter().map(|(name, samples)| Reading {
        name: name.clone(),
        figures: Figures::Operation { cpu_us: raw::median(&mut samples.clone()) },
        limit: Limit::None,
        mean_group: None,
        note: None,
    });
    rows.collect()
}
