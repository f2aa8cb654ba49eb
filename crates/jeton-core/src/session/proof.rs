//! How somebody proved who they are, and when: the `auth_time`, `acr` and `amr` of what is issued to them.

use std::fmt;

use crate::record::{Malformed, Reader, Value};

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// When, in seconds: `auth_time` (OpenID Connect Core section 2).
    pub at: i64,
    /// How strongly.
    pub acr: Acr,
    /// By what.
    pub amr: Methods,
}

/// How strongly, from the weakest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acr {
    /// By one factor.
    OneFactor,
    /// By two of them.
    TwoFactors,
    /// By something that cannot be told to a false page.
    PhishingResistant,
}

impl Acr {
    /// All of them, the weakest first.
    pub const ALL: [Acr; 3] = [Acr::OneFactor, Acr::TwoFactors, Acr::PhishingResistant];

    /// What somebody can reach here: what is in the metadata.
    pub const OFFERED: [Acr; 2] = [Acr::OneFactor, Acr::TwoFactors];

    /// Its name in `acr` and `acr_values`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Acr::OneFactor => "urn:jeton:1fa",
            Acr::TwoFactors => "urn:jeton:2fa",
            Acr::PhishingResistant => "phr",
        }
    }

    /// That of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Acr> {
        Acr::ALL.into_iter().find(|acr| acr.name() == name)
    }
}

/// One method (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// A password.
    Password,
    /// A code that is good once: by time, or from a sheet.
    OneTimeCode,
    /// Several factors at once: an authenticator, and by what it knows who holds it.
    ManyFactors,
    /// A key that signed; of which kind is not known, as nobody vouches for the authenticator.
    Key,
    /// Somebody was there, and touched it.
    Presence,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 5] = [Method::Password, Method::OneTimeCode, Method::ManyFactors, Method::Key, Method::Presence];

    /// Its registered name (RFC 8176 section 2).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Password => "pwd",
            Method::OneTimeCode => "otp",
            Method::ManyFactors => "mfa",
            Method::Key => "pop",
            Method::Presence => "user",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Method::Password => 1,
            Method::OneTimeCode => 2,
            Method::ManyFactors => 4,
            Method::Key => 8,
            Method::Presence => 16,
        }
    }
}

/// Methods; printed with spaces between their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// The methods of these names; `None`: one of them is unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Methods> {
        let method = |name: &str| Method::ALL.into_iter().find(|method| method.name() == name);
        text.split_ascii_whitespace().map(method).collect::<Option<Methods>>()
    }

    /// The methods in it.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.0 & method.bit() != 0)
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Methods {
        Methods(methods.into_iter().fold(0, |bits, method| bits | method.bit()))
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Method::name).collect();
        formatter.write_str(&names.join(" "))
    }
}

impl Authenticated {
    /// By a password alone.
    #[must_use]
    pub fn by_password(at: i64) -> Authenticated {
        Authenticated { at, acr: Acr::OneFactor, amr: Methods::from_iter([Method::Password]) }
    }

    /// By a provider elsewhere: by what they proved it there is not known here.
    #[must_use]
    pub fn by_provider(at: i64) -> Authenticated {
        Authenticated { at, acr: Acr::OneFactor, amr: Methods::default() }
    }

    /// By a passkey, whose authenticator saw who holds it: something that they have, and something that they know or are.
    #[must_use]
    pub fn by_passkey(at: i64) -> Authenticated {
        let amr = Methods::from_iter([Method::ManyFactors, Method::Key, Method::Presence]);
        Authenticated { at, acr: Acr::TwoFactors, amr }
    }

    /// The same and a code beside it: by two factors. It is as old as the older of both, so that nobody is taken for having typed a password now
    /// who typed it an hour ago.
    #[must_use]
    pub fn and_code(self) -> Authenticated {
        let amr = self.amr.iter().chain([Method::OneTimeCode]).collect();
        Authenticated { acr: self.acr.max(Acr::TwoFactors), amr, ..self }
    }

    /// As the columns `authenticated_at`, `acr`, `amr`.
    pub(crate) fn values(&self) -> [Value; 3] {
        [Value::Int(self.at), Value::text(self.acr.name()), Value::text(&self.amr.to_string())]
    }

    /// From those columns.
    pub(crate) fn read(row: &mut Reader<'_>) -> Result<Authenticated, Malformed> {
        Ok(Authenticated {
            at: row.int()?,
            acr: row.read(|value| Acr::from_name(value.as_text()?))?,
            amr: row.read(|value| Methods::parse(value.as_text()?))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_is_greater_and_names_come_back() {
        assert!(Acr::ALL.is_sorted());
        for acr in Acr::ALL {
            assert_eq!(Acr::from_name(acr.name()), Some(acr));
        }
        assert_eq!(Acr::from_name("urn:jeton:3fa"), None);
        let methods = Authenticated::by_password(7).amr;
        assert_eq!((methods.to_string().as_str(), Methods::parse("pwd")), ("pwd", Some(methods)));
        let both = Authenticated::by_password(7).and_code();
        assert_eq!((both.at, both.acr, both.amr.to_string().as_str()), (7, Acr::TwoFactors, "pwd otp"));
        let passkey = Authenticated::by_passkey(7);
        assert_eq!((passkey.acr, passkey.amr.to_string().as_str()), (Acr::TwoFactors, "mfa pop user"));
        assert_eq!(Methods::parse("pwd telepathy"), None);
        assert_eq!(Methods::parse(""), Some(Methods::default()));
    }
}
