//! The shim, compiled where it runs: a C compiler is what Jeton needs to be built anyway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};

const SOURCE: &str = include_str!("shim.c");

/// Compiles the shim into a folder, with the compiler that `CC` names or else `cc`.
pub(crate) fn compile(folder: &Path) -> Result<PathBuf, Failure> {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SOURCE).doing("writing the shim")?;
    let compiler = std::env::var_os("CC").filter(|name| !name.is_empty()).unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(["-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-nonnull-compare", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .output()
        .doing(&format!("starting the C compiler `{}`", compiler.display()))?;
    if output.status.success() {
        Ok(library)
    } else {
        Err(Failure::CouldNot(format!("compiling the shim: {}", String::from_utf8_lossy(&output.stderr))))
    }
}
