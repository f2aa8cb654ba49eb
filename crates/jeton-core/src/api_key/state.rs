//! Whether a key or a client's secret is accepted, and who said otherwise, when and why.

use std::sync::Arc;

use crate::id::Actor;
use crate::record::{Malformed, Reader, Value};
use crate::why::Because;

/// The state of a key or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Accepted.
    Active,
    /// Refused until it is resumed.
    Suspended(Ended),
    /// Refused for ever.
    Revoked(Ended),
}

/// What ended it, for now or for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When, in seconds.
    pub at: i64,
    /// Who.
    pub by: Actor,
    /// Why.
    pub why: Because,
}

/// The name of the state that is final.
pub(super) const REVOKED: &str = "revoked";

impl State {
    /// Its name in requests and rows.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            State::Active => "active",
            State::Suspended(_) => "suspended",
            State::Revoked(_) => REVOKED,
        }
    }

    /// As the columns `state`, `state_at`, `state_by`, `state_why`.
    pub(crate) fn values(&self) -> [Value; 4] {
        let name = Value::text(self.name());
        match self {
            State::Active => [name, Value::Null, Value::Null, Value::Null],
            State::Suspended(Ended { at, by, why }) | State::Revoked(Ended { at, by, why }) => {
                [name, Value::Int(*at), Value::Text(by.0.clone()), Value::text(why.as_str())]
            }
        }
    }

    /// From those columns; a row that was written before there were states is accepted.
    pub(crate) fn read(row: &mut Reader<'_>) -> Result<State, Malformed> {
        let name = row.text_or_null()?;
        let (at, by) = (row.int_or_null()?, row.text_or_null()?);
        row.read(|why| {
            let why = match why {
                Value::Null => None,
                value => Some(Because::kept(value.as_text()?)?),
            };
            let ended = || Some(Ended { at: at?, by: Actor(Arc::clone(by.as_ref()?)), why: why.clone()? });
            match name.as_deref() {
                None | Some("active") => Some(State::Active),
                Some("suspended") => ended().map(State::Suspended),
                Some("revoked") => ended().map(State::Revoked),
                _ => None,
            }
        })
    }
}
