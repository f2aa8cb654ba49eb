//! Requests that may be sent again.

use clap::Args;
use serde_json::Value;

use super::failure::Failure;
use super::server::Server;

/// How a request is recognised when it is sent again
#[derive(Args, Debug)]
pub(crate) struct Again {
    /// A text drawn for this request: sent again with it within a day, it is
    /// answered as before and makes nothing
    #[arg(long, value_name = "TEXT", value_parser = visible)]
    idempotency_key: Option<String>,
}

impl Again {
    /// Lets something be made, once.
    pub(crate) fn post(&self, server: &Server, path: &str, body: &Value) -> Result<Value, Failure> {
        server.post_once(path, body, self.idempotency_key.as_deref())
    }

    /// The same, of one of several requests: each is recognised by the text and its part.
    pub(crate) fn post_part(&self, server: &Server, path: &str, body: &Value, part: u64) -> Result<Value, Failure> {
        let key = self.idempotency_key.as_ref().map(|key| format!("{key}.{part}"));
        server.post_once(path, body, key.as_deref())
    }
}

/// What a header can carry; the server knows the rest of the rule.
fn visible(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("it has 1 to 128 visible ASCII characters, and no spaces".to_owned())
}
