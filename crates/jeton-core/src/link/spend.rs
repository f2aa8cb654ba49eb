//! Using a link: once. Whoever may not is told the same, whatever the reason.

use super::{Link, Purpose, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::password::set::set;
use crate::person::{self, Person};
use crate::policy::effective::Policies;
use crate::record::Value;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;

/// What is known of a link.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The link.
    pub link: &'a Link,
    /// Whose it is; `None`: nobody's any more.
    pub person: Option<&'a Person>,
    /// When their password was set, in seconds; `None`: they have none.
    pub password_set_at: Option<i64>,
    /// Whether all that is theirs is suspended.
    pub is_suspended: bool,
    /// The latest cut-off over everything or the person, in seconds.
    pub ended_before_seconds: i64,
    /// Since when it is known which links were used, in seconds: the ledger went on from a backup then.
    pub known_from_seconds: i64,
    /// How long links may live.
    pub policies: &'a Policies,
}

/// Whether a link is good now: it is not over, and its person is there, active, and at the address that it went to.
#[must_use]
pub fn is_good(facts: Facts<'_>, now: i64) -> bool {
    let Facts { link, .. } = facts;
    let is_of = |person: &Person| person.id == link.person && person.is_active() && person.email.as_ref() == Some(&link.address);
    let from = facts.ended_before_seconds.max(facts.known_from_seconds);
    let password = facts.password_set_at;
    // Whoever chose a password since needs no link any more that chooses one.
    let is_needed = match link.purpose {
        Purpose::Invitation => password.is_none(),
        Purpose::PasswordReset => password.is_none_or(|set_at| set_at <= link.created_at),
        Purpose::EmailVerification => true,
    };
    is_needed && now < link.ends_at(facts.policies) && link.created_at >= from && !facts.is_suspended && facts.person.is_some_and(is_of)
}

/// Uses a link: the hash of the password that its person chose is kept, where it is good for that, and where it was sent it is known from now on
/// that letters reach them.
pub fn spend(facts: Facts<'_>, hash: Option<&str>, root_keys: &RootKeys, moment: &mut Moment) -> Outcome<()> {
    let (commit, link, now) = (Commit::new(moment), facts.link, moment.now.seconds());
    let Some(person) = facts.person.filter(|_| is_good(facts, now) && hash.is_some() == link.purpose.sets_password()) else {
        return Outcome::refuse(no_link(), commit);
    };
    let by = Actor::person(&person.id);
    let used = Event::LinkUsed { actor: by.clone(), link: link.id, purpose: link.purpose.name().into(), user: person.id.clone() };
    let mut commit = commit.delete(&TABLE, vec![Value::Id(link.id.0)]).tell(used);
    if let Some(hash) = hash {
        let Outcome { verdict, commit: with_it } = set(person, hash, root_keys, &by, moment);
        match verdict {
            Ok(()) => commit = commit.with(with_it),
            Err(refusal) => return Outcome::refuse(refusal, with_it),
        }
    }
    if !link.is_shown && person.email_verified_at.is_none() {
        let verified = Person { email_verified_at: Some(now), updated_at: now, ..person.clone() };
        let event = Event::UserUpdated { actor: by, changed: "email_verified".into(), user: person.id.clone() };
        commit = commit.put(&person::TABLE, verified.row()).tell(event);
    }
    Outcome::grant((), commit)
}

/// What is said of every link that is not good.
#[must_use]
pub fn no_link() -> Refusal {
    Refusal::new(Reason::NotFound, "this link was used, was replaced, or is over")
}
