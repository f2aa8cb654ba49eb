//! `jeton token`.

mod get;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::input::{self, Named};
use super::jwt::decode;
use super::percent::segment;
use super::server::Server;
use super::why::Why;
use crate::render::explained_tokens;
use crate::render::text::member;
use crate::render::tokens;
use get::Get;

const PATH: &str = "/api/v1/tokens";

const EXAMPLES: &str = "\
Examples:
  jeton token get --client client_0123456789abcdefghij --secret-file secret.txt
  jeton token issue --client worker --scope orders:read
  jeton token introspect - < token.txt
  jeton token suspend 019967c5a3807d2f8e51b0a4c3d2e1f0

There is no list of tokens. What you may look for instead:
  jeton client list                          who may have tokens
  jeton revoke --client worker --dry-run     how many of a client's live
  jeton audit tail                           what was issued and ended, and when
  jeton signing-key list                     the keys that sign them";

/// Access tokens: get, issue, look at, suspend
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Token {
    Get(Get),
    Issue(Issue),
    Show(Show),
    Introspect(Introspect),
    Explain(Explain),
    Suspend(Suspend),
    Resume(Resume),
}

const ISSUE_EXAMPLES: &str = "\
Examples:
  jeton token issue --client worker
  jeton token issue --client worker --audience https://orders.example \\
      --scope orders:read --json | jq -r .access_token";

/// Issue an access token to a client
#[derive(Args, Debug)]
#[command(after_help = ISSUE_EXAMPLES)]
pub(crate) struct Issue {
    /// The client's name or id
    #[arg(long)]
    client: String,
    /// What it shall allow; repeat it for each (the API's default if left out)
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// The API it is for, by audience; needed if the client has several
    #[arg(long, value_name = "URI", visible_alias = "resource")]
    audience: Option<String>,
    #[command(flatten)]
    again: Again,
}

/// Show all that is known of a token, but its text
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton token show 019967c5a3807d2f8e51b0a4c3d2e1f0\n  jeton token show - < token.txt")]
pub(crate) struct Show {
    /// Its id; `-`, the token on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE")]
    token: String,
}

const INTROSPECT_EXAMPLES: &str = "\
Examples:
  jeton token introspect - < token.txt
  jeton token introspect token.txt --json | jq .active

Exit code 1 if the token is not active.";

/// Say whether a token is active
#[derive(Args, Debug)]
#[command(after_help = INTROSPECT_EXAMPLES)]
pub(crate) struct Introspect {
    /// Its id; `-`, the token on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE", default_value = "-")]
    token: String,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  jeton token explain 019967c5a3807d2f8e51b0a4c3d2e1f0
  jeton token explain - < token.txt
  jeton token explain token.txt --json | jq .decided_by

Exit code 1 if the text is no token of this server.";

/// Say why a token is accepted or refused, and what was said of it
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct Explain {
    /// Its id; `-`, the token on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE")]
    token: String,
}

/// Refuse a token until it is resumed
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jeton token suspend 019967c5a3807d2f8e51b0a4c3d2e1f0 --why leaked\n  jeton token suspend - < token.txt"
)]
pub(crate) struct Suspend {
    /// Its id; `-`, the token on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE")]
    token: String,
    #[command(flatten)]
    why: Why,
}

/// Accept a suspended token again
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton token resume 019967c5a3807d2f8e51b0a4c3d2e1f0")]
pub(crate) struct Resume {
    /// Its id; `-`, the token on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE")]
    token: String,
}

