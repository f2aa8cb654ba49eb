//! What went wrong (RFC 9457): a stable code, a sentence, and what to do next.

use std::borrow::Cow;
use std::error::Error;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode, Uri};
use jeton_core::permission::Permission;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::{pasted, plain};
use jeton_oauth::client_authentication::basic_challenge;
use jeton_oauth::error::Description;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use super::response::response;
use crate::extract::BodyError;
use crate::seen;

/// The most characters of a detail: what a stranger wrote may be in it.
const DETAIL_MAX: usize = 500;

/// One problem, on its way to whoever asked.
#[derive(Debug)]
pub(super) struct Problem {
    kind: ProblemKind,
    detail: Cow<'static, str>,
    hint: Cow<'static, str>,
    /// Whether whoever refused said what to do next: no row knows better.
    is_hinted: bool,
    /// When to come back; told where that helps.
    retry_after_seconds: i64,
    /// What whoever presented a bearer token lacks.
    needs: Option<Permission>,
}

/// The kinds of problem; each has a status, and a code that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    InvalidRequest,
    CredentialInText,
    InvalidClient,
    InvalidToken,
    InvalidScope,
    InvalidTarget,
    InvalidCursor,
    UnauthorizedClient,
    UnsupportedGrantType,
    Unauthenticated,
    Forbidden,
    RateLimited,
    NotFound,
    NoSuchPath,
    NoSuchMethod,
    Conflict,
    IdempotencyMismatch,
    TooLarge,
    TooSlow,
    WrongContentType,
    Busy,
    DiskFull,
    Contended,
    ClockBehind,
    CutOffAhead,
    OutcomeUnknown,
    /// It is done, and the backup target does not have it yet.
    NotShipped,
    StorageFailed,
    RootFile,
    Internal,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Problem {
        Problem { kind, detail: detail.into(), hint: hint.into(), is_hinted: false, retry_after_seconds: 1, needs: None }
    }

    /// A malformed request.
    pub(super) fn invalid(detail: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(ProblemKind::InvalidRequest, detail, hint)
    }

    /// A fault of ours that nothing in the request explains: told to the log.
    pub(super) fn internal(error: &(dyn Error + 'static)) -> Problem {
        tracing::error!(error, "an answer could not be made");
        Problem::new(ProblemKind::Internal, "the server failed on this request", "see the server's log")
    }

    /// The same problem, with when to come back.
    pub(super) fn retry_after(self, seconds: i64) -> Problem {
        Problem { retry_after_seconds: seconds.max(1), ..self }
    }

    /// The same problem, with this to do next.
    pub(super) fn hinting(self, hint: &'static str) -> Problem {
        Problem { hint: hint.into(), ..self }
    }

    /// The same problem, with the permission that is missing.
    pub(super) fn needs(self, permission: Permission) -> Problem {
        Problem { needs: Some(permission), ..self }
    }

    /// The same problem; where something was not found, with where to look for it.
    pub(super) fn look(self, hint: &'static str) -> Problem {
        self.advise(ProblemKind::NotFound, hint)
    }

    /// The same problem; where it is of this kind, with this to do next.
    pub(super) fn advise(self, kind: ProblemKind, hint: impl Into<Cow<'static, str>>) -> Problem {
        if self.kind == kind && !self.is_hinted { Problem { hint: hint.into(), ..self } } else { self }
    }
}

