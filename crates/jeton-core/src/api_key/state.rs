//! Whether a key or a client's secret is accepted, and who said otherwise, when and why.

use std::sync::Arc;

use crate::id::Actor;
use crate::record::{Malformed, Reader, Value};

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
    pub why: Why,
}

/// Why a key or a secret was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Nobody said.
    #[default]
    Unspecified,
    /// Somebody else may know it.
    Leaked,
    /// Another took its place.
    Superseded,
    /// Its owner left.
    OwnerLeft,
    /// Nobody needs it.
    NoLongerNeeded,
    /// Nobody used it for long.
    Idle,
    /// It was made before a cut-off over its owner, its API or everything.
    CutOff,
    /// A policy.
    Policy,
    /// Whoever found it handed it in.
    Reported,
    /// Its owner is gone.
    OwnerGone,
    /// Its API is gone.
    ApiGone,
    /// It was made before a gap that nobody accepted yet.
    Gap,
    /// Its owner, or who handed it out, may not ask for its API.
    NoAccess,
}

impl Why {
    /// All of them.
    pub const ALL: [Why; 13] = [
        Why::Unspecified,
        Why::Leaked,
        Why::Superseded,
        Why::OwnerLeft,
        Why::NoLongerNeeded,
        Why::Idle,
        Why::CutOff,
        Why::Policy,
        Why::Reported,
        Why::OwnerGone,
        Why::ApiGone,
        Why::Gap,
        Why::NoAccess,
    ];

    /// Those that whoever ends a key may give; the others are found out.
    pub const SAID_BY_PEOPLE: [Why; 5] = [Why::Unspecified, Why::Leaked, Why::Superseded, Why::OwnerLeft, Why::NoLongerNeeded];

    /// Its name in requests and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Why::Unspecified => "unspecified",
            Why::Leaked => "leaked",
            Why::Superseded => "superseded",
            Why::OwnerLeft => "owner_left",
            Why::NoLongerNeeded => "no_longer_needed",
            Why::Idle => "idle",
            Why::CutOff => "cut_off",
            Why::Policy => "policy",
            Why::Reported => "reported",
            Why::OwnerGone => "owner_gone",
            Why::ApiGone => "api_gone",
            Why::Gap => "gap",
            Why::NoAccess => "no_access",
        }
    }

    /// The reason of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Why> {
        Why::ALL.into_iter().find(|why| why.name() == name)
    }
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
                [name, Value::Int(*at), Value::Text(by.0.clone()), Value::text(why.name())]
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
                value => Some(Why::from_name(value.as_text()?)?),
            };
            let ended = || Some(Ended { at: at?, by: Actor(Arc::clone(by.as_ref()?)), why: why? });
            match name.as_deref() {
                None | Some("active") => Some(State::Active),
                Some("suspended") => ended().map(State::Suspended),
                Some("revoked") => ended().map(State::Revoked),
                _ => None,
            }
        })
    }
}
