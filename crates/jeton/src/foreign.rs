//! What this program reads of files and flags that somebody else wrote, for whoever hands it anything: the fuzz targets.

use serde_json::Value;

use crate::commands::{duration, key, rate, time};
use crate::{config, declared, root_file};

/// The rows of a table of keys, CSV or JSON: the number of each, and what the management API is sent of it; `None`: it is refused.
///
/// # Errors
/// In words, where the text is no such table.
pub fn keys(text: &str) -> Result<Vec<(u64, Option<Value>)>, String> {
    let rows = key::read_table(text, Some("external:x")).map_err(|failure| failure.to_string())?;
    Ok(rows.into_iter().map(|(number, row)| (number, row.ok())).collect())
}

/// A declaration, written anew.
///
/// # Errors
/// In words, where the text is none.
pub fn declared(text: &str) -> Result<String, String> {
    let declared = declared::file::parse(text, "a file").map_err(|failure| failure.to_string())?;
    declared::file::write(&declared).map_err(|failure| failure.to_string())
}

/// What is wrong with a configuration's text.
#[must_use]
pub fn configuration(text: &str) -> Option<String> {
    config::parse(text).err()
}

/// The epochs of a root file's text.
#[must_use]
pub fn root_file(text: &str) -> Option<Vec<u16>> {
    root_file::parse(text).map(|epochs| epochs.iter().map(|(number, _)| *number).collect())
}

/// The receipt of a drill, written anew.
#[must_use]
pub fn receipt(text: &str) -> Option<String> {
    jeton_backup::drill::receipt::Receipt::parse(text).map(|receipt| receipt.to_string())
}

/// How many in how many seconds, from `100/1m`.
#[must_use]
pub fn rate(text: &str) -> Option<(i64, i64)> {
    rate::parse(text).ok().map(|rate| (rate.count, rate.period_seconds))
}

/// How many seconds, from `90d`.
#[must_use]
pub fn length_of_time(text: &str) -> Option<i64> {
    duration::seconds(text).ok()
}

/// Which second since 1970, from a time or a number.
#[must_use]
pub fn time(text: &str) -> Option<i64> {
    time::second(text).ok()
}
