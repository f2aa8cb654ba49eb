//! Whether the usage that a snapshot took up is there again: by what its manifest says, and by what the live store counts.

use std::collections::BTreeMap;

use jeton_core::record::{Row, Table, Value};
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::progress::{self, Progress};
use jeton_store::store::Store;
use jeton_store::table::Schema;

use crate::drill::rows::Rows;
use crate::failure::Failure;
use crate::manifest::Manifest;
use crate::snapshot::tables;
use crate::usage_sum::Sum;

/// Slices that will be over in this time are not compared: the live store may drop them meanwhile, in seconds.
const LEAVES_WITHIN: i64 = 3_600;

/// Adds up the usage of a store that was made of a snapshot and compares it with what its manifest says; how many tables there are.
///
/// # Errors
/// [`Failure`]: it cannot be read, or is another.
pub fn compare(restored: &dyn Store, schema: &'static Schema, manifest: &Manifest) -> Result<usize, Failure> {
    let mut found: BTreeMap<String, Sum> = BTreeMap::new();
    for table in tables(schema).filter(|table| table.class.is_usage()) {
        let sum = found.entry(table.name.into()).or_default();
        restored.view()?.scan(table, &mut |row| {
            sum.add(table, &row.record);
            true
        })?;
    }
    let of = |sums: &BTreeMap<String, Sum>, name: &str| sums.get(name).copied().unwrap_or_default();
    let differs = found.keys().chain(manifest.usage.keys()).find(|name| of(&found, name) != of(&manifest.usage, name));
    match differs {
        None => Ok(found.len()),
        Some(name) => {
            let (is, was) = (of(&found, name), of(&manifest.usage, name));
            Err(Failure::Refused(format!(
                "the usage of {} is not what it was made of: `{name}` has {} rows that add up to {}, and had {} and {}",
                manifest.snapshot, is.rows, is.sum, was.rows, was.sum
            )))
        }
    }
}

/// Adds up what both stores counted in the minutes, hours and days that were over when the snapshot was made, which nothing is counted in any
/// more; how many rows that are.
///
/// # Errors
/// [`Failure`]: one cannot be read, or they counted differently.
pub fn compare_with_live(restored: &dyn Store, live: &dyn Store, now_seconds: i64) -> Result<u64, Failure> {
    let Some(progress) = restored.view()?.get(&progress::TABLE, &vec![progress::KEY])? else { return Ok(0) };
    let progress = Progress::from_row(&progress.record).map_err(|error| Failure::Line(error.to_string()))?;
    let mut rows = 0;
    for resolution in Resolution::ALL {
        let over = Over { resolution, minute: progress.minute, now_seconds };
        let (is, was) = (over.sum(restored)?, over.sum(live)?);
        if is != was {
            return Err(Failure::Refused(format!(
                "the usage that was restored is not that of the live store: up to the same minute `{}` has {} rows that add up to {}, and {} and {} \
                 there",
                resolution.table().name,
                is.rows,
                is.sum,
                was.rows,
                was.sum
            )));
        }
        rows += is.rows;
    }
    Ok(rows)
}

/// What nothing is counted in any more.
struct Over {
    resolution: Resolution,
    /// The minute that was counted in, in seconds.
    minute: i64,
    now_seconds: i64,
}

impl Over {
    fn sum(&self, store: &dyn Store) -> Result<Sum, Failure> {
        let table = self.resolution.table();
        let (mut rows, mut sum) = (Rows::new(store, table), Sum::default());
        while let Some(row) = rows.next()? {
            if self.has(table, &row.record) {
                sum.add(table, &row.record);
            }
        }
        Ok(sum)
    }

    fn has(&self, table: &'static Table, row: &Row) -> bool {
        let start = row.first().and_then(Value::int).unwrap_or(i64::MAX);
        let is_over = start.saturating_add(self.resolution.seconds()) <= self.minute;
        is_over && !table.is_slice_over(table.slice_of_row(row), self.now_seconds.saturating_add(LEAVES_WITHIN))
    }
}
