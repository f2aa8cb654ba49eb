//! Whose an address is, where it is known that letters to it reach them.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use jeton_core::id::PersonId;
use jeton_core::person::Person;

/// The confirmed addresses, with small letters of ASCII, and whose each is: several people may have the same.
#[derive(Default)]
pub struct Addresses(RwLock<BTreeSet<(Arc<str>, Arc<str>)>>);

impl Addresses {
    /// Whose an address is that is written in small letters of ASCII; at most so many of them.
    #[must_use]
    pub fn of(&self, address: &str, limit: usize) -> Vec<PersonId> {
        let from = Bound::Included((Arc::from(address), Arc::from("")));
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let theirs = known.range((from, Bound::Unbounded)).take_while(|(known, _)| **known == *address);
        theirs.take(limit).map(|(_, person)| PersonId(person.clone())).collect()
    }

    /// A person changed, or came, or went.
    pub(super) fn change(&self, before: Option<&Person>, after: Option<&Person>) {
        let (before, after) = (before.and_then(confirmed), after.and_then(confirmed));
        if before == after {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            known.remove(&before);
        }
        known.extend(after);
    }
}

fn confirmed(person: &Person) -> Option<(Arc<str>, Arc<str>)> {
    let address = person.email.as_ref().filter(|_| person.email_verified_at.is_some())?;
    Some((address.to_ascii_lowercase().into(), person.id.0.clone()))
}
