//! A look at the files of a data folder before anything is opened: by reading alone, so that what is refused stays as it was.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::connection::{APPLICATION_ID, PAGE_BYTES};
use crate::refused::OpenError;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No database, and no log of one.
    Nothing,
    /// A database, whose write-ahead log has this length (0 when there is none, or none that was used).
    Database {
        /// Bytes.
        log_length: u64,
    },
}

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const FRAME_BYTES: u64 = PAGE_BYTES + 24;

/// Inspects a database and its log.
pub(crate) fn inspect(database: &Path, log: &Path, known_version: u32) -> Result<Found, OpenError> {
    let name = |what: &str| format!("{} {what}", database.display());
    let log_file = open(log)?;
    let log_header = log_file.as_ref().map(read_start::<32>).transpose().map_err(|error| OpenError::of_io(log, &error))?;
    let Some(file) = open(database)? else {
        // A log that was grown but never used belongs to a start that did not come to its end.
        return match log_header {
            Some(header) if header != [0; 32] => Err(OpenError::CutOff(name("is gone, but its write-ahead log is there"))),
            _ => Ok(Found::Nothing),
        };
    };
    let length = length(&file, database)?;
    if length < 100 {
        return Err(OpenError::CutOff(name(&format!("has {length} bytes"))));
    }
    let header = read_start::<100>(&file).map_err(|error| OpenError::of_io(database, &error))?;
    check_header(&header, &name, known_version)?;
    let log_length = match (&log_file, log_header) {
        (Some(file), Some(header)) if header != [0; 32] => self::length(file, log)?,
        _ => 0,
    };
    let pages = u64::from(number(&header, 28));
    let in_log = match log_file {
        Some(file) => pages_in_log(&file, log_header.unwrap_or([0; 32]), log_length).map_err(|error| OpenError::of_io(log, &error))?,
        None => LoggedPages::default(),
    };
    let missing = (length / PAGE_BYTES + 1..=in_log.count.unwrap_or(pages)).find(|page| !in_log.pages.contains(page));
    match missing {
        Some(page) => Err(OpenError::CutOff(name(&format!("ends before its page {page}")))),
        None => Ok(Found::Database { log_length }),
    }
}

fn check_header(header: &[u8; 100], name: &dyn Fn(&str) -> String, known_version: u32) -> Result<(), OpenError> {
    let is_ours = number(header, 68) == APPLICATION_ID.cast_unsigned();
    if !header.starts_with(MAGIC) {
        let words = name(if is_ours { "has a damaged header" } else { "" });
        return Err(if is_ours { OpenError::Damaged(words) } else { OpenError::Foreign(words.trim_end().into()) });
    }
    if !is_ours {
        return Err(OpenError::Foreign(name("(an SQLite database of another program)")));
    }
    let version = number(header, 60);
    if version > known_version {
        return Err(OpenError::Newer { found: version, known: known_version });
    }
    let page_bytes = number(header, 16) >> 16;
    if u64::from(page_bytes) != PAGE_BYTES || version == 0 {
        return Err(OpenError::Damaged(name("has a damaged header")));
    }
    Ok(())
}

/// The pages that the log brings, and how many pages there are after its last commit.
#[derive(Default)]
struct LoggedPages {
    pages: BTreeSet<u64>,
    count: Option<u64>,
}

/// Reads the heads of the log's frames. It trusts their salts and leaves their checksums to SQLite: it only asks whether pages that the
/// database lacks can be in the log at all.
fn pages_in_log(log: &File, header: [u8; 32], length: u64) -> io::Result<LoggedPages> {
    let mut found = LoggedPages::default();
    let mut offset = 32;
    while offset + FRAME_BYTES <= length {
        let mut frame = [0; 24];
        log.read_exact_at(&mut frame, offset)?;
        if frame.get(8..16) != header.get(16..24) || number(&frame, 0) == 0 {
            break;
        }
        found.pages.insert(u64::from(number(&frame, 0)));
        if number(&frame, 4) != 0 {
            found.count = Some(u64::from(number(&frame, 4)));
        }
        offset += FRAME_BYTES;
    }
    Ok(found)
}

fn open(path: &Path) -> Result<Option<File>, OpenError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::of_io(path, &error)),
    }
}

fn length(file: &File, path: &Path) -> Result<u64, OpenError> {
    file.metadata().map(|metadata| metadata.len()).map_err(|error| OpenError::of_io(path, &error))
}

/// The first bytes of a file; zeros where it is shorter.
fn read_start<const N: usize>(mut file: &File) -> io::Result<[u8; N]> {
    let mut start = Vec::with_capacity(N);
    file.by_ref().take(N as u64).read_to_end(&mut start)?;
    start.resize(N, 0);
    Ok(start.try_into().unwrap_or([0; N]))
}

fn number(bytes: &[u8], offset: usize) -> u32 {
    bytes.iter().skip(offset).take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte))
}
