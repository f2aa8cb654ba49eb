//! The hint of what a presented token may be (RFC 7009 section 2.1, RFC 7662 section 2.1).

use crate::error::ErrorResponse;
use crate::form::Form;

/// What the sender believes a token to be. It may be wrong and decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenTypeHint {
    /// `access_token`.
    AccessToken,
    /// `refresh_token`.
    RefreshToken,
}

impl TokenTypeHint {
    /// The hint as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads a hint. One that is not known is worth as much as none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "access_token" => Some(Self::AccessToken),
            "refresh_token" => Some(Self::RefreshToken),
            _ => None,
        }
    }
}

/// Reads `token` and `token_type_hint`, which revocation and introspection share.
pub(crate) fn token_and_hint<'f>(form: &'f Form<'_>) -> Result<(&'f str, Option<TokenTypeHint>), ErrorResponse> {
    Ok((form.require("token")?, form.get("token_type_hint").and_then(TokenTypeHint::parse)))
}
