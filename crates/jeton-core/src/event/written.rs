//! Events as entries have them.

use super::Event;
use super::encoded::{Encoded, UnknownEvent, Unwritable, kind_and_payload};

impl Event {
    /// The kind's name and the canonical payload.
    ///
    /// # Errors
    /// [`Unwritable`]: a fault of the program. Whoever wants it told must not go on as if it were.
    pub fn encode(&self) -> Result<Encoded, Unwritable> {
        // The fields are declared in order, and every one is a text, an integer or null: what serde_json writes is RFC 8785.
        let written = serde_json::to_string(self).map_err(|_| Unwritable)?;
        let (kind, payload) = kind_and_payload(&written).ok_or(Unwritable)?;
        debug_assert!(
            serde_json::from_str::<serde_json::Value>(payload)
                .is_ok_and(|value| serde_json::to_string(&value).is_ok_and(|sorted| sorted == payload)),
            "the fields of `{kind}` are not declared in the order of their names"
        );
        Ok(Encoded { kind: kind.to_owned(), payload: payload.as_bytes().to_vec() })
    }

    /// The event of a kind and payload.
    ///
    /// # Errors
    /// [`UnknownEvent`] when this program does not know the kind, or the payload is not of that kind.
    pub fn decode(kind: &str, payload: &[u8]) -> Result<Event, UnknownEvent> {
        let unknown = || UnknownEvent { kind: kind.chars().take(64).collect() };
        let data: serde_json::Value = serde_json::from_slice(payload).map_err(|_| unknown())?;
        serde_json::from_value(serde_json::json!({ "kind": kind, "data": data })).map_err(|_| unknown())
    }
}
