//! Where the tree and its build folder lie.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder of the root `Cargo.toml`.
///
/// As cargo says it now: two trees that share a build folder also share this program, and it knows only one from its build.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

/// The build folder: the one this very program was built into, so that `CARGO_TARGET_DIR` and `build.target-dir` are followed.
pub(crate) fn target_folder() -> Result<PathBuf, Failure> {
    Ok(profile_folder()?.parent().map_or_else(|| root().join("target"), Path::to_path_buf))
}

/// The folder with the programs of the development profile.
pub(crate) fn profile_folder() -> Result<PathBuf, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::could_not(format!("The path of the running program is unknown: {error}")))?;
    // A test of this crate runs from `deps`, one level further down.
    program
        .parent()
        .map(|folder| if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder })
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::could_not("The running program lies in no folder."))
}
