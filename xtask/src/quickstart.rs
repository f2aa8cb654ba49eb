//! `cargo xtask quickstart`: the tour that a newcomer takes, from an empty folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Builds `jeton` and runs `jeton quickstart --exit` in an empty temporary folder, which is removed afterwards.

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
    process::run(Command::new(program).args(["quickstart", "--exit"]).current_dir(folder.path()))
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
