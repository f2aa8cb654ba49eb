//! The parts of a log that were turned aside: files beside it, whose names go on with when that was.

use std::fs;
use std::path::{Path, PathBuf};

use jeton_http::api::rfc3339;

/// One of them.
pub(super) struct Part {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// When it was turned aside, as it stands in names.
    pub(super) stamp: String,
    /// Which of that second.
    number: u32,
    /// How long it is.
    pub(super) bytes: u64,
}

impl Part {
    /// Takes it away; says whether it is gone.
    pub(super) fn remove(&self) -> bool {
        let removed = fs::remove_file(&self.path);
        if let Err(error) = &removed {
            tracing::warn!(%error, path = %self.path.display(), "an old part of the access log could not be removed");
        }
        removed.is_ok()
    }
}

/// The parts of the log at this path, the oldest first. Also what others made of one, and named so: packed, say.
pub(super) fn parts(path: &Path) -> Vec<Part> {
    let (folder, Some(name)) = (folder_of(path), path.file_name()) else { return vec![] };
    let prefix = format!("{}.", name.to_string_lossy());
    let mut parts: Vec<Part> = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| part(&prefix, &entry)).collect();
    parts.sort_by(|one, other| (&one.stamp, one.number).cmp(&(&other.stamp, other.number)));
    parts
}

fn part(prefix: &str, entry: &fs::DirEntry) -> Option<Part> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let (stamp, rest) = name.strip_prefix(prefix)?.split_at_checked(STAMP_LETTERS)?;
    let number = rest.strip_prefix('.').and_then(|rest| rest.split('.').next()).and_then(|number| number.parse().ok());
    let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    is_stamp(stamp).then(|| Part { path: entry.path(), stamp: stamp.to_owned(), number: number.unwrap_or(0), bytes: found.len() })
}

/// The folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A second as it stands in names: `20270115T080000Z`.
pub(super) fn stamp(seconds: i64) -> String {
    rfc3339::format(seconds).replace(['-', ':'], "")
}

const STAMP_LETTERS: usize = 16;

fn is_stamp(text: &str) -> bool {
    text.len() == STAMP_LETTERS && text.ends_with('Z') && text.bytes().filter(u8::is_ascii_digit).count() == 14
}

/// A name beside the file that nobody has: several parts of one second are numbered.
pub(super) fn free_name(path: &Path, stamp: &str) -> PathBuf {
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

    #[test]
    fn the_oldest_is_the_first_and_what_is_named_otherwise_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let stamps = ["20270115T120000Z", "20270115T120000Z.2", "20270115T120000Z.10", "20270116T000000Z.gz", "20270116T000001Z"];
        for name in stamps.iter().rev().copied().chain(["notes", "20270115", "20270115T12000é", "20270115T1200000"]) {
            fs::write(folder.path().join(format!("a.log.{name}")), name).unwrap();
        }
        fs::create_dir(folder.path().join("a.log.20270101T000000Z")).unwrap();
        fs::write(folder.path().join("b.log.20270115T120000Z"), "").unwrap();
        let found = parts(&folder.path().join("a.log"));
        let names: Vec<_> =
            found.iter().map(|part| part.path.file_name().unwrap().to_str().unwrap().trim_start_matches("a.log.")).collect();
        assert_eq!(names, stamps);
        assert_eq!(found.iter().map(|part| part.bytes).collect::<Vec<_>>(), stamps.map(|name| name.len() as u64));
    }
}
