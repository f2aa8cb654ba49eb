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
            salt: content.map(|(salt, _)| hexadecimal(salt)),
            commitment: hexadecimal(commitment),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
