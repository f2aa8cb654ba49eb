//! A power cut: what no fsync has covered is taken back, all of it, none of it, or any part of it, down to single sectors.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use jeton_simulate::chance::Chance;

use crate::failure::{Doing, Failure};

const MAGIC: u32 = 0x4a54_4e31;
const NAME_BYTES: usize = 40;
const HEAD_BYTES: usize = 40 + 2 * NAME_BYTES;
/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;

/// One record of the shim, as `struct record` in `shim.c` lays it out.
struct Record {
    kind: u32,
    sequence: u64,
    offset: u64,
    old_size: u64,
    new_length: u32,
    name: String,
    other: String,
    old: Vec<u8>,
}

const WRITE: u32 = 1;
const TRUNCATE: u32 = 2;
const SYNC: u32 = 3;
const CREATE: u32 = 4;
const RENAME: u32 = 5;
const FOLDER_SYNC: u32 = 6;

/// How much of what is not covered the cut takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    All,
    Nothing,
    Some,
    Torn,
}

/// Takes back what the cut takes; how many writes were not covered.
pub(crate) fn cut_power(data: &Path, undo: &Path, chance: &mut Chance) -> Result<usize, Failure> {
    let bytes = fs::read(undo).doing("reading the undo file")?;
    let records = parse(&bytes);
    let uncovered = uncovered(&records);
    let cut = chance.pick(&[Cut::All, Cut::Nothing, Cut::Some, Cut::Torn]).copied().unwrap_or(Cut::All);
    for record in uncovered.iter().rev() {
        take_back(data, record, cut, chance)?;
    }
    // The index of the log lives in memory: after a cut it is not there, or holds anything.
    let index = data.join("jeton.db-shm");
    match chance.below(3) {
        0 => drop(fs::remove_file(&index)),
        1 if index.exists() => fs::write(&index, vec![0xa5; 32 * 1024]).doing("spoiling the log's index")?,
        _ => {}
    }
    fs::remove_file(undo).doing("removing the undo file")?;
    Ok(uncovered.len())
}

/// The records that no sync of their file, or of the folder, came after.
fn uncovered(records: &[Record]) -> Vec<&Record> {
    let mut covered: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records.iter().filter(|record| matches!(record.kind, SYNC | FOLDER_SYNC)) {
        let of = if record.kind == SYNC { record.name.as_str() } else { "." };
        let latest = covered.entry(of).or_default();
        *latest = record.offset.max(*latest);
    }
    let is_covered = |record: &&Record| {
        let of = match record.kind {
            CREATE | RENAME => ".",
            _ => record.name.as_str(),
        };
        covered.get(of).is_some_and(|latest| record.sequence <= *latest)
    };
    records.iter().filter(|record| !matches!(record.kind, SYNC | FOLDER_SYNC) && !is_covered(record)).collect()
}

fn take_back(data: &Path, record: &Record, cut: Cut, chance: &mut Chance) -> Result<(), Failure> {
    let is_kept = match cut {
        Cut::All => false,
        Cut::Nothing => true,
        Cut::Some => chance.once_in(2),
        Cut::Torn => chance.once_in(3),
    };
    if is_kept {
        return Ok(());
    }
    let path = data.join(&record.name);
    match record.kind {
        // Either may have become durable in another way; then there is nothing to take back.
        CREATE => drop(fs::remove_file(&path)),
        RENAME => drop(fs::rename(data.join(&record.other), &path)),
        WRITE | TRUNCATE => {
            let Ok(file) = OpenOptions::new().write(true).read(true).open(&path) else { return Ok(()) };
            restore(&file, record, cut == Cut::Torn && record.kind == WRITE, chance).doing("taking a write back")?;
        }
        _ => {}
    }
    Ok(())
}

fn restore(file: &File, record: &Record, is_torn: bool, chance: &mut Chance) -> std::io::Result<()> {
    let length = usize::try_from(record.new_length).unwrap_or(0);
    // Beyond the old end there was nothing: a file system shows zeros where it grew and the content did not come.
    let mut old = record.old.clone();
    if record.kind == WRITE {
        old.resize(length, 0);
    }
    for (number, sector) in old.chunks(SECTOR_BYTES).enumerate() {
        if !is_torn || chance.once_in(2) {
            file.write_all_at(sector, record.offset + (number * SECTOR_BYTES) as u64)?;
        }
    }
    let grew = record.kind == TRUNCATE || record.offset + u64::from(record.new_length) > record.old_size;
    if grew && !is_torn && chance.once_in(2) {
        file.set_len(record.old_size)?;
    }
    Ok(())
}

/// All whole records; the last one may be cut off, and then what it tells of was not done.
fn parse(bytes: &[u8]) -> Vec<Record> {
    let mut records = vec![];
    let mut rest = bytes;
    while let Some((record, after)) = parse_one(rest) {
        records.push(record);
        rest = after;
    }
    records
}

fn parse_one(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let word = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let long = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
    let name = |at: usize| {
        let bytes = head.get(at..at + NAME_BYTES)?;
        Some(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned())
    };
    if word(0)? != MAGIC {
        return None;
    }
    let (old, rest) = rest.split_at_checked(usize::try_from(word(32)?).ok()?)?;
    let record = Record {
        kind: word(4)?,
        sequence: long(8)?,
        offset: long(16)?,
        old_size: long(24)?,
        new_length: word(36)?,
        name: name(40)?,
        other: name(40 + NAME_BYTES)?,
        old: old.to_vec(),
    };
    Some((record, rest))
}
