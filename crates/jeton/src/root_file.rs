//! The root file: numbered epochs of 32 secret bytes, apart from the data, readable by its owner alone.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use jeton_core::root_key::RootKeys;
use jeton_jose::base64url;
use zeroize::Zeroizing;

use crate::config::FILE_NAME;
use crate::replacement::Replacement;

const HEADER: &str = "# Jeton's root key: one epoch a line. Whoever reads this file can read the sealed keys of the data folder;\n\
                      # without it the folder is worthless. Keep a copy apart from the data and from its backups.\n";

/// An epoch: its number and its secret.
pub(crate) type Epoch = (u16, Zeroizing<[u8; 32]>);

/// Makes a root file with a first epoch; nothing is overwritten.
///
/// # Errors
/// In words for people.
pub(crate) fn create(path: &Path, secret: Zeroizing<[u8; 32]>) -> Result<(), String> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| format!("the folder of the root file {} cannot be made: {error}", path.display()))?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("there is a root file at {} already: it is left as it is", path.display()),
        _ => format!("the root file {} cannot be written: {error}", path.display()),
    })?;
    let text = print(&[(1, secret)]);
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| format!("the root file cannot be written: {error}"))
}

/// Says what to do where there is no root file: one that something is sealed under cannot be made again.
///
/// # Errors
/// In words for people.
pub(crate) fn look_for(path: &Path, data: &Path) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let (shown, data_shown) = (path.display(), data.display());
    if !data.exists() {
        return Err(format!(
            "there is no data folder at {data_shown}\n  → name it with --data or JETON_DATA, or make one with `jeton init --data {data_shown}`"
        ));
    }
    let next = if data.join("jeton.db").exists() {
        format!(
            "put your copy back, or name it with --root-key-file, and for every start as `root_key_file` in {data_shown}/{FILE_NAME}; without it {data_shown} cannot be opened"
        )
    } else if data.join(FILE_NAME).exists() {
        format!("nothing is sealed under it yet: remove {data_shown}/{FILE_NAME}, and `jeton init` makes both anew")
    } else {
        "`jeton init` makes one, or name it with --root-key-file".to_owned()
    };
    Err(format!("there is no root file at {shown}\n  → {next}"))
}

/// Reads a root file that only its owner can read.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) fn read(path: &Path) -> Result<RootKeys, String> {
    RootKeys::new(epochs(path)?).map_err(|error| format!("the root file {}: {error}", path.display()))
}

/// The numbers of a root file's epochs.
///
/// # Errors
/// In words for people.
pub(crate) fn numbers(path: &Path) -> Result<Vec<u16>, String> {
    Ok(epochs(path)?.into_iter().map(|(number, _)| number).collect())
}

/// Adds an epoch, the newest, to a root file that holds exactly what the server holds, and reads all of them. The file is replaced as a
/// whole, so that it is never half written. One at a time.
///
/// # Errors
/// In words for people; the file is as it was then.
pub(crate) fn add_epoch(path: &Path, held: &RootKeys, secret: Zeroizing<[u8; 32]>) -> Result<RootKeys, String> {
    // It is said in one line: to whoever asked over HTTP.
    let mut epochs = epochs(path).map_err(|sentence| sentence.replace("\n  → ", ": "))?;
    let here = RootKeys::new(epochs.iter().cloned()).map_err(|error| error.to_string())?;
    if !here.holds_all_of(held) || !held.holds_all_of(&here) {
        // What is sealed under an epoch that only the server holds could never be opened again.
        return Err(format!("the root file {} is not what the server started with", path.display()));
    }
    let next = here.current().0.checked_add(1).ok_or("the root key has no epoch left")?;
    epochs.push((next, secret));
    let failed = |error: io::Error| format!("the root file {} cannot be replaced: {error}", path.display());
    Replacement::begin(path).and_then(|begun| begun.finish(print(&epochs).as_bytes())).map_err(failed)?;
    RootKeys::new(epochs).map_err(|error| error.to_string())
}

fn epochs(path: &Path) -> Result<Vec<Epoch>, String> {
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no root file at {shown}: name it with --root-key-file"),
        _ => format!("the root file {shown} cannot be read: {error}"),
    })?;
    if metadata.len() > 64 * 1024 {
        return Err(format!("the root file {shown} is too large to be one\n  → name the file that `jeton init` made: --root-key-file"));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| format!("the root file {shown} cannot be read: {error}"))?);
    // What it is before who may read it: another file is not to be made private, but to be named no more.
    let epochs = parse(&text).ok_or_else(|| {
        format!(
            "{shown} is no root file: each line of one is an epoch's number and 43 characters of base64url\n  \
             → name the file that `jeton init` made, or its copy: --root-key-file"
        )
    })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!(
            "others can read the root file {shown}\n  → `chmod 600 {shown}`; if somebody may have read it, `jeton root-key rotate` afterwards"
        ));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("the root file {shown} belongs to another user\n  → let the user that runs Jeton own it: `chown`"));
    }
    Ok(epochs)
}

/// Reads the text of a root file; `None`: it is none.
pub(crate) fn parse(text: &str) -> Option<Vec<Epoch>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let epochs: Vec<Epoch> = lines
        .map(|line| {
            let (number, secret) = line.split_once(' ')?;
            let secret = Zeroizing::new(base64url::decode(secret.trim()).ok()?);
            Some((number.parse().ok()?, Zeroizing::new(secret.as_slice().try_into().ok()?)))
        })
        .collect::<Option<_>>()?;
    let mut numbers: Vec<u16> = epochs.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    (!epochs.is_empty() && numbers.len() == epochs.len()).then_some(epochs)
}

fn print(epochs: &[Epoch]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + epochs.len() * 64));
    text.push_str(HEADER);
    for (number, secret) in epochs {
        let encoded = Zeroizing::new(base64url::encode(&**secret));
        let _ = writeln!(*text, "{number} {}", *encoded);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_file_grows_by_epochs_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        create(&path, Zeroizing::new([1; 32])).unwrap();
        assert!(create(&path, Zeroizing::new([2; 32])).unwrap_err().contains("already"));
        let first = read(&path).unwrap();
        // What an attempt left behind, open to others.
        fs::write(folder.path().join("root.key.new"), "left over").unwrap();
        let both = add_epoch(&path, &first, Zeroizing::new([2; 32])).unwrap();
        assert_eq!(both.current().0, 2);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(add_epoch(&path, &first, Zeroizing::new([3; 32])).unwrap_err().contains("not what the server started with"));
        assert!(read(&path).unwrap().holds_all_of(&both));
        assert_eq!(numbers(&path).unwrap(), [1, 2]);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).unwrap_err().contains("chmod 600"));
    }

    #[test]
    fn what_is_no_root_file_is_not_read() {
        let good = print(&[(1, Zeroizing::new([1; 32]))]);
        let line = good.lines().last().unwrap().to_owned();
        let wrong = ["", "1", "1 AAAA", "x AAAA", &format!("{line}\n{line}"), &line[..line.len() - 1], &format!("-{line}")];
        for text in wrong {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&good).is_some());
    }
}
