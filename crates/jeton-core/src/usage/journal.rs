//! The journal: what was counted since the second before, packed into few rows. It is folded again after a crash.

use std::fmt;
use std::io::Write as _;

use super::{Cell, Outcome, Subject};
use crate::id::ApiId;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The minute that it counts in, in seconds.
    pub minute: i64,
    /// When it was written, in microseconds: no two of a minute are the same.
    pub written_at: i64,
    /// Which part of what was written then.
    pub part: i64,
    /// What was counted.
    pub counted: Vec<(Cell, u32)>,
}

/// Where they are kept.
pub static TABLE: Table = Table {
    name: "usage_journal",
    columns: &[Column::int("minute"), Column::int("written_at"), Column::int("part"), Column::bytes("counted")],
    key: 3,
    indexes: &[],
    class: Class::Counted { slice_seconds: 3_600, kept_seconds: 7_200 },
};

/// A row ends once its packed counts are this long, in bytes.
const PART_BYTES: usize = 60 << 10;

/// How long a packed count is, about.
const PACKED_BYTES: usize = 80;

/// The rows of what was counted in a minute since the journal was last written.
#[must_use]
pub fn rows<'c>(minute: i64, written_at: i64, counted: impl ExactSizeIterator<Item = (&'c Cell, u32)>) -> Vec<Row> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let about = PART_BYTES.min(PACKED_BYTES * counted.len());
    for (cell, count) in counted {
        match parts.last_mut() {
            Some(part) if part.len() < PART_BYTES => pack(cell, count, part),
            _ => {
                let mut part = Vec::with_capacity(about);
                pack(cell, count, &mut part);
                parts.push(part);
            }
        }
    }
    let row = |(part, packed): (i64, Vec<u8>)| vec![Value::Int(minute), Value::Int(written_at), Value::Int(part), Value::bytes(&packed)];
    (0..).zip(parts).map(row).collect()
}

impl Entry {
    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Entry, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let (minute, written_at, part) = (row.int()?, row.int()?, row.int()?);
        Ok(Entry { minute, written_at, part, counted: row.read(|value| unpack(value.as_bytes()?))? })
    }
}

/// Subject and API, each behind its length in a byte; the outcome's number; the count in four bytes, big-endian.
fn pack(cell: &Cell, count: u32, packed: &mut Vec<u8>) {
    pack_text(&cell.subject, packed);
    pack_text(&cell.api.as_ref().map_or("", |api| api.as_str()), packed);
    packed.push(cell.outcome.number());
    packed.extend_from_slice(&count.to_be_bytes());
}

/// An id is no longer than a name: the length fits, or the text is cut.
fn pack_text(text: &dyn fmt::Display, packed: &mut Vec<u8>) {
    let place = packed.len();
    packed.push(0);
    // A vector takes whatever is written.
    let _ = write!(packed, "{text}");
    packed.truncate(place + 256);
    let length = u8::try_from(packed.len() - place - 1).unwrap_or(u8::MAX);
    if let Some(first) = packed.get_mut(place) {
        *first = length;
    }
}

fn unpack(mut packed: &[u8]) -> Option<Vec<(Cell, u32)>> {
    let mut counted = Vec::new();
    while !packed.is_empty() {
        let subject = Subject::parse(take_text(&mut packed)?)?;
        let api = Some(take_text(&mut packed)?).filter(|api| !api.is_empty()).map(ApiId::from);
        let (outcome, rest) = packed.split_first()?;
        let (count, rest) = rest.split_first_chunk()?;
        packed = rest;
        let cell = Cell { subject, api, outcome: Outcome::from_number(i64::from(*outcome))? };
        counted.push((cell, u32::from_be_bytes(*count)));
    }
    Some(counted)
}

fn take_text<'a>(packed: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = packed.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    *packed = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_key::verify::Code;
    use crate::id::{ApiKeyId, ClientId};

    fn cell(subject: Subject, api: &str) -> Cell {
        Cell { subject, api: Some(api).filter(|api| !api.is_empty()).map(ApiId::from), outcome: Outcome::Key(Code::Valid) }
    }

    fn borrowed(counted: &[(Cell, u32)]) -> impl ExactSizeIterator<Item = (&Cell, u32)> {
        counted.iter().map(|(cell, count)| (cell, *count))
    }

    #[test]
    fn what_is_packed_is_read_back() {
        let counted = vec![
            (cell(Subject::Client(ClientId::from("client_a")), "api_b"), 1),
            (cell(Subject::Key(ApiKeyId([7; 16])), ""), u32::MAX),
            (cell(Subject::Unknown, ""), 0),
        ];
        let rows = rows(60, 61_000_000, borrowed(&counted));
        let entries: Vec<Entry> = rows.iter().map(|row| Entry::from_row(row).unwrap()).collect();
        assert_eq!(entries, [Entry { minute: 60, written_at: 61_000_000, part: 0, counted }]);
    }

    #[test]
    fn much_is_packed_into_parts() {
        let counted: Vec<_> =
            (0..5_000).map(|number| (cell(Subject::Client(ClientId::from(&*format!("c{number}"))), "api_b"), 1)).collect();
        let rows = rows(60, 1, borrowed(&counted));
        assert!(rows.len() > 1 && rows.iter().all(|row| row[3].as_bytes().unwrap().len() < PART_BYTES + 600));
        let read: Vec<_> = rows.iter().flat_map(|row| Entry::from_row(row).unwrap().counted).collect();
        assert_eq!(read, counted);
    }

    #[test]
    fn what_was_not_packed_so_is_refused() {
        let whole = rows(60, 1, borrowed(&[(cell(Subject::Client(ClientId::from("client_a")), "api_b"), 7)]));
        let packed = whole[0][3].as_bytes().unwrap();
        assert!(unpack(packed).is_some());
        for end in 1..packed.len() {
            assert_eq!(unpack(&packed[..end]), None, "{end}");
        }
    }
}
