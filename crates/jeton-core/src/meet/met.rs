//! What two rows have in common.

use crate::record::Row;

/// A row that allows what both allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// The row.
    pub row: Row,
    /// Whether no row says what both allow: a key is to be suspended; a client cannot prove itself.
    pub is_stopped: bool,
}

impl Met {
    /// A row that says it.
    #[must_use]
    pub fn of(row: Row) -> Met {
        Met { row, is_stopped: false }
    }
}

/// The lesser of two limits, where none is no limit.
pub(super) fn least<T: Ord + Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
