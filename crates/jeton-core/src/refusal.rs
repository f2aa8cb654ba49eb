//! Why a request is refused. A refusal is an answer, not a fault.

use std::borrow::Cow;
use std::fmt;

/// A refusal: a reason from a closed list, and a sentence that helps whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// A sentence for the developer who reads the answer. Never holds a secret, nor anything of another's.
    pub detail: Cow<'static, str>,
    /// What to do next, where whoever refuses knows more of that than the reason says.
    pub hint: Option<&'static str>,
}

/// The reasons for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request is malformed (RFC 6749 section 5.2 `invalid_request`).
    InvalidRequest,
    /// There is a token, key or secret in words that are kept.
    CredentialInText,
    /// Who asks is not proven to be the client (RFC 6749 section 5.2 `invalid_client`).
    InvalidClient,
    /// The code or refresh token is of no use to this client (RFC 6749 section 5.2 `invalid_grant`).
    InvalidGrant,
    /// The client may not ask for this (RFC 6749 section 5.2 `unauthorized_client`).
    UnauthorizedClient,
    /// The grant type is not one of ours (RFC 6749 section 5.2 `unsupported_grant_type`).
    UnsupportedGrantType,
    /// The scope is unknown, malformed, or beyond what may be granted (RFC 6749 section 5.2 `invalid_scope`).
    InvalidScope,
    /// The resource is unknown, or not this client's (RFC 8707 section 2 `invalid_target`).
    InvalidTarget,
    /// Something of that name exists, or a limit is reached.
    Conflict,
    /// There is no such thing.
    NotFound,
    /// Whoever administers lacks a permission.
    Forbidden,
    /// It repeats a request that said something else.
    Repeated,
    /// It comes too soon after the last one.
    TooSoon {
        /// How long to wait, in seconds.
        retry_seconds: i64,
    },
}

impl Reason {
    /// Its name in what is told of refusals: that of the error it is answered with.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::InvalidRequest => "invalid_request",
            Reason::CredentialInText => "credential_in_text",
            Reason::InvalidClient => "invalid_client",
            Reason::InvalidGrant => "invalid_grant",
            Reason::UnauthorizedClient => "unauthorized_client",
            Reason::UnsupportedGrantType => "unsupported_grant_type",
            Reason::InvalidScope => "invalid_scope",
            Reason::InvalidTarget => "invalid_target",
            Reason::Conflict => "conflict",
            Reason::NotFound => "not_found",
            Reason::Forbidden => "forbidden",
            Reason::Repeated => "idempotency_mismatch",
            Reason::TooSoon { .. } => "rate_limited",
        }
    }
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { reason, detail: detail.into(), hint: None }
    }

    /// The same refusal, with this to do next.
    #[must_use]
    pub fn hinting(self, hint: &'static str) -> Refusal {
        Refusal { hint: Some(hint), ..self }
    }

    /// A malformed request.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(Reason::InvalidRequest, detail)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}
