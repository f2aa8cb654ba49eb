//! One run: a seed, and what came of it.

use crate::breakage::Breakage;
use crate::tally::Tally;
use crate::world::World;

/// How many steps a run takes unless said otherwise.
pub const STEPS: u64 = 3_000;

/// A run without a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// A digest of all it did: the same for the same seed.
    pub digest: u64,
    /// What happened in it.
    pub tally: Tally,
}

/// What a run found.
#[derive(Debug)]
pub struct Found {
    /// The seed that finds it again.
    pub seed: u64,
    /// At which step.
    pub step: u64,
    /// What does not hold.
    pub what: String,
    /// The last steps before it.
    pub tail: String,
    /// A digest of all it did.
    pub digest: u64,
}

/// Runs a seed.
///
/// # Errors
/// [`Found`]: something does not hold.
pub fn run(seed: u64, steps: u64, breakage: Option<Breakage>) -> Result<Passed, Box<Found>> {
    let mut world = World::new(seed, breakage).map_err(|what| Box::new(Found { seed, step: 0, what, tail: String::new(), digest: 0 }))?;
    for _ in 0..steps {
        if let Err(what) = world.act().and_then(|()| world.check()) {
            let (tail, digest) = (world.trace.tail(), world.trace.digest());
            return Err(Box::new(Found { seed, step: world.step, what, tail, digest }));
        }
    }
    let finish = world.check_rows();
    let (tail, digest) = (world.trace.tail(), world.trace.digest());
    match finish {
        Ok(()) => Ok(Passed { digest, tally: world.tally }),
        Err(what) => Err(Box::new(Found { seed, step: world.step, what, tail, digest })),
    }
}
