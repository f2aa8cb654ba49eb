//! A file that is turned each day, or once it is long, and whose old parts leave after some days.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jeton_core::moment::Time;
use jeton_http::api::rfc3339;

const DAY_SECONDS: i64 = 86_400;
/// A file of this length is turned.
const FILE_BYTES: u64 = 64 << 20;

/// The file that is written to, and how long its older parts stay.
pub(super) struct Rolling {
    path: PathBuf,
    kept_days: u32,
    file: Option<File>,
    bytes: u64,
    /// The day, since 1970 in UTC, of what the file holds.
    day: i64,
    is_failing: bool,
}

impl Rolling {
    /// Opens the file, or makes it for its owner alone.
    ///
    /// # Errors
    /// In words for people.
    pub(super) fn open(path: PathBuf, kept_days: u32, now: Time) -> Result<Rolling, String> {
        let mut rolling = Rolling { path, kept_days, file: None, bytes: 0, day: day_of(now), is_failing: false };
        rolling.reopen().map_err(|error| {
            format!("the access log {} cannot be written: {error}: name another file with `access_log`", rolling.path.display())
        })?;
        rolling.day = rolling.day_of_file().unwrap_or(rolling.day);
        Ok(rolling)
    }

    /// Writes lines; how many were lost because the disk did not take them.
    pub(super) fn write(&mut self, lines: &[u8], now: Time, may_destroy: bool) -> u64 {
        let is_new_day = day_of(now) != self.day;
        let written = self.turn_if_due(is_new_day, now).and_then(|()| self.append(lines));
        if is_new_day && may_destroy {
            self.remove_old(now);
        }
        match written {
            Ok(()) => {
                self.is_failing = false;
                0
            }
            Err(error) => {
                if !self.is_failing {
                    tracing::error!(%error, path = %self.path.display(), "the access log cannot be written: its lines are lost until it can");
                }
                (self.is_failing, self.file) = (true, None);
                lines.iter().filter(|byte| **byte == b'\n').count() as u64
            }
        }
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(lines)?;
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    fn turn_if_due(&mut self, is_new_day: bool, now: Time) -> io::Result<()> {
        if (is_new_day && self.bytes > 0) || self.bytes >= FILE_BYTES {
            let aside = free_name(&self.path, &stamp(now.seconds()));
            self.file = None;
            match fs::rename(&self.path, aside) {
                // Somebody took the file away: there is nothing to turn.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.reopen()?,
            }
        }
        self.day = day_of(now);
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        self.bytes = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// The day on which the process before wrote last.
    fn day_of_file(&self) -> Option<i64> {
        let modified = self.file.as_ref().filter(|_| self.bytes > 0)?.metadata().ok()?.modified().ok()?;
        let seconds = modified.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        i64::try_from(seconds).ok().map(|seconds| seconds.div_euclid(DAY_SECONDS))
    }

    /// Removes the parts that were turned aside more than so many days ago, by the time in their names.
    fn remove_old(&self, now: Time) {
        let oldest = stamp(now.seconds() - i64::from(self.kept_days) * DAY_SECONDS);
        let (Some(folder), Some(name)) = (folder_of(&self.path), self.path.file_name()) else { return };
        let prefix = format!("{}.", name.to_string_lossy());
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stamped = name.strip_prefix(&prefix).and_then(|rest| rest.get(..oldest.len()));
            if stamped.is_some_and(|stamped| is_stamp(stamped) && stamped < oldest.as_str())
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(%error, name, "an old part of the access log could not be removed");
            }
        }
    }
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

fn day_of(time: Time) -> i64 {
    time.seconds().div_euclid(DAY_SECONDS)
}

/// A second as it stands in names: `20270115T080000Z`.
fn stamp(seconds: i64) -> String {
    rfc3339::format(seconds).replace(['-', ':'], "")
}

fn is_stamp(text: &str) -> bool {
    text.len() == 16 && text.ends_with('Z') && text.bytes().filter(u8::is_ascii_digit).count() == 14
}

/// A name beside the file that nobody has: several parts of one second are numbered.
fn free_name(path: &Path, stamp: &str) -> PathBuf {
    let named = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let numbered = (1..).map(|number: u32| named(format!(".{stamp}.{number}")));
    std::iter::once(named(format!(".{stamp}"))).chain(numbered).find(|name| !name.exists()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_800_014_400;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn noon_of_day(day: i64) -> Time {
        Time::from_seconds(NOON + day * DAY_SECONDS)
    }

    #[test]
    fn each_day_has_its_file_and_old_ones_leave() {
        let folder = tempfile::tempdir().unwrap();
        let mut rolling = Rolling::open(folder.path().join("a.log"), 2, noon_of_day(0)).unwrap();
        fs::write(folder.path().join("a.log.notes"), "mine").unwrap();
        rolling.write(b"0\n", noon_of_day(0), true);
        rolling.write(b"0\n", Time::from_seconds(NOON + 1), true);
        assert_eq!(names(folder.path()), ["a.log", "a.log.notes"]);
        rolling.write(b"1\n", noon_of_day(1), true);
        assert_eq!(names(folder.path()), ["a.log", "a.log.20270116T120000Z", "a.log.notes"]);
        assert_eq!(fs::read_to_string(folder.path().join("a.log.20270116T120000Z")).unwrap(), "0\n0\n");
        rolling.write(b"2\n", noon_of_day(2), true);
        rolling.write(b"3\n", noon_of_day(3), true);
        rolling.write(b"4\n", noon_of_day(4), false);
        assert_eq!(names(folder.path()).len(), 6, "a clock that is not believed removes nothing: {:?}", names(folder.path()));
        rolling.write(b"5\n", noon_of_day(5), true);
        let kept = ["a.log", "a.log.20270118T120000Z", "a.log.20270119T120000Z", "a.log.20270120T120000Z", "a.log.notes"];
        assert_eq!(names(folder.path()), kept);
        assert_eq!(fs::read_to_string(folder.path().join("a.log")).unwrap(), "5\n");
    }

    #[test]
    fn a_long_file_is_turned_and_a_start_goes_on_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut rolling = Rolling::open(path.clone(), 2, noon_of_day(0)).unwrap();
        let line = vec![b'\n'; 33 << 20];
        for _ in 0..6 {
            assert_eq!(rolling.write(&line, noon_of_day(0), true), 0);
        }
        assert_eq!(names(folder.path()), ["a.log", "a.log.20270115T120000Z", "a.log.20270115T120000Z.1"]);
        drop(rolling);
        let again = Rolling::open(path, 2, noon_of_day(0)).unwrap();
        assert_eq!(again.bytes, 66 << 20);
    }

    #[test]
    fn lines_that_the_disk_does_not_take_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("a.log");
        assert!(Rolling::open(path.clone(), 2, noon_of_day(0)).is_err());
        fs::create_dir(folder.path().join("gone")).unwrap();
        let mut rolling = Rolling::open(path.clone(), 2, noon_of_day(0)).unwrap();
        rolling.write(b"a\n", noon_of_day(0), true);
        fs::remove_dir_all(folder.path().join("gone")).unwrap();
        assert_eq!(rolling.write(b"b\nc\n", noon_of_day(1), true), 2);
        fs::create_dir(folder.path().join("gone")).unwrap();
        assert_eq!(rolling.write(b"d\n", noon_of_day(1), true), 0);
        assert_eq!(fs::read_to_string(path).unwrap(), "d\n");
    }
}
