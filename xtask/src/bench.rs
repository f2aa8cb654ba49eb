//! `cargo xtask bench`: measures Jeton beside the floor and the raw cryptography.

use crate::failure::Failure;

pub(crate) const HELP: &str = "\
Usage: cargo xtask bench [--json FILE]

Not built yet.

Example:
  cargo xtask bench --json results.json
";

pub(crate) fn run(_arguments: &[String]) -> Result<(), Failure> {
    Err(Failure::could_not("`cargo xtask bench` is not built yet."))
}
