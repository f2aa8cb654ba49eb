//! What is known of a person by a name, as flags say it: `NAME=TEXT`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One of them; an empty text takes it away.
///
/// # Errors
/// A sentence with what may be written.
pub(super) fn attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=TEXT, as department=research; department= takes it away".to_owned()),
    }
}

/// All of them, as the management API takes them; nothing where none is said.
pub(super) fn body(attributes: &[(String, String)]) -> Option<Value> {
    let named: BTreeMap<&str, &str> = attributes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    (!named.is_empty()).then(|| json!(named))
}
