use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::rfc3339;

/// An entry of the ledger, as it is answered: with salt and commitment, so that anybody can check it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Entry")]
pub struct Shown {
    /// Its number in the ledger, from 0.
    pub(super) sequence: u64,
    /// When it was written, to the microsecond.
    time: String,
    /// The same, in microseconds since 1970.
    time_micros: i64,
    /// What kind of event it is.
    kind: String,
    /// The commit that it was written with.
    #[schemars(with = "String")]
    commit: CommitId,
    /// What happened; absent once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    /// What people call now what ids in it name, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, Arc<str>>,
    /// What its commitment is salted with, in hexadecimal; absent once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// The SHA-256 over its salt and data, in hexadecimal: what the ledger keeps for ever.
    commitment: String,
}

impl Shown {
    /// An entry of a sequence, time, kind and commit; `content` is its salt and payload.
    #[must_use]
    pub fn new((sequence, time): (u64, Time), kind: &str, commit: CommitId, commitment: &[u8], content: Option<(&[u8], &[u8])>) -> Shown {
        Shown {
            sequence,
            time: rfc3339::format_micros(time.micros()),
            time_micros: time.micros(),
            kind: kind.to_owned(),
            commit,
            data: content.and_then(|(_, payload)| serde_json::from_slice(payload).ok()),
            names: BTreeMap::new(),
            salt: content.map(|(salt, _)| hexadecimal(salt)),
            commitment: hexadecimal(commitment),
        }
    }
}

impl Shown {
    /// The ids in it, and any other text that may be one.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let members = self.data.as_ref().and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(_, value)| value.as_str()).map(id_in)
    }

    /// The same entry with what people call those of its ids that are in here.
    pub(super) fn with_names(mut self, called: &BTreeMap<String, Arc<str>>) -> Shown {
        self.names = self.ids().filter_map(|id| Some((id.to_owned(), called.get(id)?.clone()))).collect();
        self
    }
}

/// The id in a member: an owner, and who did it, are written as `kind:ID`. Behind any other word stands no id of ours: somebody outside is called
/// what the users of the key call them, also where that reads like one.
fn id_in(text: &str) -> &str {
    match text.split_once(':') {
        Some(("client" | "user" | "group" | "key", id)) => id,
        _ => text,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
