//! Whether what lies at the place of the target is the target: where nothing is mounted there is an empty folder, and what is put there is
//! seen by nobody.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use jeton_backup::failure::Failure;
use jeton_backup::mark::{Whose, leave, whose};
use jeton_backup::restore::segments;

use super::Backups;

/// Which places were begun as targets, a line each: in the data folder, which knows when it was begun and is not mounted elsewhere.
const NAME: &str = "jeton.backup-targets";

/// How many places are remembered: those that were used last.
const PLACES: usize = 16;

impl Backups {
    /// Refuses a place that is another deployment's, or that was begun and has lost everything that shows so.
    pub(super) async fn look_whose(&self) -> Result<(), Failure> {
        let (issuer, shown) = (self.service.issuer().as_str(), self.shown());
        match whose(&self.target, issuer).await? {
            Whose::Ours => {}
            Whose::Others(other) => {
                return Err(Failure::Refused(format!(
                    "{shown} is the backup target of {other}: name another as `backup_target`, or another prefix of the bucket"
                )));
            }
            // Whoever removed the mark alone left the tail.
            Whose::Nobodys if self.may_be_begun() || !segments(&self.target, self.service.store().head().incarnation).await?.is_empty() => {
                leave(&self.target, issuer, self.service.moments().time()).await?;
            }
            Whose::Nobodys => {
                return Err(Failure::Refused(format!(
                    "{shown} was begun as the backup target of this folder, and nothing of that is there: is it mounted? If it is to be begun \
                     anew, start once with `jeton serve --new-backup-target`"
                )));
            }
        }
        self.is_target_new.store(false, Ordering::Relaxed);
        self.remember();
        Ok(())
    }

    /// The same where it costs nothing: of a folder before each use.
    pub(super) async fn look_whose_folder(&self) -> Result<(), Failure> {
        if self.settings.is_folder() { self.look_whose().await } else { Ok(()) }
    }

    /// The operator says that what lies at the place of the target is a new one.
    pub(crate) fn begin_target_anew(&self) {
        self.is_target_new.store(true, Ordering::Relaxed);
    }

    fn may_be_begun(&self) -> bool {
        self.is_target_new.load(Ordering::Relaxed) || !places(&self.data).iter().any(|place| *place == self.place())
    }

    /// The place in one line.
    fn place(&self) -> String {
        self.shown().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
    }

    fn remember(&self) {
        if self.is_target_known.swap(true, Ordering::Relaxed) {
            return;
        }
        let (mut known, place) = (places(&self.data), self.place());
        if known.last() == Some(&place) {
            return;
        }
        known.retain(|other| *other != place);
        known.push(place);
        let text: String = known.iter().skip(known.len().saturating_sub(PLACES)).flat_map(|place| [place, "\n"]).collect();
        if let Err(error) = write(&self.data, &text) {
            tracing::warn!(%error, "that the backup target was begun is not remembered: one that is not mounted would be begun anew");
        }
    }
}

fn places(data: &Path) -> Vec<String> {
    let text = fs::read_to_string(data.join(NAME)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// As a whole, or not at all.
fn write(data: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let (path, new) = (data.join(NAME), data.join(format!("{NAME}.new")));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&new, path)
}