impl ProblemKind {
    /// All of them.
    const ALL: [ProblemKind; 30] = [
        ProblemKind::InvalidRequest,
        ProblemKind::CredentialInText,
        ProblemKind::InvalidClient,
        ProblemKind::InvalidToken,
        ProblemKind::InvalidScope,
        ProblemKind::InvalidTarget,
        ProblemKind::InvalidCursor,
        ProblemKind::UnauthorizedClient,
        ProblemKind::UnsupportedGrantType,
        ProblemKind::Unauthenticated,
        ProblemKind::Forbidden,
        ProblemKind::RateLimited,
        ProblemKind::NotFound,
        ProblemKind::NoSuchPath,
        ProblemKind::NoSuchMethod,
        ProblemKind::Conflict,
        ProblemKind::IdempotencyMismatch,
        ProblemKind::TooLarge,
        ProblemKind::TooSlow,
        ProblemKind::WrongContentType,
        ProblemKind::Busy,
        ProblemKind::DiskFull,
        ProblemKind::Contended,
        ProblemKind::ClockBehind,
        ProblemKind::CutOffAhead,
        ProblemKind::OutcomeUnknown,
        ProblemKind::NotShipped,
        ProblemKind::StorageFailed,
        ProblemKind::RootFile,
        ProblemKind::Internal,
    ];

    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest => (S::BAD_REQUEST, "invalid_request", "The request is malformed"),
            Self::CredentialInText => (S::BAD_REQUEST, "credential_in_text", "There is a token, key or secret in words that are kept"),
            Self::InvalidClient => (S::UNAUTHORIZED, "invalid_client", "The client did not prove who it is"),
            Self::InvalidToken => (S::UNAUTHORIZED, "invalid_token", "The token or key is not accepted"),
            Self::InvalidScope => (S::BAD_REQUEST, "invalid_scope", "The scope cannot be granted"),
            Self::InvalidTarget => (S::BAD_REQUEST, "invalid_target", "The resource cannot be asked for"),
            Self::InvalidCursor => (S::BAD_REQUEST, "invalid_cursor", "The list does not go on there"),
            Self::UnauthorizedClient => (S::FORBIDDEN, "unauthorized_client", "The client may not do this"),
            Self::UnsupportedGrantType => (S::BAD_REQUEST, "unsupported_grant_type", "The grant type is not offered"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Who administers must prove who it is"),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "This may not be done"),
            Self::RateLimited => (S::TOO_MANY_REQUESTS, "rate_limited", "This is done too often"),
            Self::NotFound => (S::NOT_FOUND, "not_found", "There is no such thing"),
            Self::NoSuchPath => (S::NOT_FOUND, "no_such_path", "There is no such path"),
            Self::NoSuchMethod => (S::METHOD_NOT_ALLOWED, "no_such_method", "The path does not take this method"),
            Self::Conflict => (S::CONFLICT, "conflict", "The state of things does not allow it"),
            Self::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "It repeats a request that said something else"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too_slow", "The body took too long"),
            Self::WrongContentType => (S::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", "The body is not JSON"),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "busy", "Too much waits to be written"),
            Self::DiskFull => (S::SERVICE_UNAVAILABLE, "disk_full", "The disk is full"),
            Self::Contended => (S::SERVICE_UNAVAILABLE, "contended", "Others keep changing the same thing"),
            Self::ClockBehind => (S::SERVICE_UNAVAILABLE, "clock_behind", "The clock was set back"),
            Self::CutOffAhead => (S::SERVICE_UNAVAILABLE, "cut_off_ahead", "A cut-off lies ahead of the clock"),
            Self::NotShipped => (S::SERVICE_UNAVAILABLE, "not_shipped", "It is done, and the backup target does not have it yet"),
            Self::OutcomeUnknown => (S::SERVICE_UNAVAILABLE, "outcome_unknown", "It may or may not have been written"),
            Self::StorageFailed => (S::SERVICE_UNAVAILABLE, "storage_failed", "The data folder cannot be read or written"),
            Self::RootFile => (S::SERVICE_UNAVAILABLE, "root_file", "The root file cannot be read or written"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The server failed"),
        }
    }
}

/// The document, as it is sent.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(super) struct Document<'a> {
    /// A URN that names the code.
    r#type: String,
    /// What kind of problem it is, in words.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What went wrong this time, in a sentence.
    detail: &'a str,
    /// Which problem it is: a code that never changes.
    #[schemars(extend("enum" = codes()))]
    code: &'a str,
    /// What to do next.
    hint: &'a str,
}

fn codes() -> Vec<&'static str> {
    ProblemKind::ALL.iter().map(|kind| kind.parts().1).collect()
}

