//! `jeton revoke`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input::{self, Named};
use super::time::{self, Time};
use crate::render::revocations;

const EXAMPLES: &str = "\
Examples:
  jeton revoke - < token.txt
  jeton revoke 019967c5a3807d2f8e51b0a4c3d2e1f0
  jeton revoke --client worker --yes
  jeton revoke --api https://orders.example --before 2026-01-31T12:00:00Z
  jeton revoke --everything --before now --dry-run

A revocation is final. It holds here before the answer comes, and at every
connected verifier within a moment. More than one token is only ended after
a question, or with --yes.

Of a client, an API, a person, a group or the whole server, keys end with the
tokens; the secrets of clients go on. No token has a --session or --family yet.";

const USAGE: &str = "\
jeton revoke [--dry-run] <ID|-|FILE>
       jeton revoke [--dry-run] --key <ID>
       jeton revoke [--dry-run] [--before <now|TIME>] --client <CLIENT>
       jeton revoke [--dry-run] [--before <now|TIME>] --api <URI>
       jeton revoke [--dry-run] [--before <now|TIME>] --everything";

const MANY: &str = "Many at once, by one of these";

/// End a token, key or secret, or all of a client, an API … issued before a time
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(crate) struct Revoke {
    /// One token, key or client secret: the id of a token or key; `-`, the text
    /// on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE", group = "subject")]
    token: Option<String>,
    /// Those of a client, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    client: Option<String>,
    /// Those for an API, by its audience or id
    #[arg(long, value_name = "URI", group = "subject", help_heading = MANY)]
    api: Option<String>,
    /// All there are, of every client and for every API
    #[arg(long, group = "subject", help_heading = MANY)]
    everything: bool,
    /// Those that act for a person, by username or the claim `sub` in them, and
    /// the person's keys
    #[arg(long, value_name = "USER", group = "subject", help_heading = MANY)]
    user: Option<String>,
    /// The keys of a group, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    group: Option<String>,
    /// Those of one browser session, by the claim `sid` in them
    #[arg(long, value_name = "SID", group = "subject", help_heading = MANY)]
    session: Option<String>,
    /// Those of one chain of refresh tokens, by the claim `gid` in them
    #[arg(long, value_name = "GID", group = "subject", help_heading = MANY)]
    family: Option<String>,
    /// One API key or personal access token, by its id
    #[arg(long, value_name = "ID", group = "subject", conflicts_with = "before")]
    key: Option<String>,
    /// Only what was issued before: now (the default), a time as
    /// 2026-01-31T12:00:00Z, or seconds since 1970
    #[arg(long, value_name = "now|TIME", value_parser = time::now_or_second, conflicts_with = "token")]
    before: Option<Time>,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

impl Revoke {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, question) = self.subject()?;
        body.extend(self.before.map(|before| ("before".to_owned(), before.to_json())));
        body.insert("dry_run".to_owned(), json!(self.dry_run));
        if let (Some(question), false) = (question, self.dry_run) {
            context.confirm(&question)?;
        }
        context.show(&context.server()?.post("/api/v1/revocations", &Value::Object(body))?, revocations::show)
    }

    /// What is revoked, and the question to ask before more than one token dies.
    fn subject(&self) -> Result<(Map<String, Value>, Option<String>), Failure> {
        let object = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        if let Some(key) = &self.key {
            return Ok((object("key", json!(key)), None));
        }
        if let Some(token) = &self.token {
            return Ok(match input::named(token)? {
                Named::Text(token) => (object("token", json!(token.expose())), None),
                Named::Id(id) => (object("id", json!(id)), None),
            });
        }
        let named = [
            ("client", &self.client),
            ("user", &self.user),
            ("group", &self.group),
            ("session", &self.session),
            ("family", &self.family),
            ("api", &self.api),
        ];
        let named = named.into_iter().find_map(|(kind, name)| Some((kind, name.as_ref()?)));
        let before = self.before.unwrap_or(Time::Now);
        match named {
            Some((kind, name)) => {
                let question = format!("End every token and key of the {kind} {name} that was issued before {before}?");
                Ok((object(kind, json!(name)), Some(question)))
            }
            None if self.everything => {
                let question =
                    format!("End EVERY token and key of this server, of every client and for every API, that was issued before {before}?");
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
