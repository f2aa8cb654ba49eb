//! The files that go with a snapshot: the configuration as it stands, and what there is of the access log.

use std::path::{Path, PathBuf};

use jeton_backup::files::{Source, Sources};
use jeton_backup::kept_file::{FileKind, KeptFile};

use crate::access_log;
use crate::config::{self, Config};

/// Where they are looked for.
pub(super) fn sources(config: &Config) -> Sources {
    let (data, file, log) = (config.data.clone(), config.file.clone(), config.observing.access_log.clone());
    Sources::new(move || {
        let mut found = vec![configuration(&data, &file)];
        if let Some(log) = &log {
            found.push(of_log(&data, log.clone(), false));
            found.extend(access_log::turned_aside(log).into_iter().map(|part| of_log(&data, part, true)));
        }
        found
    })
}

/// It has one name in a backup: a data folder that is restored finds it by that.
fn configuration(data: &Path, file: &Path) -> Source {
    let at = absolute(file);
    let folder = at.parent().filter(|parent| *parent != absolute(data)).map(|parent| parent.display().to_string());
    Source { file: FileKind::Configuration, at, path: config::FILE_NAME.into(), folder, is_finished: false }
}

fn of_log(data: &Path, path: PathBuf, is_finished: bool) -> Source {
    let at = absolute(&path);
    let (path, folder) = match at.strip_prefix(absolute(data)) {
        Ok(within) => (within.display().to_string(), None),
        Err(_) => {
            let name = at.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, at.parent().map(|parent| parent.display().to_string()))
        }
    };
    Source { file: FileKind::AccessLog, at, path, folder, is_finished }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Says which files could not be read: the backup is one without them.
pub(super) fn tell_unread(files: &[KeptFile]) {
    for file in files {
        if let Some(why) = &file.unread {
            tracing::warn!(path = file.path, why, "a file could not go with the backup");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_within_the_data_folder_or_with_the_folder_that_it_lies_in() {
        let data = Path::new("/var/lib/jeton");
        let check = |source: Source, path: &str, folder: Option<&str>| {
            assert_eq!((source.path.as_str(), source.folder.as_deref()), (path, folder));
        };
        check(configuration(data, &data.join("jeton.toml")), "jeton.toml", None);
        check(configuration(data, Path::new("/etc/jeton/production.toml")), "jeton.toml", Some("/etc/jeton"));
        check(of_log(data, data.join("logs/access.log"), false), "logs/access.log", None);
        check(of_log(data, "/var/log/jeton/access.log".into(), false), "access.log", Some("/var/log/jeton"));
    }
}
