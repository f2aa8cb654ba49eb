//! Which entries end sessions, and of whom: what tells applications that somebody signed out follows them (OpenID Connect Back-Channel Logout 1.0).

use std::sync::Arc;

use crate::event::{CutOffSubject, Event};
use crate::id::{GrantId, PersonId, SessionId};

/// The kinds of the entries that do.
pub const KINDS: [&str; 3] = ["grant.ended", "session.ended", "tokens.cut_off"];

/// Sessions that an entry ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndedSessions {
    /// This one, of this person.
    One(SessionId, PersonId),
    /// That of this grant, if it has ended: a grant that ends with its session is told beside it, and leaves the list of the person's grants.
    OfGrant(GrantId),
    /// This one, if it was there: by a cut-off, which says nothing of whose it is.
    Named(SessionId),
    /// Those of a person that began before so many seconds.
    Of(PersonId, i64),
    /// Those of everybody that began before so many seconds.
    All(i64),
}

/// The sessions that an event ends; `None`: it ends none.
#[must_use]
pub fn of(event: &Event) -> Option<EndedSessions> {
    match event {
        Event::SessionEnded { session, user, .. } => Some(EndedSessions::One(*session, user.clone())),
        Event::GrantEnded { grant, .. } => Some(EndedSessions::OfGrant(*grant)),
        Event::CutOff { subject, name, before_seconds, .. } => by_cut_off(*subject, name, *before_seconds),
        _ => None,
    }
}

fn by_cut_off(subject: CutOffSubject, name: &Arc<str>, before_seconds: i64) -> Option<EndedSessions> {
    match subject {
        CutOffSubject::Session => SessionId::parse(name).map(EndedSessions::Named),
        CutOffSubject::User => Some(EndedSessions::Of(PersonId(name.clone()), before_seconds)),
        CutOffSubject::Everything => Some(EndedSessions::All(before_seconds)),
        CutOffSubject::Client | CutOffSubject::Family | CutOffSubject::Api | CutOffSubject::Key | CutOffSubject::Group => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Actor;

    #[test]
    fn a_cut_off_ends_the_sessions_of_its_subject() {
        let id = SessionId([7; 16]);
        let check = |subject, name: &str, expected: Option<EndedSessions>| {
            let event =
                Event::CutOff { actor: Actor::system(), before_seconds: 5, name: name.into(), subject, until_seconds: 9, why: None };
            assert_eq!(of(&event), expected, "{subject:?}");
            assert!(KINDS.contains(&event.encode().unwrap().kind.as_str()));
        };
        check(CutOffSubject::Session, &id.to_string(), Some(EndedSessions::Named(id)));
        check(CutOffSubject::Session, "no id", None);
        check(CutOffSubject::User, "user_1", Some(EndedSessions::Of(PersonId::from("user_1"), 5)));
        check(CutOffSubject::Everything, "", Some(EndedSessions::All(5)));
        check(CutOffSubject::Family, &id.to_string(), None);
        check(CutOffSubject::Client, "client_1", None);
        let ended = Event::SessionEnded { actor: Actor::system(), session: id, user: PersonId::from("user_1") };
        assert_eq!(of(&ended), Some(EndedSessions::One(id, PersonId::from("user_1"))));
        assert!(KINDS.contains(&ended.encode().unwrap().kind.as_str()));
    }
}