impl Problem {
    /// How to prove who it is, or what must be allowed, where that is what is missing (RFC 9110 section 15.5.2, RFC 6750 section 3.1).
    fn challenge(&self) -> Option<HeaderValue> {
        match self.kind {
            ProblemKind::InvalidClient => HeaderValue::from_str(&basic_challenge(&Description::new("jeton"))).ok(),
            ProblemKind::Unauthenticated => Some(HeaderValue::from_static("Bearer")),
            ProblemKind::InvalidToken => Some(HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            ProblemKind::Forbidden => {
                let scope = self.needs?.name();
                HeaderValue::from_str(&format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")).ok()
            }
            _ => None,
        }
    }

    /// The document of RFC 9457 section 3.1.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let (status, code, title) = self.kind.parts();
        let document = Document {
            r#type: format!("urn:jeton:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: &plain::cut(&pasted::masked(&self.detail), DETAIL_MAX),
            code,
            hint: &plain::shown(&pasted::masked(&self.hint)),
        };
        // Writing texts and a number into memory cannot fail.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, _) = self.kind.parts();
        let mut response = response(status, Body::from(self.to_json()), Some("application/problem+json"));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.retry_after_seconds));
        }
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        seen::with_outcome(response, code)
    }
}

const CREDENTIAL_IN_TEXT: &str =
    "write its id instead: `jeton key show -` and `jeton token show -` tell it; and take it for read by others: `jeton revoke -` ends it";

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let (kind, hint) = match refusal.reason {
            Reason::InvalidRequest => (ProblemKind::InvalidRequest, "docs/reference/management-api.md says what may be sent"),
            Reason::CredentialInText => (ProblemKind::CredentialInText, CREDENTIAL_IN_TEXT),
            Reason::InvalidClient => (ProblemKind::InvalidClient, "use the client's own credentials, by the method it is registered for"),
            // No request here shows a code or a refresh token.
            Reason::InvalidGrant => (ProblemKind::InvalidRequest, "show one that is live"),
            Reason::UnauthorizedClient => (ProblemKind::UnauthorizedClient, "look at the client: `jeton client show`"),
            Reason::UnsupportedGrantType => (ProblemKind::UnsupportedGrantType, "use the grant type `client_credentials`"),
            Reason::InvalidScope => (
                ProblemKind::InvalidScope,
                "ask for what there is: `jeton api show AUDIENCE` lists the scopes, `jeton client show CLIENT` those that a client may have",
            ),
            Reason::InvalidTarget => (
                ProblemKind::InvalidTarget,
                "name the API by its audience, or name all APIs that the client may ask for: `jeton client update CLIENT --audience …`",
            ),
            Reason::Conflict => (ProblemKind::Conflict, "look at how things stand, then decide again"),
            Reason::Repeated => (
                ProblemKind::IdempotencyMismatch,
                "repeat a request as it was, byte for byte; another one needs an `Idempotency-Key` of its own",
            ),
            Reason::NotFound => (ProblemKind::NotFound, "list what there is, and take the id or name from there"),
            Reason::Forbidden => (ProblemKind::Forbidden, "ask an owner of this deployment for a role that has it"),
            Reason::TooSoon { retry_seconds } => {
                let hint = "wait as long as Retry-After says; nothing was changed";
                return Problem::new(ProblemKind::RateLimited, refusal.detail, hint).retry_after(retry_seconds);
            }
        };
        let is_hinted = refusal.hint.is_some();
        Problem { is_hinted, ..Problem::new(kind, refusal.detail, refusal.hint.unwrap_or(hint)) }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        let (kind, hint) = match &failure {
            Failure::Refused(refusal) => return refusal.clone().into(),
            Failure::Busy => (ProblemKind::Busy, "nothing was written: try again in a second"),
            Failure::Full => (ProblemKind::DiskFull, "make room on the disk of the data folder; nothing but this was lost"),
            Failure::Contended => (ProblemKind::Contended, "nothing was written: try again"),
            Failure::ClockBehind => (ProblemKind::ClockBehind, "set the clock right, or wait until it has caught up"),
            Failure::Fenced => (ProblemKind::Busy, "accept the gap: `jeton backup restore accept-gap`"),
            Failure::CutOffAhead { .. } => (ProblemKind::CutOffAhead, "try again then: nothing was issued"),
            Failure::Unknown => (ProblemKind::OutcomeUnknown, "look whether it happened (`jeton audit tail`) before trying again"),
            Failure::Unshipped => {
                (ProblemKind::NotShipped, "it holds here; look at the backup target: `jeton doctor`, and ask again once it is back")
            }
            Failure::Fault(fault) => {
                tracing::error!(%fault, "the data folder failed");
                (ProblemKind::StorageFailed, "look for damage with `jeton check --full`, and into the server's log")
            }
        };
        Problem { retry_after_seconds: failure.retry_after_seconds(), ..Problem::new(kind, failure.to_string(), hint) }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        match error {
            BodyError::TooLarge => {
                Problem::new(ProblemKind::TooLarge, "the body is larger than 64 KiB", "send less, or in several requests")
            }
            BodyError::TooSlow => Problem::new(ProblemKind::TooSlow, "the body did not arrive in time", "send it in one go"),
            BodyError::Broken => Problem::invalid("the body broke off", "send it again, whole"),
        }
    }
}