impl Token {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let change = |token: &str, verb: &str, body: &Value| -> Result<(), Failure> {
            let server = context.server()?;
            let path = format!("{PATH}/{}/{verb}", segment(&id(&server, token)?));
            context.show(&server.post(&path, body)?, tokens::show)
        };
        match self {
            Token::Get(get) => get.run(context),
            Token::Issue(issue) => context.show(&issue.again.post(&context.server()?, PATH, &issue.body())?, tokens::issued),
            Token::Show(Show { token }) => {
                let server = context.server()?;
                let path = format!("{PATH}/{}", segment(&id(&server, token)?));
                context.show(&server.get(&path)?, tokens::show)
            }
            Token::Introspect(Introspect { token }) => {
                let answer = introspected(&context.server()?, token)?;
                context.show(&answer, tokens::introspected)?;
                let is_active = answer.get("active").and_then(Value::as_bool) == Some(true);
                if is_active { Ok(()) } else { Err(Failure::no("the token is not active", "")) }
            }
            Token::Explain(explain) => explain.run(context, &context.server()?),
            Token::Suspend(Suspend { token, why }) => change(token, "suspend", &why.body()),
            Token::Resume(Resume { token }) => change(token, "resume", &json!({})),
        }
    }
}

impl Explain {
    fn run(&self, context: &Context, server: &Server) -> Result<(), Failure> {
        let explained = match input::named(&self.token)? {
            Named::Id(id) => server.get(&format!("{PATH}/{}/explanation", segment(&id)))?,
            Named::Text(token) => server.post(&format!("{PATH}/explain"), &json!({ "token": token.alone().expose() }))?,
        };
        context.show(&explained, explained_tokens::explained)?;
        let is_ours = explained.get("is_ours").and_then(Value::as_bool) == Some(true);
        if is_ours { Ok(()) } else { Err(Failure::no("this is no token of this server", "")) }
    }
}

impl Issue {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("client".to_owned(), json!(self.client));
        if !self.scope.is_empty() {
            body.insert("scope".to_owned(), json!(self.scope.join(" ")));
        }
        body.extend(self.audience.as_ref().map(|audience| ("resource".to_owned(), json!(audience))));
        Value::Object(body)
    }
}

/// What is known of a token, and whether it is active.
fn introspected(server: &Server, token: &str) -> Result<Value, Failure> {
    let id = match input::named(token)? {
        Named::Id(id) => id,
        Named::Text(token) => {
            let token = token.alone();
            let answer = server.post(&format!("{PATH}/introspect"), &json!({ "token": token.expose() }))?;
            let is_known = answer.get("id").is_some();
            // A signature of a key that was revoked proves nothing any more. Whoever administers may see what became of the id in it.
            let Some((id, key)) = decode::id_and_key(token.expose()).filter(|_| !is_known) else { return Ok(answer) };
            let found = server.get(&format!("{PATH}/{}", segment(&id))).ok();
            return Ok(found.and_then(|found| as_signed(found, &key)).map_or(answer, with_active));
        }
    };
    Ok(with_active(server.get(&format!("{PATH}/{}", segment(&id)))?))
}

/// A token's state where its text, which is not accepted, names the key; `None` where that does not say why. Of a token that was issued while
/// keys changed, the id alone does not tell which key signed it.
fn as_signed(mut state: Value, key: &str) -> Option<Value> {
    if !key.is_empty() && member(&state, "remark").contains(&format!("if {key} signed it")) {
        let members = state.as_object_mut()?;
        members.insert("standing".to_owned(), json!("revoked"));
        members.insert("remark".to_owned(), json!(format!("the key that signed it, {key}, was revoked")));
    }
    (!is_active(&state)).then_some(state)
}

fn is_active(state: &Value) -> bool {
    member(state, "standing") == "active"
}

fn with_active(mut state: Value) -> Value {
    let active = is_active(&state);
    if let Some(members) = state.as_object_mut() {
        members.insert("active".to_owned(), json!(active));
    }
    state
}

/// The id of a token that was named by it, or whose text was handed in.
fn id(server: &Server, token: &str) -> Result<String, Failure> {
    let token = match input::named(token)? {
        Named::Id(id) => return Ok(id),
        Named::Text(token) => token,
    };
    let token = token.alone();
    let answer = server.post(&format!("{PATH}/introspect"), &json!({ "token": token.expose() }))?;
    let id = answer.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Failure::no("this is no token of this server, or one that has left with its time", ""))
}
