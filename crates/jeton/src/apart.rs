//! Whether the root file lies apart from the data folder: wherever links and `..` lead, also where a part of the way is still to be made.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Refuses a root file within the data folder.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) fn check(root_key_file: &Path, data: &Path) -> Result<(), String> {
    if !is_within(root_key_file, data)? {
        return Ok(());
    }
    Err(format!(
        "the root file must lie apart from the data folder, or a copy of the folder would carry its own key: {} lies in {}\n  → keep it \
         elsewhere, and name it with --root-key-file or `root_key_file`",
        root_key_file.display(),
        data.display()
    ))
}

/// Whether a path leads into a folder.
///
/// # Errors
/// In words for people: one of them leads nowhere.
pub(crate) fn is_within(path: &Path, folder: &Path) -> Result<bool, String> {
    Ok(resolve(path)?.starts_with(resolve(folder)?))
}

/// Where a path leads. What is not there yet will be made as it is written.
fn resolve(path: &Path) -> Result<PathBuf, String> {
    let absolute = std::path::absolute(path).map_err(|error| format!("{} leads nowhere: {error}", path.display()))?;
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => drop(resolved.pop()),
            other => resolved.push(other),
        }
        resolved = fs::canonicalize(&resolved).unwrap_or(resolved);
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_dots_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("data/inner")).unwrap();
        fs::create_dir(at("keys")).unwrap();
        std::os::unix::fs::symlink(at("data/inner"), at("link")).unwrap();
        std::os::unix::fs::symlink("keys", at("data/out")).unwrap();
        fs::write(at("data/root.key"), "").unwrap();
        std::os::unix::fs::symlink(at("data/root.key"), at("keys/root.key")).unwrap();
        let within = ["data/root.key", "data/x/root.key", "nope/../data/root.key", "link/root.key", "link/../root.key", "keys/root.key"];
        for path in within {
            assert!(check(&at(path), &at("data")).is_err(), "{path}");
        }
        for path in ["root.key", "data.key", "database/root.key", "data/../root.key", "keys/other.key", "link/../../root.key"] {
            assert_eq!(check(&at(path), &at("data")), Ok(()), "{path}");
        }
        assert!(check(&at("data/inner/root.key"), &at("link")).is_err(), "the data folder's own name may be a link");
        assert!(check(&at("q/root.key"), &at("nope/../q")).is_err(), "and neither need be there");
    }
}