/// What every path gets that leads nowhere.
pub(super) async fn no_such_path(uri: Uri) -> Problem {
    nowhere(uri.path())
}

/// The same below the management API, where a path is read without its beginning.
pub(super) async fn no_such_path_below(uri: Uri) -> Problem {
    nowhere(&format!("/api/v1{}", uri.path()))
}

fn nowhere(path: &str) -> Problem {
    let detail = format!("the management API has no path {}", shown(path));
    Problem::new(
        ProblemKind::NoSuchPath,
        detail,
        "its paths begin with /api/v1, such as /api/v1/apis: docs/reference/management-api.md lists them",
    )
}

/// What a path gets that takes other methods.
pub(super) async fn no_such_method(method: Method) -> Problem {
    let detail = format!("this path does not take {}", shown(method.as_str()));
    Problem::new(ProblemKind::NoSuchMethod, detail, "the answer's header Allow lists the methods it takes")
}

/// What a stranger wrote, cut short.
pub(super) fn shown(text: &str) -> String {
    plain::cut(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_to_do() {
        let problem = Problem::from(Failure::Refused(Refusal::new(Reason::NotFound, "there is none"))).look("look there");
        assert_eq!(
            String::from_utf8(problem.to_json()).unwrap(),
            r#"{"type":"urn:jeton:problem:not_found","title":"There is no such thing","status":404,"detail":"there is none","code":"not_found","hint":"look there"}"#
        );
    }

    #[test]
    fn who_refuses_knows_what_to_do() {
        let refusal = || Refusal::new(Reason::Conflict, "it is suspended");
        let hint = |refusal: Refusal| Problem::from(refusal).advise(ProblemKind::Conflict, "of the row").hint;
        assert_eq!((hint(refusal()), hint(refusal().hinting("resume it"))), ("of the row".into(), "resume it".into()));
    }

    #[test]
    fn what_a_stranger_wrote_steers_nothing() {
        let text = |detail: &str| String::from_utf8(Problem::invalid(detail.to_owned(), "do\u{9b}").to_json()).unwrap();
        let problem = text("no \u{1b}[2J\u{202e}\n");
        assert!(problem.contains("\"no \u{fffd}[2J\u{fffd}\u{fffd}\"") && problem.contains("\"do\u{fffd}\""), "{problem}");
        assert!(text(&"x".repeat(60_000)).len() < 1_000);
    }

    #[test]
    fn who_waits_is_told_how_long() {
        for (failure, code, seconds) in [
            (Failure::Busy, "busy", "1"),
            (Failure::Full, "disk_full", "1"),
            (Failure::ClockBehind, "clock_behind", "1"),
            (Failure::CutOffAhead { wait_micros: 2_500_000 }, "cut_off_ahead", "3"),
        ] {
            let problem = Problem::from(failure);
            assert!(String::from_utf8(problem.to_json()).unwrap().contains(&format!("\"code\":\"{code}\"")));
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], seconds);
        }
    }
}
