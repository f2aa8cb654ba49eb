//! The floor: what axum alone costs for a POST answered with 200 bytes of JSON.

use axum::Router;
use axum::http::header;
use axum::routing::post;
use axum::serve::ListenerExt;
use bytes::Bytes;

use crate::failure::{Doing, Failure};

/// Length of the form a floor request carries.
pub(crate) const FORM: &str = "grant_type=client_credentials&scope=orders.read&audience=api.example.com";

/// The answer: 200 bytes.
const ANSWER: &str = concat!(
    r#"{"access_token":"01234567890123456789012345678901234567890123456789012345678901234567890123456789"#,
    r#"0123456789012345678901234567890123456789012345","token_type":"Bearer","expires_in":3600,"scope":"read"}"#
);

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
        axum::serve(listener, Router::new().route("/", post(answer))).await.doing("serving")
    })
}

async fn answer(form: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    std::hint::black_box(form);
    ([(header::CONTENT_TYPE, "application/json")], ANSWER)
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
