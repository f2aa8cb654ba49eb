//! An answer over HTTP, to compare and to show.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use jeton_http::api;
use serde_json::Value;

use crate::conformance::{self, Exchange};

/// An answer that came whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Fails where this is not what the document of the management API says of a request; `path` goes on after `/api/v1`.
    ///
    /// # Panics
    /// With what it is instead.
    pub fn conforms(&self, method: &Method, path: &str, sent: Option<&Value>) {
        let exchange = Exchange { method: method.as_str(), path, sent, status: self.status, body: &self.body };
        if let Err(found) = conformance::check(api::document(), &exchange) {
            panic!("{method} {path} is not as docs/reference/openapi.json says: {found}\n{}", self.shown());
        }
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// One member of the body; null where there is none.
    #[must_use]
    pub fn member(&self, name: &str) -> Value {
        self.json().get(name).cloned().unwrap_or_default()
    }

    /// The `error` of the body; empty where there is none.
    #[must_use]
    pub fn error(&self) -> String {
        self.member("error").as_str().unwrap_or_default().to_owned()
    }

    /// One header as text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status, headers in order but for the length, and body, tokens masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let headers = self.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH);
        let mut headers: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect();
        headers.sort();
        let body = self.text().split('"').map(masked).collect::<Vec<_>>().join("\"");
        format!("{}\n{}\n\n{body}", self.status, headers.join("\n")).trim_end().to_owned()
    }
}

fn masked(text: &str) -> &str {
    let hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.starts_with("jtn_") {
        "[opaque]"
    } else if text.starts_with("eyJ") && text.split('.').count() == 3 {
        "[jwt]"
    } else if text.starts_with("client_") && text.len() == 27 {
        "[client]"
    } else if hexadecimal {
        "[id]"
    } else {
        text
    }
}
