//! `cargo xtask bench`: measures Jeton beside the floor and the raw cryptography.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Builds `jeton` and `jeton-bench` as they are released (profile `dist`) and measures: the floor (axum alone), raw
signatures, Jeton with a million live tokens, and npm's oidc-provider where npm can install it. Server and load have a
core each. At most fifteen minutes after the build, three with --quick; nothing else should run beside it.

Usage: cargo xtask bench [--json FILE] [--quick] [--only NAME…]

  --json FILE   the rows as a JSON array, too
  --quick       shorter slices, fewer tokens, 64 connections only
  --only NAME…  these rows, or all that start with NAME, and what their limits stand on

Example:
  cargo xtask bench --json results.json
  cargo xtask bench --quick --only floor issue_es256
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    process::run(&mut cargo(["build", "--profile", "dist", "--locked", "--package", "jeton", "--package", "jeton-bench"]))?;
    let program = workspace::target_folder()?.join("dist").join("jeton-bench");
    process::run(Command::new(program).arg("run").args(arguments))
}
