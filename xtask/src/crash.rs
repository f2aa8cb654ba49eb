//! `cargo xtask crash`: runs traffic with a journal of acknowledged operations while faults are injected.

use crate::failure::Failure;

pub(crate) const HELP: &str = "\
Usage: cargo xtask crash --rounds N

Not built yet.

Example:
  cargo xtask crash --rounds 20
";

pub(crate) fn run(_arguments: &[String]) -> Result<(), Failure> {
    Err(Failure::could_not("`cargo xtask crash` is not built yet."))
}
