//! A file that is turned each day, or before it is long, and whose old parts leave after some days, or where all of them are too many bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jeton_core::moment::Time;

use super::parts::{folder_of, free_name, parts, stamp};
use super::room::Room;

const DAY_SECONDS: i64 = 86_400;
/// No file is longer than this, nor than an eighth of what is kept.
const FILE_BYTES: u64 = 64 << 20;
const FILE_PART: u64 = 8;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How many days a part stays after it was turned aside.
    pub(crate) days: u32,
    /// How many bytes all files have together at most: the oldest part leaves first.
    pub(crate) bytes: u64,
}

/// How lines were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The disk did not take them.
    Failed,
    /// So little of the disk is free that it is left to the data.
    Reserved,
}

/// The file that is written to, and how long its older parts stay.
pub(super) struct Rolling<R> {
    path: PathBuf,
    bounds: Bounds,
    /// How much room the disk of a folder has.
    room: R,
    file: Option<File>,
    bytes: u64,
    /// How many bytes the older parts had when they were looked at last.
    older_bytes: u64,
    /// The day, since 1970 in UTC, of what the file holds.
    day: i64,
    /// What the log was told last to have happened to its lines.
    told: Option<Lost>,
}

impl<R: Fn(&Path) -> Option<Room>> Rolling<R> {
    /// Opens the file, or makes it for its owner alone.
    ///
    /// # Errors
    /// In words for people.
    pub(super) fn open(path: PathBuf, bounds: Bounds, room: R, now: Time) -> Result<Rolling<R>, String> {
        let older_bytes = older_bytes(&path);
        let mut rolling = Rolling { path, bounds, room, file: None, bytes: 0, older_bytes, day: day_of(now), told: None };
        rolling.reopen().map_err(|error| {
            format!("the access log {} cannot be written: {error}: name another file with `access_log`", rolling.path.display())
        })?;
        rolling.day = rolling.day_of_file().unwrap_or(rolling.day);
        Ok(rolling)
    }

    /// Writes lines; how they were lost, if they were.
    pub(super) fn write(&mut self, lines: &[u8], now: Time, may_destroy: bool) -> Option<Lost> {
        let is_new_day = day_of(now) != self.day;
        let turned = self.turn_if_due(is_new_day, lines.len() as u64, now);
        if is_new_day && may_destroy {
            self.remove_old(now);
        }
        if lines.is_empty() {
            return None;
        }
        if (self.room)(folder_of(&self.path)).is_some_and(|room| room.is_short(self.told == Some(Lost::Reserved))) {
            return self.lose(Lost::Reserved, "its disk has so little room that it is left to the data");
        }
        match turned.and_then(|()| self.make_room(lines.len() as u64)).and_then(|()| self.append(lines)) {
            Ok(()) => {
                if self.told.take().is_some() {
                    tracing::info!(path = %self.path.display(), "the access log is written again");
                }
                None
            }
            Err(error) => {
                self.file = None;
                self.lose(Lost::Failed, &error.to_string())
            }
        }
    }

