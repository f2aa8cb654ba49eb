//! What a token is for, and where it may be used.

use std::fmt;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `at`: access token.
    AccessToken,
    /// `rt`: refresh token.
    RefreshToken,
    /// `key`: API key.
    ApiKey,
    /// `pat`: personal access token.
    PersonalAccessToken,
    /// `cs`: client secret.
    ClientSecret,
    /// `ac`: authorization code.
    AuthorizationCode,
    /// `dc`: device code.
    DeviceCode,
    /// `rat`: registration access token (RFC 7592).
    RegistrationAccessToken,
    /// `ses`: session of a browser.
    Session,
    /// `inv`: invitation or link sent by mail.
    Invitation,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::AccessToken,
        Self::RefreshToken,
        Self::ApiKey,
        Self::PersonalAccessToken,
        Self::ClientSecret,
        Self::AuthorizationCode,
        Self::DeviceCode,
        Self::RegistrationAccessToken,
        Self::Session,
        Self::Invitation,
    ];

    /// The kind as it stands in a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at",
            Self::RefreshToken => "rt",
            Self::ApiKey => "key",
            Self::PersonalAccessToken => "pat",
            Self::ClientSecret => "cs",
            Self::AuthorizationCode => "ac",
            Self::DeviceCode => "dc",
            Self::RegistrationAccessToken => "rat",
            Self::Session => "ses",
            Self::Invitation => "inv",
        }
    }

    /// Reads a kind as it stands in a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes())
    }

    pub(crate) fn from_bytes(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"at" => Self::AccessToken,
            b"rt" => Self::RefreshToken,
            b"key" => Self::ApiKey,
            b"pat" => Self::PersonalAccessToken,
            b"cs" => Self::ClientSecret,
            b"ac" => Self::AuthorizationCode,
            b"dc" => Self::DeviceCode,
            b"rat" => Self::RegistrationAccessToken,
            b"ses" => Self::Session,
            b"inv" => Self::Invitation,
            _ => return None,
        })
    }

    /// The kind in the input of the keyed check: these numbers are part of the format and never change.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::AccessToken => 1,
            Self::RefreshToken => 2,
            Self::ApiKey => 3,
            Self::PersonalAccessToken => 4,
            Self::ClientSecret => 5,
            Self::AuthorizationCode => 6,
            Self::DeviceCode => 7,
            Self::RegistrationAccessToken => 8,
            Self::Session => 9,
            Self::Invitation => 10,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a token may touch what is real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Environment {
    /// The real thing; nothing stands for it in the text.
    #[default]
    Live,
    /// For trying out: `_test` stands after the prefix.
    Test,
}

impl Environment {
    /// The environment in the input of the keyed check: these numbers are part of the format and never change.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Test => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        for text in ["", "AT", "a", "att", "test", "key_"] {
            assert_eq!(Kind::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn tags_are_distinct_and_never_change() {
        let tags: Vec<u8> = Kind::ALL.iter().map(|kind| kind.tag()).collect();
        assert_eq!(tags, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
}
