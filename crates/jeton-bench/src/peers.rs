//! Other people's programs that are measured beside Jeton: installed by version from the registries of their languages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Doing, Failure};

/// They answer requests of this machine alone, and only while they are measured.
pub(crate) const SECRET: &str = "only-for-the-bench";

/// What a peer consists of: the names and texts of its files.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

/// Lays out a program for Node in a folder of this name and installs what its `package.json` pins, unless it is there from an earlier run.
pub(crate) fn node(scratch: &Path, name: &str, files: Files<'_>) -> Result<PathBuf, Failure> {
    let folder = lay_out(scratch, name, files)?;
    let mut npm = Command::new("npm");
    // What a package declares to want beside it is not what it needs here.
    npm.args(["install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]).current_dir(&folder);
    install(&mut npm, name)?;
    Ok(folder)
}

/// The same of a program for Python, with what its `requirements.txt` pins in an environment of its own.
pub(crate) fn python(scratch: &Path, name: &str, files: Files<'_>) -> Result<PathBuf, Failure> {
    let folder = lay_out(scratch, name, files)?;
    install(Command::new("python3").args(["-m", "venv", "environment"]).current_dir(&folder), name)?;
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "-r", "requirements.txt"];
    install(Command::new(folder.join("environment/bin/python")).args(arguments).current_dir(&folder), name)?;
    Ok(folder)
}

fn lay_out(scratch: &Path, name: &str, files: Files<'_>) -> Result<PathBuf, Failure> {
    let folder = scratch.join("peers").join(name);
    fs::create_dir_all(&folder).doing(&format!("creating {}", folder.display()))?;
    for (name, text) in files {
        fs::write(folder.join(name), text).doing(&format!("writing {name}"))?;
    }
    Ok(folder)
}

fn install(command: &mut Command, name: &str) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().doing(&format!("starting {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let reason = text.lines().find(|line| line.to_lowercase().contains("error")).unwrap_or("it gave no reason");
    Err(Failure::new(format!("{program} could not install {name}: {reason}")))
}