    /// Says once that lines are lost.
    fn lose(&mut self, how: Lost, why: &str) -> Option<Lost> {
        if self.told.replace(how) != Some(how) {
            tracing::error!(why, path = %self.path.display(), "the access log cannot be written: its lines are lost until it can");
        }
        Some(how)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.reopen()?;
        }
        if let Some(file) = &mut self.file {
            append_or_undo(file, lines, |file| file.set_len(self.bytes))?;
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    fn turn_if_due(&mut self, is_new_day: bool, coming: u64, now: Time) -> io::Result<()> {
        let is_long = self.bytes + coming > FILE_BYTES.min(self.bounds.bytes / FILE_PART);
        if (is_new_day || is_long) && self.bytes > 0 {
            let aside = free_name(&self.path, &stamp(now.seconds()));
            self.file = None;
            match fs::rename(&self.path, aside) {
                // Somebody took the file away: there is nothing to turn.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.reopen()?,
            }
            self.older_bytes = older_bytes(&self.path);
        }
        self.day = day_of(now);
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        self.bytes = file.metadata()?.len();
        // A process that was killed, or a full disk, left half a line: what follows has lines of its own.
        let mut last = *b"\n";
        if self.bytes > 0 {
            file.read_exact_at(&mut last, self.bytes - 1)?;
        }
        if last != *b"\n" {
            file.write_all(b"\n")?;
            self.bytes += 1;
        }
        self.file = Some(file);
        Ok(())
    }

    /// The day on which the process before wrote last.
    fn day_of_file(&self) -> Option<i64> {
        let modified = self.file.as_ref().filter(|_| self.bytes > 0)?.metadata().ok()?.modified().ok()?;
        let seconds = modified.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        i64::try_from(seconds).ok().map(|seconds| seconds.div_euclid(DAY_SECONDS))
    }

    /// Removes the oldest parts until so many bytes more are within the bound. What the clock says is not asked: a stranger fills the log.
    fn make_room(&mut self, coming: u64) -> io::Result<()> {
        let fits = |older: u64, own: u64, most: u64| older.saturating_add(own).saturating_add(coming) <= most;
        if fits(self.older_bytes, self.bytes, self.bounds.bytes) {
            return Ok(());
        }
        let older = parts(&self.path);
        self.older_bytes = older.iter().map(|part| part.bytes).sum();
        for part in older {
            if fits(self.older_bytes, self.bytes, self.bounds.bytes) {
                break;
            }
            self.older_bytes -= if part.remove() { part.bytes } else { 0 };
        }
        let is_done = fits(self.older_bytes, self.bytes, self.bounds.bytes);
        if is_done { Ok(()) } else { Err(io::Error::other("its older parts are too long and cannot be removed")) }
    }

    /// Removes the parts that were turned aside more than so many days ago, by the time in their names.
    fn remove_old(&mut self, now: Time) {
        let oldest = stamp(now.seconds() - i64::from(self.bounds.days) * DAY_SECONDS);
        for part in parts(&self.path).iter().filter(|part| part.stamp < oldest) {
            part.remove();
        }
        self.older_bytes = older_bytes(&self.path);
    }
}

/// Writes all lines or, where the disk takes a part of them alone, none.
fn append_or_undo<F: io::Write>(file: &mut F, lines: &[u8], undo: impl FnOnce(&F) -> io::Result<()>) -> io::Result<()> {
    let written = file.write_all(lines);
    if written.is_err() {
        // Where that fails too, whoever opens the file again sees half a line.
        let _ = undo(file);
    }
    written
}

fn older_bytes(path: &Path) -> u64 {
    parts(path).iter().map(|part| part.bytes).sum()
}

fn day_of(time: Time) -> i64 {
    time.seconds().div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    const NOON: i64 = 1_800_014_400;
    const MIB: u64 = 1 << 20;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// How many bytes the log's files have together.
    fn bytes(folder: &Path) -> u64 {
        names(folder).iter().map(|name| fs::metadata(folder.join(name)).unwrap().len()).sum()
    }

    fn noon_of_day(day: i64) -> Time {
        Time::from_seconds(NOON + day * DAY_SECONDS)
    }

    /// A log on a disk with room, kept for two days and to so many bytes.
    fn open(path: PathBuf, bytes: u64) -> Result<Rolling<impl Fn(&Path) -> Option<Room>>, String> {
        Rolling::open(path, Bounds { days: 2, bytes }, |_: &Path| None, noon_of_day(0))
    }

    #[test]
    fn each_day_has_its_file_and_old_ones_leave() {
        let folder = tempfile::tempdir().unwrap();
        let mut rolling = open(folder.path().join("a.log"), 1 << 30).unwrap();
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
    fn a_file_is_turned_before_it_is_long_and_a_start_goes_on_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut rolling = open(path.clone(), 1 << 30).unwrap();
        let line = vec![b'\n'; 30 << 20];
        for _ in 0..6 {
            assert_eq!(rolling.write(&line, noon_of_day(0), true), None);
        }
        assert_eq!(names(folder.path()), ["a.log", "a.log.20270115T120000Z", "a.log.20270115T120000Z.1"]);
        drop(rolling);
        let again = open(path, 1 << 30).unwrap();
        assert_eq!((again.bytes, again.older_bytes), (60 * MIB, 120 * MIB));
    }

    #[test]
    fn all_files_together_keep_to_their_bound_and_the_oldest_leaves_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut rolling = open(path.clone(), 16 * MIB).unwrap();
        for second in 0..40 {
            let line = [vec![b'x'; (1 << 20) - 4], format!("{second:03}\n").into_bytes()].concat();
            // A clock in doubt keeps nothing that a stranger can fill a disk with.
            assert_eq!(rolling.write(&line, Time::from_seconds(NOON + second), false), None);
            assert!(bytes(folder.path()) <= 16 * MIB, "{second}: {:?}", names(folder.path()));
        }
        assert_eq!(bytes(folder.path()), 16 * MIB, "no more leaves than must");
        let oldest = fs::read_to_string(folder.path().join(&names(folder.path())[1])).unwrap();
        assert!(oldest.lines().next().unwrap().ends_with("024"), "{:?}", names(folder.path()));
        assert!(fs::read_to_string(&path).unwrap().ends_with("039\n"));
        drop(rolling);
        // A smaller bound holds from the next start on; also for what is longer than a file would be now.
        fs::write(&path, vec![b'\n'; 20 << 20]).unwrap();
        let mut rolling = open(path.clone(), 16 * MIB).unwrap();
        assert_eq!(rolling.write(b"last\n", Time::from_seconds(NOON + 100), true), None);
        assert_eq!((names(folder.path()), bytes(folder.path())), (vec!["a.log".to_owned()], 5));
    }

