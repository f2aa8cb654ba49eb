//! Whether the usage that a snapshot took up is there again.

use std::collections::BTreeMap;

use jeton_store::store::Store;
use jeton_store::table::Schema;

use crate::failure::Failure;
use crate::manifest::Manifest;
use crate::snapshot::tables;
use crate::usage_sum::Sum;

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
