//! The floor: what axum alone costs for a POST answered with 200 bytes of JSON, and for a check of a key that looks at nothing.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure};
use crate::http::{Template, basic_authorization};

/// What the floor is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floor {
    /// A form of 72 bytes.
    Form,
    /// What a check of a key asks: JSON, and who asks for it.
    KeyCheck,
}

impl Floor {
    pub(crate) const ALL: [Floor; 2] = [Floor::Form, Floor::KeyCheck];

    /// The name of its row.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Floor::Form => "floor",
            Floor::KeyCheck => "floor_key_check",
        }
    }

    pub(crate) fn request(self) -> Vec<u8> {
        match self {
            Floor::Form => Template::form("/", &[]).with(FORM),
            Floor::KeyCheck => {
                let authorization = basic_authorization("client_01234567890123456789012345", &"x".repeat(KEY.len()));
                Template::post("/key", "application/json", &[authorization]).with(&format!(r#"{{"key":"{KEY}"}}"#))
            }
        }
    }
}

/// The form a floor request carries.
const FORM: &str = "grant_type=client_credentials&scope=orders.read&audience=api.example.com";

/// The answer: 200 bytes.
const ANSWER: &str = concat!(
    r#"{"access_token":"01234567890123456789012345678901234567890123456789012345678901234567890123456789"#,
    r#"0123456789012345678901234567890123456789012345","token_type":"Bearer","expires_in":3600,"scope":"read"}"#
);

/// As long as a key.
const KEY: &str = "jtn_key_live_0123456789012345678901234567890123456789012345678901234567890123456789";

/// Serves until killed; prints its address first.
pub(crate) fn serve() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting the runtime")?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.doing("listening")?;
        println!("{}", listener.local_addr().doing("listening")?);
        let listener = listener.tap_io(|stream| {
            // Without it the figure would be worse, never wrong.
            stream.set_nodelay(true).ok();
        });
        axum::serve(listener, Router::new().route("/", post(answer)).route("/key", post(check))).await.doing("serving")
    })
}

async fn answer(form: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    std::hint::black_box(form);
    ([(header::CONTENT_TYPE, "application/json")], ANSWER)
}

#[derive(Deserialize)]
struct Check<'c> {
    key: &'c str,
}

/// The members of an answer to a check.
#[derive(Serialize)]
struct Checked<'c> {
    code: &'c str,
    valid: bool,
    key_id: &'c str,
    owner: &'c str,
    audience: &'c str,
    scope: &'c str,
    name: &'c str,
    environment: &'c str,
    expires_at: &'c str,
    cache_seconds: u32,
}

/// Reads who asks, and for what, and answers as if it had looked.
async fn check(headers: HeaderMap, body: Bytes) -> Response {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Basic "));
    let whoever = basic.and_then(|basic| STANDARD.decode(basic).ok());
    let (Some(whoever), Ok(asked)) = (whoever, serde_json::from_slice::<Check<'_>>(&body)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    std::hint::black_box((whoever, asked.key));
    let checked = Checked {
        code: "valid",
        valid: true,
        key_id: "0123456789abcdef0123456789abcdef",
        owner: "external:customer-0123",
        audience: "https://api.example.com",
        scope: "read",
        name: "import 0123456",
        environment: "live",
        expires_at: "2099-01-01T00:00:00Z",
        cache_seconds: 5,
    };
    match serde_json::to_vec(&checked) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_the_agreed_ones() {
        assert_eq!(FORM.len(), 72);
        assert_eq!(ANSWER.len(), 200);
        assert!(serde_json::from_str::<serde_json::Value>(ANSWER).is_ok());
    }
}
