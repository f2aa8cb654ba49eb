//! Why something is ended.

use clap::Args;
use serde_json::{Map, Value, json};

/// Why something is ended
#[derive(Args, Debug)]
pub(super) struct Why {
    /// Why
    #[arg(long, value_name = "REASON", value_parser = ["leaked", "superseded", "owner_left", "no_longer_needed"])]
    why: Option<String>,
}

impl Why {
    /// As a request says it.
    pub(super) fn body(&self) -> Value {
        Value::Object(self.members())
    }

    /// The same beside other members.
    pub(super) fn members(&self) -> Map<String, Value> {
        self.why.iter().map(|why| ("why".to_owned(), json!(why))).collect()
    }
}
