//! Answers of the OAuth endpoints: the only place here that knows status codes.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jeton_core::refusal::{Reason, Refusal};
use jeton_oauth::client_authentication::{AuthenticationError, basic_challenge};
use jeton_oauth::error::{Description, ErrorCode, ErrorResponse};
use jeton_oauth::form::FormError;
use jeton_service::failure::Failure;

use crate::extract::BodyError;
use crate::seen;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// An error on its way to a client of an OAuth endpoint.
pub struct OauthError {
    status: StatusCode,
    body: ErrorResponse,
    challenge: bool,
    retry_after_seconds: i64,
}

/// What an OAuth endpoint answers.
pub type Reply = Result<Response, OauthError>;

/// JSON that no cache may keep (RFC 6749 section 5.1).
pub fn json(body: Vec<u8>) -> Response {
    with_headers(StatusCode::OK, Body::from(body), true)
}

/// The same, of what was made (RFC 9126 section 2.2).
pub fn created(body: Vec<u8>) -> Response {
    with_headers(StatusCode::CREATED, Body::from(body), true)
}

/// Success with nothing to say: no body, and so no content type (RFC 7009 section 2.2).
pub fn empty() -> Response {
    with_headers(StatusCode::OK, Body::empty(), false)
}

/// A plain status without a body.
pub fn status(status: StatusCode) -> Response {
    with_headers(status, Body::empty(), false)
}

fn with_headers(status: StatusCode, body: Body, is_json: bool) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if is_json {
        headers.insert(CONTENT_TYPE, JSON);
    }
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}

impl OauthError {
    fn new(status: StatusCode, body: ErrorResponse) -> OauthError {
        OauthError { status, body: without_markup(body), challenge: false, retry_after_seconds: 1 }
    }

    /// The error of a request by a method that its path does not have (RFC 9110 section 15.5.6).
    pub fn wrong_method() -> OauthError {
        OauthError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorResponse::invalid_request("this path is not asked with this method"))
    }

    /// The error of a request for a path that is none.
    pub fn no_such_path() -> OauthError {
        let detail = "nothing lies at this path: /.well-known/oauth-authorization-server names the endpoints, and the server is managed \
                      over its socket (the command jeton)";
        OauthError::new(StatusCode::NOT_FOUND, ErrorResponse::invalid_request(detail))
    }

    /// The error of a request that is larger than what is kept of its kind.
    pub fn too_large(body: ErrorResponse) -> OauthError {
        OauthError::new(StatusCode::PAYLOAD_TOO_LARGE, body)
    }

    /// The error of somebody who asks too often (RFC 6585 section 4).
    pub fn too_many(wait_seconds: i64) -> OauthError {
        let body =
            ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "too many requests of this kind came from there: wait, and try again");
        OauthError { retry_after_seconds: wait_seconds.max(1), ..OauthError::new(StatusCode::TOO_MANY_REQUESTS, body) }
    }

    /// The same error; a client that used the Authorization header is told which scheme is taken (RFC 6749 section 5.2).
    #[must_use]
    pub fn challenged_if(self, used_header: bool) -> OauthError {
        OauthError { challenge: used_header && self.status == StatusCode::UNAUTHORIZED, ..self }
    }
}

/// Names in a description may be the sender's: what could be markup in a page that shows them is not given back.
fn without_markup(body: ErrorResponse) -> ErrorResponse {
    let is_markup = |description: &Description| description.as_str().contains(['<', '>']);
    let description = match body.description {
        Some(description) if is_markup(&description) => Some(Description::new(description.as_str().replace(['<', '>'], "?"))),
        description => description,
    };
    ErrorResponse { description, ..body }
}

impl axum::response::IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let mut response = with_headers(self.status, Body::from(self.body.to_json()), true);
        if self.challenge
            && let Ok(value) = HeaderValue::from_str(&basic_challenge(&Description::new("jeton")))
        {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.retry_after_seconds));
        }
        seen::with_outcome(response, self.body.code.as_str())
    }
}

impl From<ErrorResponse> for OauthError {
    fn from(body: ErrorResponse) -> OauthError {
        let status = match body.code {
            ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        OauthError::new(status, body)
    }
}

impl From<FormError> for OauthError {
    fn from(error: FormError) -> OauthError {
        let status = if error == FormError::TooLong { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        OauthError::new(status, ErrorResponse::from(error))
    }
}

impl From<BodyError> for OauthError {
    fn from(error: BodyError) -> OauthError {
        let (status, detail) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB"),
            BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "the body broke off"),
        };
        OauthError::new(status, ErrorResponse::invalid_request(detail))
    }
}

impl From<AuthenticationError> for OauthError {
    fn from(error: AuthenticationError) -> OauthError {
        OauthError::from(error.response).challenged_if(error.basic)
    }
}

impl From<Refusal> for OauthError {
    fn from(refusal: Refusal) -> OauthError {
        let code = match refusal.reason {
            Reason::InvalidRequest
            | Reason::CredentialInText
            | Reason::Conflict
            | Reason::NotFound
            | Reason::Repeated
            | Reason::TooSoon { .. } => ErrorCode::InvalidRequest,
            Reason::InvalidClient => ErrorCode::InvalidClient,
            Reason::InvalidGrant => ErrorCode::InvalidGrant,
            Reason::UnauthorizedClient | Reason::Forbidden => ErrorCode::UnauthorizedClient,
            Reason::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Reason::InvalidScope => ErrorCode::InvalidScope,
            Reason::InvalidTarget => ErrorCode::InvalidTarget,
        };
        OauthError::from(ErrorResponse::new(code, refusal.detail))
    }
}

impl From<Failure> for OauthError {
    fn from(failure: Failure) -> OauthError {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Fault(fault) => {
                // The cause is for the log; a stranger learns only that it is ours.
                tracing::error!(%fault, "a request failed in the store");
                let detail =
                    "the store cannot be read or written now; the server's log says why, and `jeton check --full` looks for damage";
                OauthError::new(StatusCode::SERVICE_UNAVAILABLE, ErrorResponse::new(ErrorCode::TemporarilyUnavailable, detail))
            }
            other => {
                let body = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, other.to_string());
                let retry_after_seconds = other.retry_after_seconds();
                OauthError { retry_after_seconds, ..OauthError::new(StatusCode::SERVICE_UNAVAILABLE, body) }
            }
        }
    }
}
