//! Where a deployment may begin. A disk that is not mounted, or was lost, leaves an empty folder: a server that began there would know no key
//! of anybody, and nobody would be told. So `jeton init` alone begins one, and neither does where backups show that one was there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jeton_backup::mark::{MARK, Whose, whose};
use jeton_backup::restore::snapshots;
use jeton_backup::target::Target;
use tokio::time::timeout;

use crate::backup_settings::BackupPlace;
use crate::config::{Config, FILE_NAME};
use crate::patience;

/// Says that the first start makes the database: `jeton init` leaves it, and that start takes it away.
const FIRST_START: &str = "jeton.first-start";
const DATABASE: &str = "jeton.db";

/// Lets the next start begin a deployment in a folder.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn allow(data: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(data.join(FIRST_START))?.sync_all()
}

/// The folder has its database.
pub(crate) fn is_over(data: &Path) {
    if let Err(error) = fs::remove_file(data.join(FIRST_START))
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "{FIRST_START} stays: were the database lost, a start would begin a new deployment");
    }
}

/// Refuses to begin a deployment where neither `jeton init` did nor somebody says that there never was one (`is_agreed`), or where the backup
/// target has one of this issuer.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) async fn check(config: &Config, is_agreed: bool) -> Result<(), String> {
    let data = &config.data;
    if data.join(DATABASE).exists() {
        return Ok(());
    }
    if !is_agreed && !data.join(FIRST_START).exists() {
        return Err(nothing_there(data));
    }
    let Some(target) = config.backup.place.as_ref().and_then(there) else { return Ok(()) };
    // One that does not answer shows nothing.
    match timeout(patience::START, is_of(&target, config.issuer.as_str())).await {
        Ok(Ok(true)) => Err(has_one(target.shown(), config)),
        _ => Ok(()),
    }
}

/// The same for `jeton init`, of a folder alone: whoever reaches a bucket is the server.
///
/// # Errors
/// In words for people, with what to do.
pub(crate) fn check_folder(config: &Config) -> Result<(), String> {
    let Some(BackupPlace::Folder(folder)) = &config.backup.place else { return Ok(()) };
    let mark = fs::read_to_string(folder.join(MARK)).unwrap_or_default();
    let is_of = mark.lines().any(|line| line.strip_prefix("issuer ") == Some(config.issuer.as_str()));
    if is_of { Err(has_one(&folder.display().to_string(), config)) } else { Ok(()) }
}

/// The target, where it is there: looking makes no folder.
fn there(place: &BackupPlace) -> Option<Target> {
    let is_absent = matches!(place, BackupPlace::Folder(folder) if !folder.is_dir());
    if is_absent { None } else { place.target().ok() }
}

/// Whether it is this issuer's, or has lost what says whose it is.
async fn is_of(target: &Target, issuer: &str) -> Result<bool, jeton_backup::problem::Problem> {
    Ok(match whose(target, issuer).await? {
        Whose::Ours(_) => true,
        // Another one's is refused when it is used.
        Whose::Others(_) => false,
        Whose::Nobodys => !snapshots(target).await?.is_empty(),
    })
}

fn nothing_there(data: &Path) -> String {
    let shown = data.display();
    if !data.exists() {
        return format!(
            "there is no data folder at {shown}\n  → name it with --data or JETON_DATA, or make one with `jeton init --data {shown}`; one that was \
             there is restored by `jeton backup restore`"
        );
    }
    let anew = if data.join(FILE_NAME).exists() {
        format!("where nothing was ever served on it, start once with `jeton serve --data {shown} --new-deployment`")
    } else {
        format!("`jeton init --data {shown}` makes a new one")
    };
    format!(
        "jeton.db is gone from {shown}, or never was there, and a start makes none by itself: whoever had keys would be told that there are none\n  → is its \
         disk mounted? A lost one is restored by `jeton backup restore`; {anew}"
    )
}

fn has_one(target: &str, config: &Config) -> String {
    format!(
        "{target} has backups of {issuer}, and {data} is new: what began here would be another deployment of that name\n  → restore them with \
         `jeton backup restore`. To begin anew all the same, move them away, or name another target: JETON_BACKUP_TARGET, or `backup_target`",
        issuer = config.issuer,
        data = config.data.display(),
    )
}
