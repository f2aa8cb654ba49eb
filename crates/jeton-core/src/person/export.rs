//! Taking people out. Nothing changes by it; that it was done is told, since whoever has the hashes of passwords can try them where nobody counts.

use std::sync::Arc;

use super::create::parse_username;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// The most people of one answer.
pub const AT_ONCE_MAX: usize = 100;

/// The username behind which it goes on, as usernames are kept; nobody need have it any more.
///
/// # Errors
/// `InvalidRequest`: nobody can have it.
pub fn behind(username: &str) -> Result<Arc<str>, Refusal> {
    parse_username(username)
}

/// Tells that so many people are taken out, with the hashes of their passwords or without.
pub fn export(count: u64, is_with_passwords: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::UsersExported { actor: actor.clone(), count, with_passwords: i64::from(is_with_passwords) };
    Outcome::grant((), Commit::new(moment).tell(event))
}
