//! What the script of a page from elsewhere may read (CORS, Fetch standard section 3.2): an application that runs in a browser asks these
//! endpoints itself. No cookie counts at any of them, and what is presented there proves what its bearer may, wherever they come from: each
//! origin is let in, and none with credentials that a browser would add.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN,
};
use http::{HeaderValue, StatusCode};

use crate::reply::{OauthError, status};

/// Whether a request says that a page sent it.
#[derive(Clone, Copy)]
pub(crate) struct Asked(bool);

impl Asked {
    pub(crate) fn of(request: &Request) -> Asked {
        Asked(request.headers().contains_key(ORIGIN))
    }

    /// The answer, such that the page may read it.
    pub(crate) fn share(self, answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        if self.0 {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("www-authenticate, retry-after"));
        }
        response
    }
}

/// Answers what a browser asks before it sends the request of a page.
pub(crate) async fn preflight(request: Request) -> Response {
    if !request.headers().contains_key(ORIGIN) || !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        let mut response = OauthError::wrong_method().into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST,OPTIONS"));
        return response;
    }
    let mut response = Asked::of(&request).share(status(StatusCode::NO_CONTENT));
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
