//! Puts the files that went with a snapshot into a data folder in the making: never over something that is there.

use std::fs::{DirBuilder, File, FileTimes, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use crate::fetch::{is_named, opened};
use crate::kept_file::{FileKind, FilePart, KeptFile};
use crate::object::Kind;
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::target::Target;
use crate::threads::beside_io;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutBack {
    /// What it is.
    pub file: FileKind,
    /// Where it lies in the folder now.
    pub path: String,
    /// Where it lay before, where that was not the data folder.
    pub folder: Option<String>,
    /// Why it is not there, or not all of it.
    pub missing: Option<String>,
}

/// Where the access log lies that was written to another folder.
const ELSEWHERE: &str = "access-log";

/// Puts them there, a part at a time.
///
/// # Errors
/// [`Failure`]: an object is not what the manifest names, or the disk does not take it.
pub async fn put_back(target: &Target, opening: &Opening, files: &[KeptFile], folder: &Path) -> Result<Vec<PutBack>, Failure> {
    let mut done = Vec::new();
    for kept in files {
        let name = match (kept.file, &kept.folder) {
            (FileKind::Other, _) => continue,
            (FileKind::Configuration, _) | (FileKind::AccessLog, None) => PathBuf::from(&kept.path),
            (FileKind::AccessLog, Some(_)) => Path::new(ELSEWHERE).join(&kept.path),
        };
        let mut missing = kept.unread.clone();
        if is_within(&name) {
            match make(&folder.join(&name))? {
                Some(file) => write(target, opening, kept, file).await?,
                None => missing = Some("something of its name is there already".into()),
            }
        } else {
            missing = Some("its name leads out of the folder".into());
        }
        done.push(PutBack { file: kept.file, path: name.display().to_string(), folder: kept.folder.clone(), missing });
    }
    Ok(done)
}

/// Whether a name leads to something below a folder, whatever lies there.
fn is_within(name: &Path) -> bool {
    name.components().next().is_some() && name.components().all(|component| matches!(component, Component::Normal(_)))
}

/// A new file for its owner alone, with the folders above it; `None` where there is one.
fn make(path: &Path) -> io::Result<Option<File>> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        made => made.map(Some),
    }
}

async fn write(target: &Target, opening: &Opening, kept: &KeptFile, mut file: File) -> Result<(), Failure> {
    let mut left = kept.bytes;
    for part in &kept.parts {
        let sealed = target.get(&part.name).await?.to_vec();
        is_named(&part.name, &sealed, &part.sha256)?;
        let opened = opened(opening, &part.name, sealed, Kind::File).await?;
        let mut bytes = bytes_of(part, &opened)?;
        // The last line may have had no end.
        bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= bytes.len() as u64;
        file = beside_io(move || file.write_all(&bytes).map(|()| file)).await?;
    }
    if left > 0 {
        let last = kept.parts.last().map_or(&kept.path, |part| &part.name);
        return Err(Problem::new(last, What::Damaged(format!("{left} bytes of {} are missing", kept.path))).into());
    }
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(kept.modified_at_seconds).unwrap_or_default());
    beside_io(move || file.set_times(FileTimes::new().set_modified(modified)).and_then(|()| file.sync_all())).await
}

fn bytes_of(part: &FilePart, opened: &Opened) -> Result<Vec<u8>, Problem> {
    if !part.base64 {
        return Ok(opened.text().as_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    for line in opened.lines() {
        let decoded = STANDARD.decode_vec(line, &mut bytes);
        decoded.map_err(|error| Problem::new(&part.name, What::Damaged(error.to_string())))?;
    }
    Ok(bytes)
}
