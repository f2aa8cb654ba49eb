//! What the command line reads of files and flags.

use jeton::foreign;

/// Tables of keys, CSV and JSON: each row is of its place, and what is taken of it is an object.
pub fn keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(rows) = foreign::keys(text) else { return };
    assert!(rows.is_sorted_by(|one, other| one.0 < other.0));
    assert!(rows.iter().all(|(number, row)| *number > 0 && row.as_ref().is_none_or(serde_json::Value::is_object)));
}

/// Declared files: what is read is written to a file that reads the same.
pub fn declared(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(written) = foreign::declared(text) {
        assert_eq!(foreign::declared(&written).as_ref(), Ok(&written));
    }
}

/// The configuration, and the root file.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What is wrong is told in words.
    assert!(foreign::configuration(text).is_none_or(|problem| !problem.is_empty()));
    if let Some(numbers) = foreign::root_file(text) {
        assert!(!numbers.is_empty() && numbers.iter().collect::<std::collections::BTreeSet<_>>().len() == numbers.len());
    }
}

/// The receipt of a drill: read, it is what it was written as.
pub fn receipt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(written) = foreign::receipt(text) {
        assert_eq!(written, text);
    }
}

/// Rates, lengths of time and times, as flags say them.
pub fn flags(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some((count, period_seconds)) = foreign::rate(text) {
        assert_eq!(foreign::rate(&format!("{count}/{period_seconds}s")), Some((count, period_seconds)));
    }
    if let Some(seconds) = foreign::length_of_time(text) {
        assert!(seconds >= 0 && foreign::length_of_time(&format!("{seconds}s")) == Some(seconds));
    }
    if let Some(seconds) = foreign::time(text).filter(|seconds| *seconds >= 0) {
        assert_eq!(foreign::time(&seconds.to_string()), Some(seconds));
    }
}
