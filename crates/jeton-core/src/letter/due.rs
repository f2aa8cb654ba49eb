//! What somebody is to hear by a letter, as an entry tells it.

use std::sync::Arc;

use jeton_token::Kind;

use crate::event::{CutOffSubject, Event};
use crate::id::{ApiKeyId, ClientId, PersonId};
use crate::notice::Ending;
use crate::owner::Owner;

/// What somebody is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What it is about; `None`: all that is theirs.
    pub thing: Option<Thing>,
    /// What happened.
    pub news: News,
    /// Whose it is.
    pub whose: Whose,
}

/// A credential, or an exception from a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Of what kind.
    pub kind: Ending,
    /// Its id.
    pub id: Arc<str>,
}

/// What happens, or happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It ends in so many days, at this second.
    Ends {
        /// So many.
        days: i64,
        /// Then, in seconds.
        at: i64,
    },
    /// Somebody handed it in as leaked, and it was ended.
    Leaked,
    /// It is refused until it is resumed.
    Suspended,
    /// They chose another password.
    PasswordSet,
    /// Whoever administers took their second factor away.
    SecondFactorReset,
    /// A passkey of theirs was added.
    PasskeyAdded,
    /// Whoever administers took a passkey of theirs away.
    PasskeyReset,
}

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of this owner.
    Owner(Owner),
    /// Of whoever owns this key.
    OwnerOf(ApiKeyId),
}

/// What somebody is to hear of an event; `None`: nobody anything.
#[must_use]
pub fn due(event: &Event) -> Option<Due> {
    let owned = |thing: Thing, news: News, owner: &str| {
        Owner::parse(owner).ok().map(|owner| Due { thing: Some(thing), news, whose: Whose::Owner(owner) })
    };
    match event {
        Event::CredentialExpiring { credential, days, expires_at_seconds, kind, owner, .. } => {
            let thing = Thing { kind: Ending::from_name(kind)?, id: credential.clone() };
            owned(thing, News::Ends { days: *days, at: *expires_at_seconds }, owner)
        }
        Event::CredentialReported { credential, kind, owner, .. } => {
            owned(Thing { kind: of_text(kind)?, id: credential.clone() }, News::Leaked, owner)
        }
        Event::ApiKeySuspended { key, .. } => {
            let thing = Thing { kind: Ending::ApiKey, id: key.to_string().into() };
            Some(Due { thing: Some(thing), news: News::Suspended, whose: Whose::OwnerOf(*key) })
        }
        Event::ClientSecretSuspended { client, secret, .. } => {
            let thing = Thing { kind: Ending::ClientSecret, id: secret.0.clone() };
            Some(Due { thing: Some(thing), news: News::Suspended, whose: of_client(client) })
        }
        Event::SubjectSuspended { name, subject: CutOffSubject::User, .. } => Some(of_person(&PersonId::from(&**name), News::Suspended)),
        Event::UserPasswordSet { by_themselves: 1, user, .. } => Some(of_person(user, News::PasswordSet)),
        Event::UserSecondFactorRemoved { by_themselves: 0, user, .. } => Some(of_person(user, News::SecondFactorReset)),
        Event::PasskeyAdded { user, .. } => Some(of_person(user, News::PasskeyAdded)),
        Event::PasskeyRemoved { by_themselves: 0, user, .. } => Some(of_person(user, News::PasskeyReset)),
        _ => None,
    }
}

/// What is handed in is told by the kind of its text; tokens that live for an hour are not news.
fn of_text(kind: &str) -> Option<Ending> {
    let kinds = [
        (Kind::ApiKey, Ending::ApiKey),
        (Kind::PersonalAccessToken, Ending::PersonalAccessToken),
        (Kind::ClientSecret, Ending::ClientSecret),
    ];
    kinds.into_iter().find(|(known, _)| known.as_str() == kind).map(|(_, ending)| ending)
}

fn of_client(client: &ClientId) -> Whose {
    Whose::Owner(Owner::Client(client.clone()))
}

fn of_person(person: &PersonId, news: News) -> Due {
    Due { thing: None, news, whose: Whose::Owner(Owner::Person(person.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Actor, PasskeyId, SecretId};

    #[test]
    fn who_hears_of_what() {
        fn check(event: &Event, expected: Option<(Option<Ending>, News, &str)>) {
            let found = due(event);
            let shown = found.map(|due| {
                let whose = match due.whose {
                    Whose::Owner(owner) => owner.to_string(),
                    Whose::OwnerOf(_) => "of a key".to_owned(),
                };
                (due.thing.map(|thing| thing.kind), due.news, whose)
            });
            assert_eq!(shown, expected.map(|(kind, news, whose)| (kind, news, whose.to_owned())), "{event:?}");
        }
        let expiring = |kind: &str, owner: &str| Event::CredentialExpiring {
            actor: Actor::system(),
            credential: "key_a".into(),
            days: 7,
            expires_at_seconds: 9,
            kind: kind.into(),
            owner: owner.into(),
        };
        let ends = News::Ends { days: 7, at: 9 };
        check(&expiring("api_key", "user:user_a"), Some((Some(Ending::ApiKey), ends, "user:user_a")));
        check(&expiring("client_secret", "client:client_a"), Some((Some(Ending::ClientSecret), ends, "client:client_a")));
        check(&expiring("policy_exception", "the people next door"), None);
        let reported = |kind: &str| Event::CredentialReported {
            actor: Actor::system(),
            credential: "x".into(),
            kind: kind.into(),
            owner: "group:group_a".into(),
        };
        check(&reported("pat"), Some((Some(Ending::PersonalAccessToken), News::Leaked, "group:group_a")));
        check(&reported("at"), None);
        let suspended = |subject: CutOffSubject| Event::SubjectSuspended {
            actor: Actor::system(),
            name: "user_a".into(),
            subject,
            until_seconds: 9,
            why: None,
        };
        check(&suspended(CutOffSubject::User), Some((None, News::Suspended, "user:user_a")));
        check(&suspended(CutOffSubject::Client), None);
        let (client, secret) = (ClientId::from("client_a"), SecretId::from("secret_a"));
        let of_secret = Event::ClientSecretSuspended { actor: Actor::system(), client, secret, why: "idle".into() };
        check(&of_secret, Some((Some(Ending::ClientSecret), News::Suspended, "client:client_a")));
        for (by_themselves, expected) in [(0, None), (1, Some((None, News::PasswordSet, "user:user_a")))] {
            check(&Event::UserPasswordSet { actor: Actor::system(), by_themselves, user: "user_a".into() }, expected);
        }
        for (by_themselves, expected) in [(0, Some((None, News::SecondFactorReset, "user:user_a"))), (1, None)] {
            check(&Event::UserSecondFactorRemoved { actor: Actor::system(), by_themselves, user: "user_a".into() }, expected);
        }
        let passkey = PasskeyId([7; 16]);
        check(
            &Event::PasskeyAdded { actor: Actor::system(), passkey, user: "user_a".into() },
            Some((None, News::PasskeyAdded, "user:user_a")),
        );
        for (by_themselves, expected) in [(0, Some((None, News::PasskeyReset, "user:user_a"))), (1, None)] {
            check(&Event::PasskeyRemoved { actor: Actor::system(), by_themselves, passkey, user: "user_a".into() }, expected);
        }
    }
}
