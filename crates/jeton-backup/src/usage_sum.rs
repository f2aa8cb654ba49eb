//! What a table of usage adds up to: enough to see that nothing of it was lost on the way.

use jeton_core::record::{Row, Table, Value};
use serde::{Deserialize, Serialize};

/// The sum of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// How many rows it has.
    pub rows: u64,
    /// What the numbers add up to that are not of its key, modulo 2^64.
    pub sum: i64,
}

impl Sum {
    /// Adds a row.
    pub fn add(&mut self, table: &Table, row: &Row) {
        self.rows += 1;
        let numbers = row.iter().skip(table.key).filter_map(Value::int);
        self.sum = numbers.fold(self.sum, i64::wrapping_add);
    }
}
