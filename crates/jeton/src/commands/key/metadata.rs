//! What is remembered with a key, as flags say it: `NAME=TEXT`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One word of it.
///
/// # Errors
/// A sentence with what may be written.
pub(super) fn word(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=TEXT: order=4711".to_owned()),
    }
}

/// All of it, as the management API takes it.
pub(super) fn object(words: &[(String, String)]) -> Value {
    json!(words.iter().cloned().collect::<BTreeMap<String, String>>())
}
