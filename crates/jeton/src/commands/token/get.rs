//! `jeton token get`.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::wanted_token::{Got, WantedToken};
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton token get --audience https://orders.example
  jeton token get --client client_0123456789abcdefghij \\
      --secret-file secret.txt --server https://tokens.example \\
      --audience https://orders.example
  pass orders | jeton token get --client client_0123456789abcdefghij \\
      --secret-file - --server https://tokens.example

Without --client it is a token of who signed in with `jeton login`, refreshed
where it ends within a minute. The token alone is printed, for a command
substitution; --json says how long it lives and what it allows, too.
`jeton exec` gives it to a command without printing it.";

/// Print a fresh access token: yours where you are signed in, or a client's
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Get {
    #[command(flatten)]
    asked: WantedToken,
}

impl Get {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let got = self.asked.got(context)?;
        context.show(&answer(&got), |token, _| format!("{}\n", member(token, "access_token")))
    }
}

/// As the server has it (RFC 6749 section 5.1), without what refreshes it.
fn answer(got: &Got) -> Value {
    let mut members = Map::from_iter([("access_token".to_owned(), json!(got.text.expose())), ("token_type".to_owned(), json!("Bearer"))]);
    members.extend(got.expires_in_seconds.map(|seconds| ("expires_in".to_owned(), json!(seconds))));
    members.extend(got.scope.as_ref().map(|scope| ("scope".to_owned(), json!(scope))));
    Value::Object(members)
}
