//! `jeton init`: a data folder with its configuration, and a root file apart from it.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jeton_backup::identity::{Identity, Recipient};
use zeroize::Zeroizing;

use crate::config::{self, Config, File, Overrides};
use crate::{apart, beginning, dice, root_file};

/// What was made, and where.
#[derive(Debug)]
pub(crate) struct Initialised {
    /// What opens backups: made now, and kept nowhere; `None` where a recipient was given.
    pub(crate) recovery: Option<Identity>,
    /// The configuration.
    pub(crate) config: PathBuf,
    /// The root file, and whether it was made now.
    pub(crate) root_key_file: (PathBuf, bool),
}

/// Makes what is missing; nothing that is there is overwritten.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) fn run(overrides: &Overrides, recipient: Option<Recipient>) -> Result<Initialised, String> {
    let path = overrides.config.clone().unwrap_or_else(|| overrides.data.join(config::FILE_NAME));
    if path.exists() {
        return Err(format!(
            "{} exists already: it is left as it is; start with `jeton serve --data {}`",
            path.display(),
            overrides.data.display()
        ));
    }
    refuse_strangers(&overrides.data)?;
    // Checked before anything is made; the file itself does not exist yet.
    let config = Config::load(&Overrides { config: None, ..overrides.clone() })?;
    apart::check(&config.root_key_file, &config.data)?;
    beginning::check_folder(&config)?;
    let root_key_file = std::path::absolute(&config.root_key_file).map_err(|error| error.to_string())?;
    make_folder(&config.data)?;
    let is_new = !root_key_file.exists();
    if is_new {
        root_file::create(&root_key_file, Zeroizing::new(dice::seed()))?;
    } else {
        root_file::read(&root_key_file)?;
    }
    let recovery = if recipient.is_some() { None } else { Some(Identity::generate()) };
    let recipient = recipient.or_else(|| recovery.as_ref().map(Identity::recipient));
    beginning::allow(&config.data).map_err(|error| format!("{} cannot be written: {error}", config.data.display()))?;
    write_config(&path, &config, &root_key_file, recipient.as_ref())?;
    Ok(Initialised { recovery, config: path, root_key_file: (root_key_file, is_new) })
}

/// A folder that holds something already is somebody's.
fn refuse_strangers(data: &Path) -> Result<(), String> {
    let Ok(mut entries) = fs::read_dir(data) else { return Ok(()) };
    let shown = data.display();
    if data.join("jeton.db").exists() {
        Err(format!("{shown} is a data folder already: start it with `jeton serve --data {shown} --issuer URL`, its issuer as before"))
    } else if entries.next().is_some() {
        Err(format!("{shown} is not empty and not Jeton's: give a folder of its own with --data"))
    } else {
        Ok(())
    }
}

/// Makes a folder for its owner alone, with the folders above it.
///
/// # Errors
/// In words for people.
pub(crate) fn make_folder(path: &Path) -> Result<(), String> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|error| format!("the data folder {} cannot be made: {error}", path.display()))
}

fn write_config(path: &Path, config: &Config, root_key_file: &Path, recipient: Option<&Recipient>) -> Result<(), String> {
    use std::io::Write as _;
    // What a flag names lies where the command runs; the file means the data folder.
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let file = File {
        issuer: Some(config.issuer.to_string()),
        listen: Some(config.listen.to_string()),
        admin_listen: config.admin_listen.map(|listen| listen.to_string()),
        tls_cert_file: config.tls.as_ref().map(|files| absolute(&files.certificate)),
        tls_key_file: config.tls.as_ref().map(|files| absolute(&files.key)),
        root_key_file: Some(root_key_file.to_owned()),
        token_prefix: Some(config.token_prefix.as_str().to_owned()),
        backup_recipients: recipient.map(|recipient| vec![recipient.to_string()]),
        ..File::default()
    };
    let failed = |error: &dyn std::fmt::Display| format!("the configuration {} cannot be written: {error}", path.display());
    let text = toml::to_string(&file).map_err(|error| failed(&error))?;
    let text = format!("# Jeton's configuration: docs/reference/configuration.md names every key.\n{text}");
    let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| failed(&error))?;
    target.write_all(text.as_bytes()).and_then(|()| target.sync_all()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(folder: &Path) -> Overrides {
        Overrides { data: folder.join("data"), ..Overrides::default() }
    }

    #[test]
    fn it_makes_what_serve_needs_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = overrides(folder.path());
        let made = run(&overrides, None).unwrap();
        assert!(made.root_key_file.1);
        let config = Config::load(&overrides).unwrap();
        assert!(root_file::read(&config.root_key_file).is_ok());
        assert!(run(&overrides, None).unwrap_err().contains("exists already"));
    }

    #[test]
    fn what_flags_say_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let said = Overrides {
            admin_listen: Some("127.0.0.1:9443".to_owned()),
            tls_cert: Some("cert.pem".into()),
            tls_key: Some("/etc/key.pem".into()),
            ..overrides(folder.path())
        };
        run(&said, None).unwrap();
        let config = Config::load(&overrides(folder.path())).unwrap();
        assert_eq!(config.admin_listen, Some(([127, 0, 0, 1], 9443).into()));
        let files = config.tls.unwrap();
        assert_eq!((files.certificate, files.key), (std::path::absolute("cert.pem").unwrap(), "/etc/key.pem".into()));
        assert_eq!(config.issuer.as_str(), "https://127.0.0.1:8420");
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        for (name, expected) in [("file.txt", "not empty"), ("jeton.db", "already")] {
            let folder = tempfile::tempdir().unwrap();
            let overrides = overrides(folder.path());
            fs::create_dir(&overrides.data).unwrap();
            fs::write(overrides.data.join(name), "x").unwrap();
            assert!(run(&overrides, None).unwrap_err().contains(expected), "{name}");
            assert!(!overrides.data.join(config::FILE_NAME).exists());
        }
    }

    #[test]
    fn the_root_file_lies_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut overrides = overrides(folder.path());
        for within in ["data/root.key", "nope/../data/root.key"] {
            overrides.root_key_file = Some(folder.path().join(within));
            assert!(run(&overrides, None).unwrap_err().contains("apart"), "{within}");
            assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "{within}: something was made");
        }
    }
}
