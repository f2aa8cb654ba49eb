//! `jeton token get`.

use clap::Args;
use jeton_oauth::token::ReceivedToken;
use serde_json::{Map, Value, json};

use crate::commands::client_credentials::ClientCredentials;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton token get --client client_0123456789abcdefghij --secret-file secret.txt \\
      --server https://tokens.example --audience https://orders.example
  pass orders | jeton token get --client client_0123456789abcdefghij \\
      --secret-file - --server https://tokens.example

The token alone is printed, for a command substitution; --json says how long it
lives and what it allows, too. `jeton exec` gives it to a command without
printing it.";

/// Print a fresh access token of a client, as it gets one by its secret
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Get {
    #[command(flatten)]
    asked: ClientCredentials,
}

impl Get {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Some(client) = &self.asked.client else {
            return Err(Failure::usage("nothing says whose token", "name a client with --client"));
        };
        let token = self.asked.token(context, client)?;
        context.show(&answer(&token), |token, _| format!("{}\n", member(token, "access_token")))
    }
}

/// As the server has it (RFC 6749 section 5.1), without what refreshes it.
fn answer(token: &ReceivedToken) -> Value {
    let mut members =
        Map::from_iter([("access_token".to_owned(), json!(token.access_token.expose())), ("token_type".to_owned(), json!("Bearer"))]);
    members.extend(token.expires_in_seconds.map(|seconds| ("expires_in".to_owned(), json!(seconds))));
    members.extend(token.scope.as_ref().map(|scope| ("scope".to_owned(), json!(scope.as_str()))));
    Value::Object(members)
}
