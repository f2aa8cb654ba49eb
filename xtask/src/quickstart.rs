//! `cargo xtask quickstart`: the tour that a newcomer takes, from an empty folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Builds `jeton` and runs `jeton quickstart --exit` in an empty temporary folder, twice: the second start must keep everything.
The folder is removed afterwards.

Usage: cargo xtask quickstart

Example:
  cargo xtask quickstart
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err(Failure::usage("`cargo xtask quickstart` takes no words."));
    }
    // Within the whole workspace, so that no dependency is built again with other features.
    process::run(&mut cargo(["build", "--workspace", "--locked", "--bin", "jeton"]))?;
    let program = workspace::profile_folder()?.join("jeton");
    let folder = EmptyFolder::create()?;
    let in_folder = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(folder.path());
        // What is meant for the tests, Jeton does not know.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
            command.env_remove(name);
        }
        command
    };
    process::run(&mut in_folder(&["quickstart", "--exit"]))?;
    let before = entries(&mut in_folder(&["audit", "verify", "--json"]))?;
    process::run(&mut in_folder(&["quickstart", "--exit"]))?;
    let after = entries(&mut in_folder(&["audit", "verify", "--json"]))?;
    // Whatever was there is there: the ledger is sound, and has grown.
    if before == 0 || after <= before {
        return Err(Failure::refused(format!("The second start kept {after} entries of {before}.")));
    }
    Ok(())
}

/// How many entries the ledger has that the command read and found sound.
fn entries(command: &mut Command) -> Result<u64, Failure> {
    let could_not = |why: String| Failure::could_not(format!("The ledger of the tour: {why}"));
    let output = command.output().map_err(|error| could_not(error.to_string()))?;
    if !output.status.success() {
        return Err(could_not(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| could_not(error.to_string()))?;
    report.get("entries").and_then(serde_json::Value::as_u64).ok_or_else(|| could_not("the report names no entries".to_owned()))
}

/// A new folder, removed with all that came into it.
struct EmptyFolder(PathBuf);

impl EmptyFolder {
    fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("jeton-quickstart-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| Failure::could_not(format!("{} cannot be made: {error}", path.display())))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for EmptyFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} could not be removed: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_empty_and_goes_away() {
        let folder = EmptyFolder::create().expect("a folder");
        let path = folder.path().to_path_buf();
        assert_eq!(std::fs::read_dir(&path).expect("readable").count(), 0);
        std::fs::write(path.join("left"), "over").expect("writable");
        drop(folder);
        assert!(!path.exists());
    }
}
