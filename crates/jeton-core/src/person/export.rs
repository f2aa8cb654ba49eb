//! Taking people out. Nothing changes by it; that it was done is told, since whoever has the hashes of passwords can try them where nobody counts.

use std::sync::Arc;

use super::create::parse_username;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::refuse_credentials;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// The most people of one answer.
pub const AT_ONCE_MAX: usize = 100;

/// The username behind which an answer goes on.
///
/// # Errors
/// `InvalidRequest` where it is none; `CredentialInText`.
pub fn parse_after(text: &str) -> Result<Arc<str>, Refusal> {
    refuse_credentials(text, "a username")?;
    parse_username(text)
}

/// Tells that so many people are taken out, with the hashes of their passwords or without.
pub fn export(count: u64, is_with_passwords: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::UsersExported { actor: actor.clone(), count, with_passwords: i64::from(is_with_passwords) };
    Outcome::grant((), Commit::new(moment).tell(event))
}
