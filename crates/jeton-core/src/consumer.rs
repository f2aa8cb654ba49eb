//! How far whoever follows the ledger has come. What an entry asks for is done before it is kept that it was: after a crash it is done once more,
//! and never not at all.

use crate::commit::{Commit, Sequence};
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One row for each that follows.
pub static TABLE: Table = Table {
    name: "ledger_consumer",
    columns: &[Column::text("name"), Column::int("sequence")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// The key of the one of this name.
#[must_use]
pub fn key(name: &str) -> Value {
    Value::text(name)
}

/// Keeps that all before this entry is done: bookkeeping, which nothing tells of.
pub fn keep(name: &str, next: Sequence, moment: &mut Moment) -> Commit {
    let row = vec![key(name), Value::Int(i64::try_from(next).unwrap_or(i64::MAX))];
    Commit::new(moment).put(&TABLE, row)
}

/// The entry before which all is done.
///
/// # Errors
/// When the row is not one of this table.
pub fn from_row(row: &Row) -> Result<Sequence, Malformed> {
    let mut row = Reader::new(&TABLE, row);
    row.text()?;
    row.read(|value| Sequence::try_from(value.int()?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::Write;
    use crate::moment::Time;

    #[test]
    fn it_is_read_as_it_was_written() {
        let commit = keep("links", 7, &mut Moment::new(Time::from_seconds(1), [1; 32]));
        let [Write::Put { row, .. }] = commit.writes.as_slice() else { panic!("{:?}", commit.writes) };
        assert_eq!(from_row(row), Ok(7));
        assert!(commit.events.is_empty());
        assert!(from_row(&vec![key("links"), Value::Int(-1)]).is_err());
    }
}
