//! `cargo xtask simulate`: runs the service, its store, clocks and verifiers under seeded faults.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Simulates Jeton's service on its engine in memory, with clocks, dice, crashes and a network that a seed decides, and
verifiers that follow its feed. After every step: nothing acknowledged is missing, nothing revoked is accepted, the
ledger proves itself. A seed that finds something is printed with its last steps and finds it again.

Usage: cargo xtask simulate [--seeds N] [--seed S] [--steps N]

  --seeds N   so many seeds, from 1 on (200)
  --seed S    this seed alone; two runs of it print the same digest
  --steps N   so many steps of each (3000)

Examples:
  cargo xtask simulate --seeds 1000
  cargo xtask simulate --seed 17
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    process::run(&mut cargo(["build", "--locked", "--workspace", "--bin", "jeton-simulate"]))?;
    let program = workspace::profile_folder()?.join("jeton-simulate");
    process::run(Command::new(program).args(arguments))
}
