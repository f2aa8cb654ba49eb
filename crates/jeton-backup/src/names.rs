//! What objects are called on a target.

use std::fmt;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;

use crate::object::hexadecimal;

/// Where snapshots lie.
pub const SNAPSHOTS: &str = "snapshots";
/// Where the tail lies.
pub const TAIL: &str = "tail";

/// A snapshot's name: when it began, and four random bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// A new one.
    #[must_use]
    pub fn new(began: Time, random: [u8; 4]) -> SnapshotId {
        let (date, clock) = civil(began.seconds());
        SnapshotId(format!("{date}T{clock}Z-{}", hexadecimal(&random)))
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
        let number = |range: std::ops::Range<usize>| self.0.get(range)?.parse::<i64>().ok();
        let days = days_of(number(0..4)?, number(4..6)?, number(6..8)?);
        Some(days * 86_400 + number(9..11)? * 3_600 + number(11..13)? * 60 + number(13..15)?)
    }

    /// The name of its manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{SNAPSHOTS}/{self}/manifest.age")
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
        let segment = Segment { incarnation: crate::object::from_hexadecimal(incarnation)?, from: number(from)?, to: number(to)? };
        (segment.from <= segment.to).then_some(segment)
    }
}

/// Date and time of day in UTC, as `20261126` and `191327` (the proleptic Gregorian calendar, by whole days from its 400-year cycle).
fn civil(seconds: i64) -> (String, String) {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (format!("{year:04}{month:02}{day:02}"), format!("{:02}{:02}{:02}", rest / 3_600, rest / 60 % 60, rest % 60))
}

/// The days since 1970-01-01 of a date, by the same calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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
        for wrong in ["tail/00/5-6.age", "tail/x", "", "snapshots/x"] {
            assert_eq!(Segment::parse(wrong), None, "{wrong}");
        }
    }
}