    #[test]
    fn the_last_of_a_disk_is_left_to_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let free = Rc::new(Cell::new(2_000));
        let seen = free.clone();
        let room = move |_: &Path| Some(Room { free: seen.get() * MIB, whole: MIB * MIB });
        let path = folder.path().join("a.log");
        let mut rolling = Rolling::open(path.clone(), Bounds { days: 2, bytes: 1 << 30 }, room, noon_of_day(0)).unwrap();
        for (mib, lines, lost) in
            [(1_024, "a\n", None), (1_023, "b\n", Some(Lost::Reserved)), (1_100, "c\n", Some(Lost::Reserved)), (1_152, "d\n", None)]
        {
            free.set(mib);
            assert_eq!(rolling.write(lines.as_bytes(), noon_of_day(0), true), lost, "{mib} MiB");
        }
        free.set(0);
        assert_eq!(rolling.write(b"", noon_of_day(0), true), None, "nothing is lost of nothing");
        assert_eq!(fs::read_to_string(path).unwrap(), "a\nd\n");
    }

    /// A disk that takes so many bytes more.
    struct Filling(Cell<Vec<u8>>, usize);

    impl io::Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.1.saturating_sub(self.0.get_mut().len()).min(bytes.len());
            self.0.get_mut().extend(&bytes[..room]);
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_lines_that_fail_half_way_nothing_stays() {
        let mut disk = Filling(Cell::default(), 10);
        let mut append = |lines: &[u8]| {
            let length = disk.0.get_mut().len();
            let undo = |disk: &Filling| {
                let mut bytes = disk.0.take();
                bytes.truncate(length);
                disk.0.set(bytes);
                Ok(())
            };
            append_or_undo(&mut disk, lines, undo).is_ok()
        };
        assert_eq!((append(b"one\n"), append(b"two\nthree\n"), append(b"four\n")), (true, false, true));
        assert_eq!(disk.0.take(), b"one\nfour\n");
    }

    #[test]
    fn a_line_that_somebody_left_half_written_ends_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "{}\n{\"time\":").unwrap();
        let mut rolling = open(path.clone(), 1 << 30).unwrap();
        // The end of that line is of today, whatever the given clock says.
        let since = fs::metadata(&path).unwrap().modified().unwrap().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let today = Time::from_seconds(i64::try_from(since.as_secs()).unwrap());
        assert_eq!(rolling.write(b"{}\n", today, true), None);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n{\"time\":\n{}\n");
        assert_eq!(rolling.bytes, fs::metadata(&path).unwrap().len());
    }

    #[test]
    fn lines_that_the_disk_does_not_take_are_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("a.log");
        assert!(open(path.clone(), 1 << 30).is_err());
        fs::create_dir(folder.path().join("gone")).unwrap();
        let mut rolling = open(path.clone(), 1 << 30).unwrap();
        rolling.write(b"a\n", noon_of_day(0), true);
        fs::remove_dir_all(folder.path().join("gone")).unwrap();
        assert_eq!(rolling.write(b"b\nc\n", noon_of_day(1), true), Some(Lost::Failed));
        fs::create_dir(folder.path().join("gone")).unwrap();
        assert_eq!(rolling.write(b"d\n", noon_of_day(1), true), None);
        assert_eq!(fs::read_to_string(path).unwrap(), "d\n");
    }
}
