//! Why a request gets no further, and what to tell it (RFC 6750 section 3).

use std::fmt;

use jeton_jose::TokenError;
use jeton_oauth::bearer::{BearerChallenge, BearerError, NoBearerToken};
use jeton_oauth::{Description, ScopeSet};

use crate::authentication::Authentication;
use crate::negatives::Judgement;

/// Why a token, or a request, was refused. The sentences hold nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The request has no usable bearer token.
    Request(NoBearerToken),
    /// The request has a token in its query, where it ends up in logs.
    InQuery,
    /// The token is malformed, forged, expired, or meant for somebody else.
    Token(TokenError),
    /// The token's `ver` is not one that is known here.
    Version,
    /// The token is bound to a key that its holder would have to prove: it is no bearer token.
    Bound,
    /// The negatives speak against it.
    Negative(Judgement),
    /// The server says that it is not active.
    Inactive,
    /// It may not do what these scopes stand for.
    InsufficientScope(ScopeSet),
    /// Its person did not prove who they are as is needed here (RFC 9470 section 3).
    InsufficientAuthentication(Authentication),
    /// It is of the issuer before this one, whose tokens are no longer accepted since a date.
    FormerIssuer,
    /// Whether the token lives cannot be told now: neither the feed nor the server can be reached, or the server is not to be trusted.
    Unavailable,
}

impl Refused {
    /// The status of the answer (RFC 6750 section 3.1; 503 where the fault is not the token's).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Request(NoBearerToken::Repeated | NoBearerToken::Malformed) | Self::InQuery => 400,
            Self::Request(NoBearerToken::Absent)
            | Self::Token(_)
            | Self::Version
            | Self::Bound
            | Self::Negative(_)
            | Self::Inactive
            | Self::InsufficientAuthentication(_)
            | Self::FormerIssuer => 401,
            Self::InsufficientScope(_) => 403,
            Self::Unavailable => 503,
        }
    }

    /// The value of `WWW-Authenticate`; `None` where asking for another token would not help.
    #[must_use]
    pub fn challenge(&self, realm: Option<&Description>, resource_metadata: Option<&Description>) -> Option<String> {
        if *self == Self::Unavailable {
            return None;
        }
        let error = self.error();
        let scope = match self {
            Self::InsufficientScope(scope) => Some(scope),
            _ => None,
        };
        let needed = match self {
            Self::InsufficientAuthentication(needed) => Some(needed),
            _ => None,
        };
        let challenge = BearerChallenge {
            realm: realm.cloned(),
            error,
            // RFC 6750 section 3.1: a request without a token is told nothing more.
            description: error.map(|_| Description::new(self.to_string())),
            scope,
            acr_values: needed.and_then(Authentication::acr_values),
            max_age_seconds: needed.and_then(Authentication::max_age_seconds),
            resource_metadata: resource_metadata.cloned(),
        };
        Some(challenge.to_string())
    }

    const fn error(&self) -> Option<BearerError> {
        match self {
            Self::Request(problem) => problem.error(),
            Self::InQuery => Some(BearerError::InvalidRequest),
            Self::Token(_) | Self::Version | Self::Bound | Self::Negative(_) | Self::Inactive | Self::FormerIssuer => {
                Some(BearerError::InvalidToken)
            }
            Self::InsufficientScope(_) => Some(BearerError::InsufficientScope),
            Self::InsufficientAuthentication(_) => Some(BearerError::InsufficientUserAuthentication),
            Self::Unavailable => None,
        }
    }

    pub(crate) fn malformed_claim(name: &str) -> Self {
        Self::Token(TokenError::ClaimMalformed(name.into()))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request(problem) => return problem.fmt(f),
            Self::Token(error) => return error.fmt(f),
            Self::InQuery => "send the token in the Authorization header, not in the query",
            Self::Version => "the token has a version (ver) that is not known here",
            Self::Bound => "the token is bound to a key and cannot be used as a bearer token",
            Self::Negative(Judgement::Suspended | Judgement::SubjectSuspended(_)) => "the token is suspended",
            Self::Negative(Judgement::Outlived) => "the token is older than its API now allows",
            Self::Negative(_) => "the token was revoked",
            Self::Inactive => "the token is not active",
            Self::FormerIssuer => "the token is of an issuer whose tokens are no longer accepted here: get a new one",
            Self::InsufficientScope(_) => "the token lacks a scope that is needed here",
            Self::InsufficientAuthentication(_) => "the person has to prove once more, or more strongly, who they are",
            Self::Unavailable => "the token cannot be checked at the moment",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::negatives::Subject;

    #[test]
    fn answers() {
        fn check(refused: Refused, status: u16, challenge: Option<&str>) {
            let (realm, metadata) = (Description::new("orders"), Description::new("https://o.example/meta"));
            assert_eq!(refused.status(), status, "{refused:?}");
            assert_eq!(refused.challenge(None, None).as_deref(), challenge, "{refused:?}");
            if let Some(text) = refused.challenge(Some(&realm), Some(&metadata)) {
                assert!(
                    text.starts_with("Bearer realm=\"orders\"") && text.ends_with("resource_metadata=\"https://o.example/meta\""),
                    "{text}"
                );
            }
        }
        fn invalid(sentence: &str) -> String {
            format!("Bearer error=\"invalid_token\", error_description=\"{sentence}\"")
        }
        check(Refused::Request(NoBearerToken::Absent), 401, Some("Bearer"));
        check(
            Refused::Request(NoBearerToken::Repeated),
            400,
            Some("Bearer error=\"invalid_request\", error_description=\"the request has more than one bearer token\""),
        );
        check(
            Refused::InQuery,
            400,
            Some("Bearer error=\"invalid_request\", error_description=\"send the token in the Authorization header, not in the query\""),
        );
        check(Refused::Token(TokenError::Expired), 401, Some(&invalid("the token has expired")));
        check(Refused::Negative(Judgement::Revoked), 401, Some(&invalid("the token was revoked")));
        check(Refused::Negative(Judgement::CutOff(Subject::User)), 401, Some(&invalid("the token was revoked")));
        check(Refused::Negative(Judgement::Suspended), 401, Some(&invalid("the token is suspended")));
        check(Refused::Inactive, 401, Some(&invalid("the token is not active")));
        check(
            Refused::FormerIssuer,
            401,
            Some(&invalid("the token is of an issuer whose tokens are no longer accepted here: get a new one")),
        );
        check(
            Refused::InsufficientScope(ScopeSet::parse("orders:read orders:write").unwrap()),
            403,
            Some(
                "Bearer error=\"insufficient_scope\", error_description=\"the token lacks a scope that is needed here\", \
                 scope=\"orders:read orders:write\"",
            ),
        );
        let insufficient = |needed: Authentication, asked: &str| {
            let expected = format!(
                "Bearer error=\"insufficient_user_authentication\", \
                 error_description=\"the person has to prove once more, or more strongly, who they are\", {asked}"
            );
            check(Refused::InsufficientAuthentication(needed), 401, Some(&expected));
        };
        insufficient(Authentication::by("urn:jeton:2fa  phr"), "acr_values=\"urn:jeton:2fa phr\"");
        insufficient(Authentication::within_seconds(60), "max_age=\"60\"");
        insufficient(Authentication::by("phr").and_within_seconds(0), "acr_values=\"phr\", max_age=\"0\"");
        check(Refused::Unavailable, 503, None);
    }
}
