//! Who else can write a data folder: whoever can, can change what was revoked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Refuses a data folder, a file in it or a configuration that others than the owner can write. What is not there is not looked at.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) fn check(data: &Path, config: &Path) -> Result<(), String> {
    let entries = fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| path.is_file());
    let open: Vec<PathBuf> = [data.to_owned(), config.to_owned()].into_iter().chain(files).filter(|path| is_open(path)).collect();
    match open.first() {
        None => Ok(()),
        Some(path) => Err(format!(
            "others can write {shown}, and with it change what is refused\n  → `chmod go-w {shown}`, and look at what it holds if they may have: \
             `jeton audit verify`",
            shown = path.display()
        )),
    }
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o022 != 0)
}
