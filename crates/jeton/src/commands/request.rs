//! `jeton request`.

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use http::Method;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::context::{Context, write};
use super::failure::Failure;
use super::input;
use crate::render::text::{escaped, lines};

const EXAMPLES: &str = "\
Examples:
  jeton request GET /api/v1/statistics
  jeton request POST /api/v1/apis --body api.json
  echo '{\"everything\":true,\"dry_run\":true}' |
      jeton request POST /api/v1/revocations --body -

The answer is printed as it comes; a status of 400 or more decides the exit
code.";

/// Send a request to the management API
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Request {
    /// GET, POST, PATCH, DELETE
    method: String,
    /// The path, with its query
    path: String,
    /// The JSON to send: `-`, standard input; or a file
    #[arg(long, value_name = "-|FILE")]
    body: Option<PathBuf>,
}

impl Request {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes())
            .map_err(|_| Failure::usage("this is no HTTP method", "write GET, POST, PATCH or DELETE"))?;
        if !self.path.starts_with('/') {
            return Err(Failure::usage("the path does not begin with a slash", "write it as /api/v1/…"));
        }
        let body = self.body.as_deref().map(|file| input::text(file, "the body")).transpose()?;
        let reply = context.connection()?.ask(method, &self.path, body.map(Bytes::from))?;
        write(harmless(&reply.body).as_bytes())?;
        if !reply.body.is_empty() && !reply.body.ends_with(b"\n") {
            write(b"\n")?;
        }
        if reply.status.is_success() {
            return Ok(());
        }
        let problem = serde_json::from_slice::<Value>(&reply.body).unwrap_or(Value::Null);
        let said = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
        Err(Failure::of_answer(reply.status.as_u16(), said("code"), format!("the server answered {}", reply.status), said("hint")))
    }
}

/// An answer that steers no terminal, and that says the same where it is JSON.
fn harmless(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => escaped(&text),
        Err(_) => lines(&text),
    }
}
