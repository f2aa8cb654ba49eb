//! The secret of a session: what its cookie holds.

use jeton_token::{Kind, Prefix};

use crate::id::SessionId;
use crate::moment::Moment;
use crate::refusal::Refusal;
use crate::root_key::RootKeys;
use crate::token::text::{Made, make};

/// A new one for a session.
///
/// # Errors
/// When the root key holds no epoch.
pub(super) fn draw(session: SessionId, prefix: Prefix, root_keys: &RootKeys, moment: &mut Moment) -> Result<Made, Refusal> {
    make(Kind::Session, session.0, prefix, root_keys, moment)
}
