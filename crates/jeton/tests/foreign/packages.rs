//! Packages that other people publish, installed by version below the folder that `JETON_FOREIGN` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::Program;

/// A folder that packages are installed into; they stay there for the next run.
pub(crate) struct Packages(PathBuf);

/// What scripts for Node find beside them.
const BESIDE: [(&str, &str); 4] = [
    ("package.json", include_str!("node.json")),
    ("visit.mjs", include_str!("visit.mjs")),
    ("person.mjs", include_str!("person.mjs")),
    ("look.mjs", include_str!("look.mjs")),
];

impl Packages {
    /// The one that is named.
    pub(crate) fn named() -> Result<Packages, String> {
        let folder =
            std::env::var_os("JETON_FOREIGN").ok_or("JETON_FOREIGN is not set; `cargo xtask foreign` names a folder for packages.")?;
        Ok(Packages(PathBuf::from(folder)))
    }

    /// A script for Node, beside the packages and the scripts that it imports.
    pub(crate) fn node(&self, name: &str, text: &str) -> Result<Program, String> {
        let folder = self.lay_out("node", &[&BESIDE[..], &[(name, text)]].concat())?;
        let words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
        install("npm", Command::new("npm").args(words).current_dir(&folder))?;
        Ok(Program::new("node", &[folder.join(name)]))
    }

    /// A program in Rust with the crates that it uses: in a workspace of its own, so that nobody else compiles them.
    pub(crate) fn rust(&self, name: &str, manifest: &str, text: &str) -> Result<Program, String> {
        let folder = self.lay_out(name, &[("Cargo.toml", manifest), ("main.rs", text)])?;
        let cargo = || {
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.current_dir(&folder);
            command
        };
        install("cargo", cargo().arg("fetch"))?;
        let built = cargo().args(["build", "--quiet", "--offline", "--target-dir", "target"]).status().unwrap();
        assert!(built.success(), "{name} does not compile");
        Ok(Program::new(folder.join("target/debug/application"), &[]))
    }

    /// A script for Python, run in an environment with the packages that it imports.
    pub(crate) fn python(&self, name: &str, text: &str) -> Result<Program, String> {
        let folder = self.lay_out("python", &[("requirements.txt", include_str!("requirements.txt")), (name, text)])?;
        let python = folder.join("environment/bin/python");
        if !python.exists() {
            install("venv", Command::new("python3").args(["-m", "venv", "environment"]).current_dir(&folder))?;
        }
        let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", "requirements.txt"];
        install("pip", Command::new(&python).args(words).current_dir(&folder))?;
        Ok(Program::new(python, &[folder.join(name)]))
    }

    /// A folder for what a test leaves to be looked at.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn lay_out(&self, name: &str, files: &[(&str, &str)]) -> Result<PathBuf, String> {
        let folder = self.0.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}.", folder.display()))?;
        files.iter().for_each(|(name, text)| write(&folder.join(name), text));
        Ok(folder)
    }
}

/// Sees to it that a file of Debian's is there. Machines that test changes (`CI`) install what is missing; what people's machines have is theirs.
pub(crate) fn debian(file: &str, packages: &[&str]) -> Result<(), String> {
    if Path::new(file).exists() {
        return Ok(());
    }
    let missing = format!("{file} is not there; `apt-get install {}` brings it.", packages.join(" "));
    if std::env::var_os("CI").is_none() {
        return Err(missing);
    }
    let words = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let apt = |words: &[&str]| install("apt-get", Command::new("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"));
    let packages = [&words[..], packages].concat();
    // What there is may not be known yet.
    apt(&packages).or_else(|_| apt(&["update"]).and_then(|()| apt(&packages))).map_err(|error| format!("{error} {missing}"))
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
}

/// Runs a program that fetches; where it cannot, a sentence says so.
fn install(what: &str, command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{what} does not start: {error}."))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().rfind(|line| line.to_lowercase().contains("error")).unwrap_or("it gave no reason");
    Err(format!("{what} could not install what it needs: {reason}."))
}
