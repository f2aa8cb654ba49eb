//! How much work a hash is, as it was measured once for a deployment: kept, so that it takes as long for names that nobody has as for those that
//! somebody has, also after a restart and on another machine.

use super::cost::Cost;
use crate::commit::Commit;
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One row.
pub static TABLE: Table = Table {
    name: "password_cost",
    columns: &[Column::int("id"), Column::int("memory_kib"), Column::int("passes"), Column::int("measured_at")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// Its key.
pub const KEY: Value = Value::Int(1);

/// Keeps what was measured: bookkeeping, as the checkpoint is, which nothing tells of.
pub fn keep(cost: Cost, moment: &mut Moment) -> Commit {
    let row = vec![KEY, Value::Int(cost.memory_kib.into()), Value::Int(cost.passes.into()), Value::Int(moment.now.seconds())];
    Commit::new(moment).put(&TABLE, row)
}

/// What is kept; `None`: it asks for more than is given to a hash, and is measured anew.
///
/// # Errors
/// When the row is not one of this table.
pub fn from_row(row: &Row) -> Result<Option<Cost>, Malformed> {
    let mut row = Reader::new(&TABLE, row);
    row.int()?;
    let mut number = || row.read(|value| u32::try_from(value.int()?).ok());
    let cost = Cost { memory_kib: number()?, passes: number()?, lanes: 1 };
    row.int()?;
    Ok(Some(cost).filter(|cost| cost.is_given() && cost.passes > 0 && cost.memory_kib >= 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::Write;
    use crate::moment::Time;

    #[test]
    fn it_is_read_as_it_was_written() {
        let cost = Cost { memory_kib: 65_536, passes: 4, lanes: 1 };
        let commit = keep(cost, &mut Moment::new(Time::from_seconds(7), [1; 32]));
        let [Write::Put { row, .. }] = commit.writes.as_slice() else { panic!("{:?}", commit.writes) };
        assert_eq!((from_row(row), row.last()), (Ok(Some(cost)), Some(&Value::Int(7))));
        assert!(commit.events.is_empty());
        for (memory_kib, passes) in [(7, 1), (8, 0), (262_145, 1), (8, 33)] {
            let row = vec![KEY, Value::Int(memory_kib), Value::Int(passes), Value::Int(7)];
            assert_eq!(from_row(&row), Ok(None), "{memory_kib} {passes}");
        }
        assert!(from_row(&vec![KEY, Value::Int(-1), Value::Int(1), Value::Int(7)]).is_err());
    }
}
