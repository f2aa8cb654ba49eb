//! Changing what is known of a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::create::{no_address, parse_email, parse_person_name, parse_username};
use super::{Person, TABLE, attributes};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct UpdatePerson {
    /// What they are called on the command line.
    pub username: Option<String>,
    /// Their name; an empty one takes it away.
    pub name: Option<String>,
    /// Where they are written to; an empty one takes it away.
    pub email: Option<String>,
    /// Whether it is known that letters reach them at the address that they have then.
    pub email_verified: Option<bool>,
    /// What an organisation knows of them, by name; an empty text takes one away, and what is not named stays.
    pub attributes: BTreeMap<String, String>,
}

/// Changes what is known of a person; what they may do stays as it is.
pub fn update(person: &Person, request: &UpdatePerson, actor: &Actor, moment: &mut Moment) -> Outcome<Person> {
    let commit = Commit::new(moment);
    let updated = match apply(person, request, moment.now.seconds()) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changed = changed(person, &updated);
    if changed.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Person { updated_at: moment.now.seconds(), ..updated };
    let event = Event::UserUpdated { actor: actor.clone(), changed: Arc::from(changed.join(" ")), user: person.id.clone() };
    let commit = commit.put(&TABLE, updated.row()).tell(event);
    Outcome::grant(updated, commit)
}

fn apply(person: &Person, request: &UpdatePerson, now: i64) -> Result<Person, Refusal> {
    let mut updated = person.clone();
    if let Some(username) = &request.username {
        updated.username = parse_username(username)?;
    }
    if request.name.is_some() {
        updated.name = parse_person_name(request.name.as_deref())?;
    }
    if request.email.is_some() {
        updated.email = parse_email(request.email.as_deref())?;
        // Whether letters reach them was shown of the address before.
        updated.email_verified_at = updated.email_verified_at.filter(|_| updated.email == person.email);
    }
    updated.email_verified_at = match request.email_verified {
        Some(true) if updated.email.is_none() => return Err(no_address()),
        Some(true) => updated.email_verified_at.or(Some(now)),
        Some(false) => None,
        None => updated.email_verified_at,
    };
    updated.attributes = attributes::changed(&person.attributes, &request.attributes)?;
    Ok(updated)
}

fn changed(before: &Person, after: &Person) -> Vec<&'static str> {
    let changes = [
        ("username", before.username != after.username),
        ("name", before.name != after.name),
        ("email", before.email != after.email),
        ("email_verified", before.email_verified_at.is_some() != after.email_verified_at.is_some()),
        ("attributes", before.attributes != after.attributes),
    ];
    changes.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect()
}
