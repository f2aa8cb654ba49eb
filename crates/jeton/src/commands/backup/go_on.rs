//! How to go on with a folder that was restored: what starts a server on it, and where that would ship to.

use std::path::Path;

use jeton_backup::kept_file::FileKind;

use crate::backup::Made;
use crate::backup_settings::BackupPlace;
use crate::commands::options::word;
use crate::config::{Config, Overrides, environment};

/// What the last lines of a restore say.
pub(super) struct GoOn {
    /// What starts a server on the folder: what its configuration does not say stands there.
    pub(super) serve: String,
    /// Where that server ships to, started from here; `None`: nowhere, or its configuration cannot be read.
    pub(super) ships_to: Option<String>,
    /// What starts it for a trial, of which no target hears.
    pub(super) trial: String,
}

impl GoOn {
    pub(super) fn of(data: &Path, root_file: &Path, made: &Made) -> GoOn {
        let has_configuration = made.files.iter().any(|file| file.file == FileKind::Configuration && file.missing.is_none());
        let overrides = Overrides { data: data.to_owned(), ..Overrides::default() };
        let said = Config::load(&overrides).ok();
        let says_root_file = said.as_ref().is_some_and(|said| same_file(&said.root_key_file, root_file));
        let serve = format!("jeton serve --data {}", word(data));
        let serve = match (has_configuration, says_root_file) {
            (true, true) => serve,
            (true, false) => format!("{serve} --root-key-file {}", word(root_file)),
            (false, _) => format!("{serve} --root-key-file {} --issuer {}", word(root_file), made.issuer),
        };
        let here = Config::load(&Overrides { environment: environment::of_process(), ..overrides }).ok();
        let ships_to = here.as_ref().and_then(|here| here.backup.place.as_ref()).map(shown);
        let trial = format!("{serve} --trial");
        GoOn { serve, ships_to, trial }
    }
}

/// The place, without what leads out of folders again.
fn shown(place: &BackupPlace) -> String {
    match place {
        BackupPlace::Folder(folder) => std::fs::canonicalize(folder).map_or_else(|_| place.text(), |folder| folder.display().to_string()),
        BackupPlace::Bucket(..) => place.text(),
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    let leads_to = |path: &Path| std::fs::canonicalize(path).ok();
    leads_to(one).is_some_and(|one| leads_to(other) == Some(one))
}
