//! Typed ids. An id is a public handle, never a proof.

use std::fmt;
use std::sync::Arc;

use jeton_token::TokenId;
use serde::{Deserialize, Serialize};

use crate::moment::{Moment, Time};

/// The id of a credential, and the `jti` of a JWT: time-ordered, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(pub [u8; 16]);

impl CredentialId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> CredentialId {
        CredentialId(moment.draw_time_ordered())
    }

    /// When the credential was issued, to the millisecond.
    #[must_use]
    pub fn issued_at(self) -> Time {
        time_of(&self.0)
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<CredentialId> {
        parse_hexadecimal(text).map(CredentialId)
    }
}

/// The time that the first 48 bits of a time-ordered id say.
#[must_use]
pub fn time_of(id: &[u8; 16]) -> Time {
    let millis = id.iter().take(6).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    Time::from_micros(millis.saturating_mul(1_000))
}

/// The least time-ordered id of a time: all that were drawn before are less.
#[must_use]
pub fn least_of(time: Time) -> [u8; 16] {
    let millis = u128::try_from(time.micros().div_euclid(1_000)).unwrap_or(0).min((1 << 48) - 1);
    (millis << 80).to_be_bytes()
}

/// The id of an API key: the id that its text carries. Time-ordered, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(pub [u8; 16]);

impl ApiKeyId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> ApiKeyId {
        ApiKeyId(moment.draw_time_ordered())
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<ApiKeyId> {
        parse_hexadecimal(text).map(ApiKeyId)
    }
}

/// The id of a grant, and of its refresh family: that of the code it was given for, so that a code that is presented again finds what it
/// gave. Time-ordered; the `gid` of its tokens, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub [u8; 16]);

impl GrantId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> GrantId {
        GrantId(moment.draw_time_ordered())
    }

    /// When its code was issued, to the millisecond.
    #[must_use]
    pub fn issued_at(self) -> Time {
        time_of(&self.0)
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<GrantId> {
        parse_hexadecimal(text).map(GrantId)
    }
}

/// The id of a session: the `sid` of its tokens, which stays when its secret changes. Time-ordered, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> SessionId {
        SessionId(moment.draw_time_ordered())
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<SessionId> {
        parse_hexadecimal(text).map(SessionId)
    }
}

/// The id of a link that is sent to somebody. Time-ordered, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub [u8; 16]);

impl LinkId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> LinkId {
        LinkId(moment.draw_time_ordered())
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<LinkId> {
        parse_hexadecimal(text).map(LinkId)
    }
}

/// The id of a passkey: what people and programs call it, and no authenticator does. Time-ordered, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasskeyId(pub [u8; 16]);

impl PasskeyId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> PasskeyId {
        PasskeyId(moment.draw_time_ordered())
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<PasskeyId> {
        parse_hexadecimal(text).map(PasskeyId)
    }
}

/// The id of a commit: time-ordered. It finds a commit again whose answer was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub [u8; 16]);

impl CommitId {
    /// A fresh id at the moment's time.
    pub fn draw(moment: &mut Moment) -> CommitId {
        CommitId(moment.draw_time_ordered())
    }
}

macro_rules! printed_as_hexadecimal {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&TokenId::from_bytes(self.0), formatter)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }
        impl Serialize for $id {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                parse_hexadecimal(&text).map($id).ok_or_else(|| serde::de::Error::custom("an id is 32 lowercase hexadecimal digits"))
            }
        }
    )*};
}
printed_as_hexadecimal!(CredentialId, ApiKeyId, GrantId, SessionId, LinkId, PasskeyId, CommitId);

fn parse_hexadecimal(text: &str) -> Option<[u8; 16]> {
    TokenId::parse(text).ok().map(TokenId::to_bytes)
}

macro_rules! named {
    ($($(#[$doc:meta])* $id:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $id(pub Arc<str>);

        impl $id {
            /// The id as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $id {
            fn from(text: &str) -> Self {
                $id(Arc::from(text))
            }
        }
        impl fmt::Display for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}
named!(
    /// The id of a client: random, so that it tells nothing and collides with no `sub` of a person.
    ClientId,
    /// The id of an API (a protected resource): random.
    ApiId,
    /// The id of a client's secret: random. Not the secret.
    SecretId,
    /// The `kid` of a signing key: its RFC 7638 thumbprint.
    KeyId,
    /// The id of an exception from a policy: random.
    ExceptionId,
    /// The id of a person: random; the `sub` of what is theirs.
    PersonId,
    /// The id of a group of persons: random.
    GroupId,
    /// The id of a provider by which people sign in: random.
    ProviderId,
    /// The id of a role: random.
    RoleId,
    /// Who did it: `client:ID`, `key:ID`, `user:ID`, `unix:UID`, `system`.
    Actor
);

impl Actor {
    /// Jeton itself: schedules, rotation.
    #[must_use]
    pub fn system() -> Actor {
        Actor::from("system")
    }

    /// An API key, for what it does to itself.
    #[must_use]
    pub fn key(key: ApiKeyId) -> Actor {
        Actor(Arc::from(format!("key:{key}")))
    }

    /// A person, for what they do themselves.
    #[must_use]
    pub fn person(person: &PersonId) -> Actor {
        Actor(Arc::from(format!("user:{person}")))
    }

    /// A client, for what it does itself.
    #[must_use]
    pub fn client(client: &ClientId) -> Actor {
        Actor(Arc::from(format!("client:{client}")))
    }
}

/// Random text for an id: `prefix` and 20 letters and digits (103 bits).
pub fn draw_name(prefix: &str, moment: &mut Moment) -> Arc<str> {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(prefix.len() + 20);
    text.push_str(prefix);
    while text.len() < prefix.len() + 20 {
        // 252 is the largest multiple of 36 in a byte: beyond it the remainder would favour the first letters.
        let [byte] = moment.draw::<1>();
        if byte < 252
            && let Some(letter) = ALPHABET.get(usize::from(byte % 36))
        {
            text.push(char::from(*letter));
        }
    }
    Arc::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_id_prints_and_parses() {
        let id = CredentialId::draw(&mut Moment::new(Time::from_micros(1_700_000_000_123_456), [5; 32]));
        assert_eq!(CredentialId::parse(&id.to_string()), Some(id));
        assert_eq!(id.issued_at(), Time::from_micros(1_700_000_000_123_000));
        for wrong in ["", "00", "zz", &id.to_string().to_uppercase().replace('0', "A"), &format!("{id}0")] {
            assert_eq!(CredentialId::parse(wrong), None, "{wrong}");
        }
    }
}
