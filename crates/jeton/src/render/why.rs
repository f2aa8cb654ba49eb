//! Why something was ended.

use serde_json::Value;

use super::text::member;

/// The reasons whose names are words with `_` between.
const NAMED: [&str; 6] = ["owner_left", "no_longer_needed", "cut_off", "owner_gone", "api_gone", "no_access"];

/// Why, in words; empty where nobody said.
pub(super) fn why(told: &Value) -> String {
    match member(told, "why") {
        why if why == "unspecified" => String::new(),
        why if NAMED.contains(&why.as_str()) => why.replace('_', " "),
        why => why,
    }
}

/// The same behind a colon.
pub(super) fn after_colon(told: &Value) -> String {
    match why(told) {
        why if why.is_empty() => why,
        why => format!(": {why}"),
    }
}
