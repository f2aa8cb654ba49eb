//! Where a restore makes what it makes, before it gets its name: one process has it at a time, and nothing of anybody else's is in it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::workplace::{LOCK, Untaken, Workplace};

/// What was moved up out of it, where a process was killed amid that.
const MOVED: &str = "moved";
/// The folder's name, within the one that is made.
const WITHIN: &str = ".restoring";
/// Who has it, has all of it: it is moved last.
const DATABASE: &str = "jeton.db";
/// What a new disk has on it.
const ON_A_NEW_DISK: &str = "lost+found";

/// A folder in the making. What is not put in place is gone when it is dropped.
pub(crate) struct Making {
    data: PathBuf,
    place: Workplace,
    /// Whether the folder that is made is there already: what is mounted cannot be replaced, and what stands above it may be closed.
    is_within: bool,
}

impl Making {
    /// Begins: beside the folder that is to be, or within it where it is there and empty. What a process that was killed left of this is
    /// removed.
    ///
    /// # Errors
    /// In words for people: something is in the way, another restore is at work there, or nothing can be written.
    pub(crate) fn begin(data: &Path) -> Result<Making, String> {
        let is_within = fs::symlink_metadata(data).is_ok();
        let folder = if is_within { data.join(WITHIN) } else { beside(data)? };
        refuse_taken(data)?;
        let place = Workplace::take(folder.clone()).map_err(|untaken| untaken_words(untaken, data, &folder))?;
        let making = Making { data: data.to_owned(), place, is_within };
        making.clear().map_err(|error| format!("{} is in the way: {error}", folder.display()))?;
        // Somebody may have been quicker.
        refuse_taken(data)?;
        Ok(making)
    }

    /// Where it is made.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.made()
    }

    /// Gives it its name, on the disk.
    ///
    /// # Errors
    /// In words for people; nothing of it is there then, unless they say so.
    pub(crate) fn put_in_place(self) -> Result<(), String> {
        self.put(sync)
    }

    fn put(&self, sync: impl Fn(&Path) -> io::Result<()>) -> Result<(), String> {
        refuse_taken(&self.data)?;
        let put = if self.is_within { self.move_up(&sync) } else { fs::rename(self.path(), &self.data) };
        let shown = self.data.display();
        put.map_err(|error| format!("{shown} cannot be made of {}: {error}", self.path().display()))?;
        sync(if self.is_within { &self.data } else { above(&self.data) }).map_err(|error| {
            format!(
                "{shown} is made, and the disk does not confirm that it is there: {error}\n  → look at that disk: after a power cut {shown} may be \
                 gone, or not whole. Remove it, and restore again"
            )
        })
    }

    /// All that was made, the database last: a folder without it is none.
    fn move_up(&self, sync: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path())? {
            let entry = entry?;
            names.push((entry.file_name(), entry.metadata()?.ino()));
        }
        names.sort_by_key(|(name, _)| name == DATABASE);
        let told: String = names.iter().map(|(name, inode)| format!("{inode} {}\n", name.display())).collect();
        let folder = self.place.folder();
        fs::write(folder.join(MOVED), told)?;
        sync(&folder.join(MOVED))?;
        sync(folder)?;
        for (name, _) in names {
            if name == DATABASE {
                sync(&self.data)?;
            }
            fs::rename(self.path().join(&name), self.data.join(&name))?;
        }
        Ok(())
    }

    /// Removes what was moved up where that did not come to its end.
    fn clear(&self) -> io::Result<()> {
        let moved = self.place.folder().join(MOVED);
        let told = if self.is_within { fs::read_to_string(&moved).unwrap_or_default() } else { String::new() };
        let is_whole = fs::symlink_metadata(self.data.join(DATABASE)).is_ok();
        for (inode, name) in told.lines().filter(|_| !is_whole).filter_map(|line| line.split_once(' ')) {
            let path = self.data.join(name);
            let is_it = fs::symlink_metadata(&path).is_ok_and(|found| found.ino().to_string() == inode);
            if is_it && !name.contains('/') {
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }?;
            }
        }
        match fs::remove_file(&moved) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What could not be removed is named as what it is, and the next restore goes on with it.
        let _ = self.clear();
    }
}

/// Where it is made while there is no folder of the name.
fn beside(data: &Path) -> Result<PathBuf, String> {
    let mut name = std::ffi::OsString::from(".");
    name.push(data.file_name().ok_or_else(|| format!("{} is no name of a folder", data.display()))?);
    name.push(WITHIN);
    let above = above(data);
    fs::create_dir_all(above).map_err(|error| format!("{} cannot be made: {error}", above.display()))?;
    Ok(data.with_file_name(name))
}

fn above(data: &Path) -> &Path {
    data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a folder with anything in it but what belongs to a restore.
fn refuse_taken(data: &Path) -> Result<(), String> {
    let shown = data.display();
    let entries = match fs::read_dir(data) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
        Ok(entries) => entries,
    };
    let is_ours = data.join(WITHIN).join(LOCK).is_file() && data.join(WITHIN).join(MOVED).is_file() && !data.join(DATABASE).exists();
    let is_taken = |name: &std::ffi::OsStr| name != ON_A_NEW_DISK && name != WITHIN;
    if !is_ours && entries.flatten().any(|entry| is_taken(&entry.file_name())) {
        return Err(format!("{shown} is not empty: a restore makes a folder of its own, and leaves what there is as it is"));
    }
    Ok(())
}

