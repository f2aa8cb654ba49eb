//! What is written of an event, and why it cannot be written or read.

/// The parts of what serde writes of an event: whatever has another shape is none.
pub(super) fn kind_and_payload(written: &str) -> Option<(&str, &str)> {
    let (kind, payload) = written.strip_prefix(r#"{"kind":""#)?.strip_suffix('}')?.split_once(r#"","data":"#)?;
    (!kind.is_empty() && payload.starts_with('{') && payload.ends_with('}')).then_some((kind, payload))
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The kind's name.
    pub kind: String,
    /// Canonical JSON.
    pub payload: Vec<u8>,
}

/// An event that has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritable;

impl std::fmt::Display for Unwritable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an event has no canonical form: a fault of the program, nothing of its commit is written")
    }
}

impl std::error::Error for Unwritable {}

/// An entry of the ledger that this program cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    /// The kind it names.
    pub kind: String,
}

impl std::fmt::Display for UnknownEvent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the ledger holds an entry `{}` that this version of Jeton cannot read", self.kind)
    }
}

impl std::error::Error for UnknownEvent {}

/// Whether a number says nothing: then it is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
pub(super) fn is_none(number: &u64) -> bool {
    *number == 0
}
