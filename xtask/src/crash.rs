//! `cargo xtask crash`: runs traffic with a journal of acknowledged operations while faults are injected.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Runs the real server under traffic, lets something go wrong in the midst of it, starts it again, and looks at all that
was acknowledged: every issued token is there, no revoked one is active, the ledger proves itself. At the end it searches
data folder, logs and what an abort leaves behind for every secret of the run.

Usage: cargo xtask crash [--rounds N] [--fault FAULT] [--seed S]

  --rounds N      so many rounds (20), shared among the faults
  --fault FAULT   kill, power, full, fsync, stop or clock alone (all)
  --seed S        where chance begins (1)

Needs the C compiler: a shim between the server and the C library cuts the power, fails an fsync and sets the clock wrong.
A full disk is a small file system of its own, which needs `unshare` and `mount` (util-linux).

Examples:
  cargo xtask crash --rounds 20
  cargo xtask crash --rounds 300 --fault power
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    process::run(&mut cargo(["build", "--locked", "--workspace", "--bin", "jeton", "--bin", "jeton-crash"]))?;
    let folder = workspace::profile_folder()?;
    process::run(Command::new(folder.join("jeton-crash")).arg("--program").arg(folder.join("jeton")).args(arguments))
}
