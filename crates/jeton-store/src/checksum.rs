//! The checksum that each row carries: a flipped bit is found by whoever reads the row.

use aws_lc_rs::digest::{Context, SHA256};
use jeton_core::commit::Sequence;
use jeton_core::record::{Class, Row, Table};

use crate::ledger::entry::{Entry, encode_row, issued_leaf_in};
use crate::ledger::{Hash, Head};
use crate::store::{Fault, FaultKind};

/// The checksum of a row: the first 8 bytes of SHA-256 over its canonical bytes and its version (8 bytes, big-endian). For an issued row
/// those of its [`issued_leaf`], which knows no version, exclusive-or the version: one hash serves both.
#[must_use]
pub fn of_row(table: &Table, row: &Row, version: Sequence) -> i64 {
    of_row_in(&mut Vec::with_capacity(256), table, row, version)
}

/// The same, with room for the row's bytes that a reader of many rows keeps from one to the next.
#[must_use]
pub fn of_row_in(room: &mut Vec<u8>, table: &Table, row: &Row, version: Sequence) -> i64 {
    match table.class {
        Class::Credential { .. } => of_leaf(&issued_leaf_in(room, table, row), version),
        Class::Authority | Class::Expiring { .. } | Class::Counted { .. } | Class::Noted => {
            room.clear();
            encode_row(table, row, room);
            room.extend_from_slice(&version.to_be_bytes());
            first_bytes(aws_lc_rs::digest::digest(&SHA256, room).as_ref())
        }
    }
}

/// The checksum of an issued row whose leaf is known.
#[must_use]
pub fn of_leaf(leaf: &Hash, version: Sequence) -> i64 {
    first_bytes(leaf) ^ version.cast_signed()
}

/// The checksum of a stored entry: over its leaf and its commit's id. It holds also once the content is erased.
#[must_use]
pub fn of_entry(entry: &Entry, leaf: &Hash) -> i64 {
    let mut context = Context::new(&SHA256);
    context.update(leaf);
    context.update(&entry.commit.0);
    first_bytes(context.finish().as_ref())
}

/// The checksum of a stored head.
#[must_use]
pub fn of_head(head: &Head) -> i64 {
    let mut context = Context::new(&SHA256);
    context.update(&head.size.to_be_bytes());
    context.update(&head.time.micros().to_be_bytes());
    context.update(&head.incarnation);
    head.frontier.roots().iter().for_each(|root| context.update(root));
    first_bytes(context.finish().as_ref())
}

/// What a fault of a row says to do.
pub const LOOK: &str = ": run `jeton check --full`";

/// The fault of a row, or a page, of `table` that is not what was written.
#[must_use]
pub fn damaged(table: &str) -> Fault {
    Fault::new(FaultKind::Damaged, format!("a row of table `{table}` is not what was written{LOOK}"))
}

fn first_bytes(hash: &[u8]) -> i64 {
    hash.iter().take(8).fold(0, |sum: i64, byte| (sum << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use jeton_core::record::Value;

    use super::*;
    use crate::conformance::{CLIENTS, TOKENS};
    use crate::ledger::issued_leaf;

    #[test]
    fn every_part_of_a_row_counts() {
        let row = vec![Value::text("c1"), Value::text("name"), Value::Null, Value::Int(5)];
        let checksum = of_row(&CLIENTS, &row, 7);
        assert_ne!(checksum, of_row(&CLIENTS, &row, 8));
        assert_ne!(checksum, of_row(&CLIENTS, &vec![Value::text("c1"), Value::text("nam"), Value::Null, Value::Int(5)], 7));
        assert_ne!(checksum, of_row(&CLIENTS, &vec![Value::text("c1"), Value::text("name"), Value::Int(5), Value::Null], 7));
    }

    #[test]
    fn an_issued_row_shares_the_hash_of_its_leaf() {
        let row = vec![Value::Id([1; 16]), Value::text("c1"), Value::Int(9)];
        assert_eq!(of_row(&TOKENS, &row, 3), of_leaf(&issued_leaf(&TOKENS, &row), 3));
        assert_ne!(of_row(&TOKENS, &row, 3), of_row(&TOKENS, &row, 4));
    }

    #[test]
    fn a_column_added_later_leaves_old_rows_their_checksum() {
        let before = vec![Value::text("c1"), Value::text("name")];
        let after = vec![Value::text("c1"), Value::text("name"), Value::Null];
        assert_eq!(of_row(&CLIENTS, &before, 1), of_row(&CLIENTS, &after, 1));
    }
}
