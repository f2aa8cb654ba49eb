//! What objects are called on a target.

use std::fmt;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::rfc3339;

use crate::object::{from_hexadecimal, hexadecimal};

/// Where snapshots lie.
pub const SNAPSHOTS: &str = "snapshots";
/// Where the tail lies.
pub const TAIL: &str = "tail";
/// Where the receipts of drills lie.
pub const RECEIPTS: &str = "receipts";
/// Where it lies what was erased.
pub const ERASURES: &str = "erasures";

/// Where it lies who ships.
pub const OWNERS: &str = "owners";

/// The name of who ships the tail of an incarnation of the ledger.
#[must_use]
pub fn owner(incarnation: [u8; 16]) -> String {
    format!("{OWNERS}/{}.txt", hexadecimal(&incarnation))
}

/// Where the tail of an incarnation lies.
#[must_use]
pub fn tail(incarnation: [u8; 16]) -> String {
    format!("{TAIL}/{}", hexadecimal(&incarnation))
}

/// Where the files lie that go with snapshots.
pub const FILES: &str = "files";

/// The name of what was erased by the commit of this sequence, in an incarnation of the ledger.
#[must_use]
pub fn erasure(incarnation: [u8; 16], sequence: Sequence) -> String {
    format!("{ERASURES}/{}/{sequence:020}.age", hexadecimal(&incarnation))
}

/// The incarnation and the sequence in such a name.
#[must_use]
pub fn parse_erasure(name: &str) -> Option<([u8; 16], Sequence)> {
    let (incarnation, sequence) = name.strip_prefix(ERASURES)?.strip_prefix('/')?.strip_suffix(".age")?.split_once('/')?;
    Some((from_hexadecimal(incarnation)?, sequence.parse().ok()?))
}

/// What is written while nothing else is, so that a target that is away is noticed. Nothing reads it.
pub const ALIVE: &str = "alive";

/// A snapshot's name: when it began, and four random bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// A new one.
    #[must_use]
    pub fn new(began: Time, random: [u8; 4]) -> SnapshotId {
        SnapshotId(format!("{}-{}", compact(began.seconds()), hexadecimal(&random)))
    }

    /// Reads one as it is listed.
    #[must_use]
    pub fn parse(text: &str) -> Option<SnapshotId> {
        let fits = text.len() == 25 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z' | b'-' | b'a'..=b'f'));
        fits.then(|| SnapshotId(text.into()))
    }

    /// When it began, in seconds; `None` where the name is no date.
    #[must_use]
    pub fn began_seconds(&self) -> Option<i64> {
        let part = |range: std::ops::Range<usize>| self.0.get(range);
        let (date, clock) = ((part(0..4)?, part(4..6)?, part(6..8)?), (part(9..11)?, part(11..13)?, part(13..15)?));
        rfc3339::parse(&format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, clock.0, clock.1, clock.2))
    }

    /// The name of its manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{SNAPSHOTS}/{self}/manifest.age")
    }

    /// The name of a part of a file that it took up, from 1.
    #[must_use]
    pub fn file(&self, number: usize) -> String {
        format!("{FILES}/{self}/{number:05}.age")
    }

    /// The name of a part, from 1.
    #[must_use]
    pub fn part(&self, number: usize) -> String {
        format!("{SNAPSHOTS}/{self}/part-{number:05}.age")
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a drill's receipt: when the drill began, and the first bytes of the receipt's hash.
#[must_use]
pub fn receipt(began_at_seconds: i64, hash: &[u8; 32]) -> String {
    let [a, b, c, d, ..] = hash;
    format!("{RECEIPTS}/{}-{}.txt", compact(began_at_seconds), hexadecimal(&[*a, *b, *c, *d]))
}

/// A segment of the tail: the entries from one sequence on, and until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// Of which incarnation of the ledger.
    pub incarnation: [u8; 16],
    /// The first sequence.
    pub from: Sequence,
    /// The sequence after the last.
    pub to: Sequence,
}

impl Segment {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{TAIL}/{}/{:020}-{:020}.age", hexadecimal(&self.incarnation), self.from, self.to)
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Segment> {
        let rest = name.strip_prefix(TAIL)?.strip_prefix('/')?.strip_suffix(".age")?;
        let (incarnation, range) = rest.split_once('/')?;
        let (from, to) = range.split_once('-')?;
        let number = |text: &str| (text.len() == 20).then(|| text.parse().ok())?;
        let segment = Segment { incarnation: from_hexadecimal(incarnation)?, from: number(from)?, to: number(to)? };
        (segment.from <= segment.to).then_some(segment)
    }
}

/// A second in UTC as names have it: `20261126T191327Z`.
fn compact(seconds: i64) -> String {
    rfc3339::format(seconds).chars().filter(|letter| !matches!(letter, '-' | ':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_when_and_what() {
        let id = SnapshotId::new(Time::from_seconds(1_795_000_407), [0xab, 1, 2, 3]);
        assert_eq!(id.manifest(), "snapshots/20261118T111327Z-ab010203/manifest.age");
        assert_eq!(id.began_seconds(), Some(1_795_000_407));
        assert_eq!(SnapshotId::parse(&id.to_string()), Some(id));
        assert_eq!(SnapshotId::parse("../../../etc/passwd000000"), None);
        let segment = Segment { incarnation: [7; 16], from: 5, to: 900 };
        assert_eq!(Segment::parse(&segment.name()), Some(segment));
        assert_eq!(parse_erasure(&erasure([7; 16], 17)), Some(([7; 16], 17)));
        assert_eq!(parse_erasure("erasures/07/17.age"), None);
        for wrong in ["tail/00/5-6.age", "tail/x", "", "snapshots/x"] {
            assert_eq!(Segment::parse(wrong), None, "{wrong}");
        }
    }
}
