//! Flipped bits: the full check finds each, and a look-up never answers with wrong data.

use std::fs;
use std::path::Path;

use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Value, Versioned};
use jeton_store::conformance::TOKENS;
use jeton_store::ledger::Hash;
use jeton_store::store::{FaultKind, Store};
use jeton_store_sqlite::{CheckOptions, CheckReport, OpenError, audit_folder, check_folder, entries_of_folder};

use crate::stage::{NOW, fill, open, options, try_open};

const PAGE: usize = 8_192;

fn check(folder: &Path) -> Result<CheckReport, OpenError> {
    let mut check = CheckOptions { now: Time::from_seconds(NOW + 10), checkpoints: &[], progress: &mut |_| {} };
    check_folder(&options(folder, 1), &mut check)
}

#[test]
fn a_sound_store_has_no_findings_open_or_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&*store, 20, 800);
    let mut whole = CheckOptions { now: Time::from_seconds(NOW + 10), checkpoints: &[], progress: &mut |_| {} };
    let while_open = store.check_full(&mut whole).unwrap();
    assert_eq!(while_open.findings, Vec::<String>::new());
    assert_eq!(while_open.ledger.as_ref().map(|ledger| (ledger.entries, ledger.issued_rows)), Some((store.head().size, 820)));
    assert!(matches!(check(folder.path()), Err(OpenError::InUse(_))));
    assert!(matches!(entries_of_folder(&options(folder.path(), 1), None, 3), Err(OpenError::InUse(_))));
    drop(store);
    assert_eq!(check(folder.path()).unwrap(), while_open);
    let (entries, size) = entries_of_folder(&options(folder.path(), 1), None, 3).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [size - 3, size - 2, size - 1]);
    let (entries, _) = entries_of_folder(&options(folder.path(), 1), Some(1), 1).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1]);
}

#[test]
fn the_ledger_alone_is_audited_with_a_checkpoint_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&*store, 20, 800);
    let head = store.head();
    drop(store);
    let audit = |checkpoints: &[(u64, Hash)]| {
        let mut audit = CheckOptions { now: Time::from_seconds(NOW + 10), checkpoints, progress: &mut |_| {} };
        audit_folder(&options(folder.path(), 1), &mut audit).unwrap()
    };
    let sound = audit(&[(head.size, head.frontier.root())]);
    assert_eq!((sound.findings, sound.head.as_ref()), (Vec::new(), Some(&*head)));
    assert_eq!(sound.ledger.map(|ledger| (ledger.entries, ledger.issued_rows, ledger.checkpoints)), Some((head.size, 820, 1)));
    for forged in [(head.size, [7; 32]), (1, head.frontier.root()), (head.size + 1, head.frontier.root())] {
        assert_eq!(audit(&[forged]).findings.len(), 1, "{forged:?}");
    }
}

#[test]
fn each_of_a_hundred_flipped_bits_is_found() {
    let folder = tempfile::tempdir().unwrap();
    fill(&*open(folder.path()), 40, 700);
    assert_eq!(check(folder.path()).unwrap().findings, Vec::<String>::new());
    let database = folder.path().join("jeton.db");
    let sound = fs::read(&database).unwrap();
    let places = cells(&sound);
    let seed = 17;
    let mut chance = Moment::new(Time::EPOCH, [seed; 32]);
    for number in 0..100 {
        let place = places[usize::from_be_bytes(chance.draw()) % places.len()];
        let bit = chance.draw::<1>()[0] % 8;
        let mut spoiled = sound.clone();
        spoiled[place] ^= 1 << bit;
        fs::write(&database, &spoiled).unwrap();
        let found = check(folder.path()).map_or(true, |report| !report.findings.is_empty());
        assert!(found, "seed {seed}, flip {number}: bit {bit} of byte {place} (page {})", place / PAGE + 1);
    }
}

#[test]
fn a_look_up_on_a_damaged_page_answers_right_or_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let ids = fill(&*open(folder.path()), 1, 1_200);
    let database = folder.path().join("jeton.db");
    let sound = fs::read(&database).unwrap();
    let expected = look_ups(folder.path(), &ids.iter().map(|id| id.0).collect::<Vec<_>>()).unwrap();
    let places = cells(&sound);
    let mut chance = Moment::new(Time::EPOCH, [18; 32]);
    let (mut damaged, mut opened) = (0, 0);
    for number in 0..60 {
        let place = places[usize::from_be_bytes(chance.draw()) % places.len()];
        let mut spoiled = sound.clone();
        spoiled[place] ^= 1 << (number % 8);
        fs::write(&database, &spoiled).unwrap();
        let Some(answers) = look_ups(folder.path(), &ids.iter().map(|id| id.0).collect::<Vec<_>>()) else { continue };
        opened += 1;
        for (answer, expected) in answers.iter().zip(&expected) {
            match answer {
                Ok(row) => assert_eq!(row, expected.as_ref().unwrap(), "flip {number} at {place}"),
                Err(kind) => {
                    assert_eq!(*kind, FaultKind::Damaged, "flip {number} at {place}");
                    damaged += 1;
                }
            }
        }
    }
    assert!(opened > 10 && damaged > 10, "{opened} opened, {damaged} damaged");
}

type Answer = Result<Option<Versioned<Row>>, FaultKind>;

/// What a store answers for these tokens; `None` when it does not open.
fn look_ups(folder: &Path, ids: &[[u8; 16]]) -> Option<Vec<Answer>> {
    let store = try_open(folder).ok()?;
    let view = store.view().ok()?;
    Some(ids.iter().map(|id| view.get(&TOKENS, &vec![Value::Id(*id)]).map_err(|fault| fault.kind)).collect())
}

/// The offsets of all bytes in cells of B-tree pages.
fn cells(file: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    for page in 0..file.len() / PAGE {
        let start = page * PAGE;
        let header = if page == 0 { 100 } else { 0 };
        let bytes = &file[start..start + PAGE];
        let kind = bytes[header];
        let pointers = match kind {
            0x02 | 0x05 => header + 12,
            0x0a | 0x0d => header + 8,
            _ => continue,
        };
        let count = usize::from(u16::from_be_bytes([bytes[header + 3], bytes[header + 4]]));
        for cell in 0..count {
            let at = usize::from(u16::from_be_bytes([bytes[pointers + 2 * cell], bytes[pointers + 2 * cell + 1]]));
            places.extend(start + at..start + at + cell_length(kind, &bytes[at..]));
        }
    }
    places
}

fn cell_length(kind: u8, cell: &[u8]) -> usize {
    let child = if matches!(kind, 0x02 | 0x05) { 4 } else { 0 };
    let (first, length) = varint(&cell[child..]);
    match kind {
        0x05 => child + length,
        0x0d => length + varint(&cell[length..]).1 + first,
        _ => child + length + first,
    }
}

fn varint(bytes: &[u8]) -> (usize, usize) {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(8).enumerate() {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return (value, place + 1);
        }
    }
    panic!("no varint of ours is so long");
}
