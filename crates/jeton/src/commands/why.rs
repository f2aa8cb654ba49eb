//! Why something is ended.

use clap::Args;
use serde_json::{Map, Value, json};

/// Why something is ended
#[derive(Args, Debug)]
pub(super) struct Why {
    /// Why: leaked, superseded, owner_left, no_longer_needed, or your own words,
    /// 200 bytes at most; it stands in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

impl Why {
    /// Whether anybody said why.
    pub(super) fn is_said(&self) -> bool {
        self.why.is_some()
    }

    /// As a request says it.
    pub(super) fn body(&self) -> Value {
        Value::Object(self.members())
    }

    /// The same beside other members.
    pub(super) fn members(&self) -> Map<String, Value> {
        self.why.iter().map(|why| ("why".to_owned(), json!(why))).collect()
    }
}
