//! `jeton revoke`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input;
use crate::render::revocations;

const EXAMPLES: &str = "\
Examples:
  jeton revoke - < token.txt
  jeton revoke 019967c5a3807d2f8e51b0a4c3d2e1f0
  jeton revoke --client worker --yes
  jeton revoke --api https://orders.example --before 2026-01-31T12:00:00Z
  jeton revoke --everything --before now --dry-run

A revocation is final. It holds here before the answer comes, and at every
connected verifier within a moment.";

/// End a token, or all of a client, an API … issued before a time
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Revoke {
    /// A token's id, or `-`: the token on standard input
    #[arg(value_name = "-|ID", group = "subject")]
    token: Option<String>,
    /// All tokens of a client, by name or id
    #[arg(long, group = "subject")]
    client: Option<String>,
    /// All tokens of a person, by `sub`
    #[arg(long, value_name = "SUB", group = "subject")]
    user: Option<String>,
    /// All tokens of a session, by `sid`
    #[arg(long, value_name = "SID", group = "subject")]
    session: Option<String>,
    /// All tokens of a refresh family, by `gid`
    #[arg(long, value_name = "GID", group = "subject")]
    family: Option<String>,
    /// All tokens for an API, by audience or id
    #[arg(long, value_name = "URI", group = "subject")]
    api: Option<String>,
    /// All tokens of an API key, by its id
    #[arg(long, value_name = "ID", group = "subject")]
    key: Option<String>,
    /// All tokens there are, of every client and for every API
    #[arg(long, group = "subject")]
    everything: bool,
    /// Only what was issued before: now, 2026-01-31T12:00:00Z or seconds
    #[arg(long, value_name = "now|TIME")]
    before: Option<String>,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

impl Revoke {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, question) = self.subject()?;
        if let Some(before) = &self.before {
            let before = before.parse::<u64>().map_or_else(|_| json!(before), |seconds| json!(seconds));
            body.insert("before".to_owned(), before);
        }
        body.insert("dry_run".to_owned(), json!(self.dry_run));
        if let (Some(question), false) = (question, self.dry_run) {
            context.confirm(&question)?;
        }
        context.show(&context.server()?.post("/api/v1/revocations", &Value::Object(body))?, revocations::show)
    }

    /// What is revoked, and the question to ask before more than one token dies.
    fn subject(&self) -> Result<(Map<String, Value>, Option<String>), Failure> {
        let object = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        if let Some(token) = &self.token {
            return match token.as_str() {
                "-" => Ok((object("token", json!(input::token("-".as_ref())?.expose())), None)),
                text if input::looks_like_a_token(text) => input::token(text.as_ref()).map(|_| (Map::new(), None)),
                id => Ok((object("id", json!(id)), None)),
            };
        }
        let named = [
            ("client", &self.client),
            ("user", &self.user),
            ("session", &self.session),
            ("family", &self.family),
            ("api", &self.api),
            ("key", &self.key),
        ];
        let named = named.into_iter().find_map(|(kind, name)| Some((kind, name.as_ref()?)));
        let before = self.before.as_deref().unwrap_or("now");
        match named {
            Some((kind, name)) => {
                let question = format!("End every token of the {kind} {name} that was issued before {before}?");
                Ok((object(kind, json!(name)), Some(question)))
            }
            None if self.everything => {
                let question =
                    format!("End EVERY token of this server, of every client and for every API, that was issued before {before}?");
                Ok((object("everything", json!(true)), Some(question)))
            }
            None if self.before.is_some() => Err(Failure::usage(
                "--before says when, and nothing says whose tokens",
                "name --client, --api …; or add --everything: every token of this server",
            )),
            None => Err(Failure::usage("nothing is named to revoke", "name a token's id, `-`, or one of --client, --api, --everything …")),
        }
    }
}
