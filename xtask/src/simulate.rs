//! `cargo xtask simulate`: runs the store, the clock and the feed under seeded faults.

use crate::failure::Failure;

pub(crate) const HELP: &str = "\
Usage: cargo xtask simulate --seeds N

Not built yet.

Example:
  cargo xtask simulate --seeds 200
";

pub(crate) fn run(_arguments: &[String]) -> Result<(), Failure> {
    Err(Failure::could_not("`cargo xtask simulate` is not built yet."))
}
