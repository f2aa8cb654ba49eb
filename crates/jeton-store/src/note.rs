//! What may be noted: whole rows of usage.

use jeton_core::commit::Write;
use jeton_core::record::{Row, Table};

use crate::row::check_row;
use crate::store::{Fault, FaultKind};

/// The version of every row of usage: no premise compares it.
pub const VERSION: u64 = 0;

/// The rows that are put, where these writes may be noted.
///
/// # Errors
/// A fault in words: whoever made the writes is wrong.
pub fn rows(writes: &[Write]) -> Result<Vec<(&'static Table, &Row)>, Fault> {
    writes.iter().map(row).collect()
}

fn row(write: &Write) -> Result<(&'static Table, &Row), Fault> {
    match write {
        Write::Put { table, row } if table.class.is_usage() => check_row(table, row).map(|()| (*table, row)),
        _ => Err(Fault::new(FaultKind::Engine, "only rows of usage are noted")),
    }
}
