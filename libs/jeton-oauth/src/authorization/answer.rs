//! What goes back to the application, and how it travels (RFC 6749 section 4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode).

use std::fmt;

use jeton_token::Secret;

use crate::error::ErrorResponse;
use crate::issuer::Issuer;
use crate::redirect_uri::RedirectUri;

/// How an answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    /// In the query of the address.
    #[default]
    Query,
    /// In a form that the browser posts: nothing of it stays in an address.
    FormPost,
}

impl ResponseMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    /// The mode as it stands in requests and metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    /// Reads a mode.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What an application gets: a code, or an error; always with its `state` and with who answers.
#[derive(Clone)]
pub struct AuthorizationAnswer {
    parameters: Vec<(&'static str, Secret)>,
}

impl AuthorizationAnswer {
    /// The person said yes.
    #[must_use]
    pub fn code(code: &Secret, state: Option<&str>, issuer: &Issuer) -> Self {
        Self::of(vec![("code", code.clone())], state, issuer)
    }

    /// It came to nothing.
    #[must_use]
    pub fn error(error: &ErrorResponse, state: Option<&str>, issuer: &Issuer) -> Self {
        let mut parameters = vec![("error", error.code.as_str().into())];
        parameters.extend(error.description.as_ref().map(|description| ("error_description", description.as_str().into())));
        Self::of(parameters, state, issuer)
    }

    fn of(mut parameters: Vec<(&'static str, Secret)>, state: Option<&str>, issuer: &Issuer) -> Self {
        parameters.extend(state.map(|state| ("state", state.into())));
        parameters.push(("iss", issuer.as_str().into()));
        Self { parameters }
    }

    /// Names and values, in the order in which they are sent.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (*name, value.expose()))
    }

    /// The address that a redirect by query leads to. Not for logs.
    #[must_use]
    pub fn location(&self, redirect_uri: &RedirectUri) -> Secret {
        redirect_uri.with_parameters(self.parameters()).into()
    }
}

impl fmt::Debug for AuthorizationAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parameters.iter().map(|(name, _)| name)).finish()
    }
}