/// Why nothing is made there.
fn untaken_words(untaken: Untaken, data: &Path, folder: &Path) -> String {
    let shown = folder.display();
    match untaken {
        Untaken::AtWork => at_work(data),
        Untaken::Somebodys => {
            format!("{shown} is there, and no restore made it: it is left as it is\n  → move it away, or give another name with --data")
        }
        Untaken::Failed(error) => match (error.kind(), data.exists()) {
            (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem, false) => format!(
                "{} cannot be written: {error}\n  → make {} as an empty folder of this user, and restore into it",
                above(data).display(),
                data.display()
            ),
            (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem, true) => {
                format!("{} cannot be written: {error}\n  → give it to this user, or restore as the user who serves it", data.display())
            }
            _ => format!("{shown} cannot be made: {error}"),
        },
    }
}

fn at_work(data: &Path) -> String {
    let shown = data.display();
    format!("another restore makes {shown}, and goes on\n  → wait until it ends, or give another folder with --data")
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::workplace::MADE;
    use super::*;

    /// A process is killed once it has moved up something and not the database.
    fn killed_amid_moving_up(data: &Path) {
        let within = data.join(WITHIN);
        fs::create_dir_all(within.join(MADE)).unwrap();
        fs::write(within.join(LOCK), "").unwrap();
        fs::write(within.join(MADE).join(DATABASE), "half").unwrap();
        fs::write(data.join("jeton.toml"), "moved").unwrap();
        let inode = fs::metadata(data.join("jeton.toml")).unwrap().ino();
        fs::write(within.join(MOVED), format!("{inode} jeton.toml\n7 {DATABASE}\n")).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_moved_up_by_whoever_was_killed_goes() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        killed_amid_moving_up(data);
        let making = Making::begin(data).unwrap();
        assert_eq!(names(data), [WITHIN]);
        fs::create_dir(making.path()).unwrap();
        for name in [DATABASE, "jeton.toml"] {
            fs::write(making.path().join(name), "made").unwrap();
        }
        making.put_in_place().unwrap();
        assert_eq!(names(data), [DATABASE, "jeton.toml"]);
        assert!(Making::begin(data).is_err_and(|words| words.contains("is not empty")));
        assert_eq!(names(data), [DATABASE, "jeton.toml"], "nothing is left of a restore that was refused");
    }

    #[test]
    fn what_somebody_put_there_since_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        killed_amid_moving_up(data);
        // Beside the one that was moved up, so that it is another file.
        fs::write(data.join("anew"), "theirs").unwrap();
        fs::rename(data.join("anew"), data.join("jeton.toml")).unwrap();
        assert!(Making::begin(data).is_err_and(|words| words.contains("is not empty")));
        assert_eq!(fs::read_to_string(data.join("jeton.toml")).unwrap(), "theirs");
    }

    #[test]
    fn what_is_not_put_in_place_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for data in [folder.path().join("absent"), folder.path().to_owned()] {
            let making = Making::begin(&data).unwrap();
            assert!(Making::begin(&data).is_err_and(|words| words.contains("another restore")), "nobody else makes it meanwhile");
            fs::create_dir(making.path()).unwrap();
            fs::write(making.path().join(DATABASE), "half").unwrap();
            drop(making);
            assert_eq!(names(folder.path()), Vec::<String>::new());
        }
    }

    #[test]
    fn where_the_disk_does_not_confirm_it_it_is_said_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let full = || Err(io::Error::from(ErrorKind::StorageFull));
        let data = folder.path().join("data");
        let made = |making: &Making| {
            fs::create_dir(making.path()).unwrap();
            fs::write(making.path().join(DATABASE), "made").unwrap();
        };
        let making = Making::begin(&data).unwrap();
        made(&making);
        let words = making.put(|_| full()).unwrap_err();
        assert!(words.contains("is made, and the disk does not confirm"), "{words}");
        drop(making);
        assert_eq!(names(folder.path()), ["data"]);
        assert_eq!(names(&data), [DATABASE]);
        // Within a folder that was there: until the last step nothing is left, from then on all of it is.
        fs::remove_file(data.join(DATABASE)).unwrap();
        for (fails_at, expected, left) in
            [(0, "cannot be made of", &[][..]), (2, "cannot be made of", &[]), (3, "is made, and", &[DATABASE])]
        {
            let (making, step) = (Making::begin(&data).unwrap(), std::cell::Cell::new(0));
            made(&making);
            let words = making.put(|_| if step.replace(step.get() + 1) == fails_at { full() } else { Ok(()) }).unwrap_err();
            assert!(words.contains(expected), "{fails_at}: {words}");
            drop(making);
            assert_eq!(names(&data), left, "{fails_at}");
        }
    }

    #[test]
    fn what_came_there_meanwhile_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let making = Making::begin(data).unwrap();
        fs::create_dir(making.path()).unwrap();
        fs::write(making.path().join(DATABASE), "made").unwrap();
        fs::write(data.join("theirs"), "").unwrap();
        assert!(making.put_in_place().is_err_and(|words| words.contains("is not empty")));
        assert_eq!(names(data), ["theirs"]);
    }
}
