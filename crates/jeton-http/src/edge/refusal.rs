use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// An answer that this layer gives by itself, without a handler. All are constant: nothing of a request comes back in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// RFC 9112, section 3.2: an HTTP/1.1 request has one Host line.
    HostMissing,
    /// RFC 9112, section 3.2.
    HostRepeated,
    /// RFC 9112, section 3.2.
    HostInvalid,
    /// RFC 9110, section 9.3.6: this is no proxy.
    Connect,
    TargetTooLong,
    HeaderTooManyLines,
    BodyTooLarge,
    /// The handler took too long.
    Overdue,
    /// The handler panicked.
    Panicked,
}

/// What a peer gets that dawdles over its header; hyper has no answer for it, so it is written as it is here.
pub(super) const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
    connection: close\r\ncontent-length: 99\r\n\r\n\
    {\"error\":\"invalid_request\",\"error_description\":\"the request line and header took too long to come\"}";

/// What one connection too many gets.
pub(super) const SERVICE_UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 98\r\n\r\n\
    {\"error\":\"temporarily_unavailable\",\"error_description\":\"too many connections are open; try again\"}";

/// What a peer gets, in the clear, that speaks plain HTTP where TLS is spoken.
pub(super) const TLS_NEEDED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\ncontent-length: 81\r\n\r\n\
    {\"error\":\"invalid_request\",\"error_description\":\"this port speaks TLS: use https\"}";

impl Refusal {
    /// The response to what was sent to this path, in the form that is spoken there; the connection ends with it, since what follows on it may
    /// be the rest of what was refused.
    pub(super) fn response(self, path: &str) -> Response<Body> {
        let (status, body) = self.parts();
        let (kind, body) = match is_of_management(path) {
            true => ("application/problem+json", Bytes::from(self.problem())),
            false => ("application/json", Bytes::from_static(body.as_bytes())),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// The same as the management API says it (RFC 9457).
    fn problem(self) -> String {
        let status = self.parts().0;
        let (code, title, detail, hint) = match self {
            Self::HostMissing | Self::HostRepeated | Self::HostInvalid | Self::Connect => (
                "invalid_request",
                "The request is malformed",
                "a request has one valid `Host` line, and is not CONNECT",
                "send one `Host` line, with host and port",
            ),
            Self::TargetTooLong => ("too_large", "The request is too large", "the path and query are too long", "send less in them"),
            Self::HeaderTooManyLines => ("too_large", "The request is too large", "there are too many header lines", "send fewer"),
            Self::BodyTooLarge => ("too_large", "The body is too large", "the body is too large", "send less, or in several requests"),
            Self::Overdue => ("busy", "The server is busy", "the request took too long", "look whether it happened, then try again"),
            Self::Panicked => ("internal", "The server failed", "the server failed on this request", "see the server's log"),
        };
        let kind = format!("urn:jeton:problem:{code}");
        json!({ "type": kind, "title": title, "status": status.as_u16(), "detail": detail, "code": code, "hint": hint }).to_string()
    }

    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::HostMissing => (
                StatusCode::BAD_REQUEST,
                r#"{"error":"invalid_request","error_description":"an HTTP/1.1 request needs a Host header line"}"#,
            ),
            Self::HostRepeated => (
                StatusCode::BAD_REQUEST,
                r#"{"error":"invalid_request","error_description":"a request has one Host header line, this one has more"}"#,
            ),
            Self::HostInvalid => {
                (StatusCode::BAD_REQUEST, r#"{"error":"invalid_request","error_description":"the Host header line is no host and port"}"#)
            }
            Self::Connect => (
                StatusCode::NOT_IMPLEMENTED,
                r#"{"error":"invalid_request","error_description":"this server is no proxy: CONNECT is not offered"}"#,
            ),
            Self::TargetTooLong => (
                StatusCode::URI_TOO_LONG,
                r#"{"error":"invalid_request","error_description":"the request target is too long; send long parameters in the body"}"#,
            ),
            Self::HeaderTooManyLines => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                r#"{"error":"invalid_request","error_description":"the request has too many header lines"}"#,
            ),
            Self::BodyTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, r#"{"error":"invalid_request","error_description":"the request body is too large"}"#)
            }
            Self::Overdue => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"error":"temporarily_unavailable","error_description":"the request took too long; try again"}"#,
            ),
            Self::Panicked => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"error":"server_error","error_description":"the server failed on this request; its log says where"}"#,
            ),
        }
    }
}

/// Whether a path is below the management API, also where the issuer has a path of its own.
fn is_of_management(path: &str) -> bool {
    path.split_once("/api/v1").is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_answers_state_their_length() {
        for answer in [REQUEST_TIMEOUT, SERVICE_UNAVAILABLE, TLS_NEEDED] {
            let text = std::str::from_utf8(answer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{} in {head}", body.len());
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{body}");
        }
    }

    #[test]
    fn every_refusal_is_json_with_an_error_and_a_sentence() {
        use Refusal::*;
        for refusal in [HostMissing, HostRepeated, HostInvalid, Connect, TargetTooLong, HeaderTooManyLines, BodyTooLarge, Overdue, Panicked]
        {
            let body: serde_json::Value = serde_json::from_str(refusal.parts().1).unwrap();
            assert!(body["error"].is_string() && body["error_description"].is_string(), "{refusal:?}");
            for (path, kind) in
                [("/oauth/token", "json"), ("/api/v1", "problem+json"), ("/a/api/v1/keys", "problem+json"), ("/api/v10", "json")]
            {
                let response = refusal.response(path);
                assert_eq!(response.headers()[CONNECTION], "close", "{refusal:?}");
                assert_eq!(response.headers()[CONTENT_TYPE], format!("application/{kind}"), "{refusal:?} {path}");
            }
            let problem: serde_json::Value = serde_json::from_str(&refusal.problem()).unwrap();
            assert_eq!(problem["status"], refusal.parts().0.as_u16(), "{refusal:?}");
            for member in ["type", "title", "detail", "code", "hint"] {
                assert!(problem[member].is_string(), "{refusal:?}: {member}");
            }
        }
    }
}
