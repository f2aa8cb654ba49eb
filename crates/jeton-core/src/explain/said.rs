//! Who said something of a credential, and when.

use super::statement::Statement;
use crate::api_key::state::Ended;
use crate::id::Actor;
use crate::why::Because;

/// Who said something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When, in seconds.
    pub at: i64,
    /// Who.
    pub by: Actor,
    /// Why, where that was said.
    pub why: Option<Because>,
}

impl From<&Ended> for Said {
    fn from(ended: &Ended) -> Said {
        Said { at: ended.at, by: ended.by.clone(), why: Some(ended.why.clone()) }
    }
}

impl From<&Statement> for Said {
    fn from(statement: &Statement) -> Said {
        Said { at: statement.at, by: statement.by.clone(), why: statement.why.clone() }
    }
}
