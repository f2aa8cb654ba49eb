//! `jeton suspend` and `jeton resume`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input::{self, Named};
use crate::render::revocations;

const SUSPEND_EXAMPLES: &str = "\
Examples:
  jeton suspend - < key.txt
  jeton suspend --client worker --dry-run
  jeton suspend --user ada --yes
  jeton resume --user ada

What is suspended is refused, here at once and at every connected verifier
within a moment, and gets nothing new, until it is resumed. A client that is
suspended cannot prove itself either: an API whose client it is hears of no
revocations meanwhile. A revocation is final, also of what is suspended.";

const RESUME_EXAMPLES: &str = "\
Examples:
  jeton resume - < key.txt
  jeton resume --client worker
  jeton resume --user ada --dry-run

What was suspended by itself stays so when its client or owner is resumed.";

const MANY: &str = "All of these, until they are resumed";

/// Refuse a token or key, or all of a client, an API …, until it is resumed
#[derive(Args, Debug)]
#[command(after_help = SUSPEND_EXAMPLES)]
pub(crate) struct Suspend {
    #[command(flatten)]
    target: Target,
}

/// Accept what was suspended again
#[derive(Args, Debug)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct Resume {
    #[command(flatten)]
    target: Target,
}

/// A kind of subject, and which one.
type Subject<'a> = (&'static str, &'a str);

#[derive(Args, Debug)]
#[group(skip)]
struct Target {
    /// One token or key: its id; `-`, the text on standard input; or a file
    /// that holds it
    #[arg(value_name = "ID|-|FILE", group = "subject")]
    token: Option<String>,
    /// One API key or personal access token, by its id
    #[arg(long, value_name = "ID", group = "subject")]
    key: Option<String>,
    /// A client, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    client: Option<String>,
    /// An API, by its audience or id
    #[arg(long, value_name = "URI", group = "subject", help_heading = MANY)]
    api: Option<String>,
    /// A person, by username or id
    #[arg(long, value_name = "USER", group = "subject", help_heading = MANY)]
    user: Option<String>,
    /// The keys of a group, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    group: Option<String>,
    /// A browser session, by the claim `sid` in its tokens
    #[arg(long, value_name = "SID", group = "subject", help_heading = MANY)]
    session: Option<String>,
    /// A chain of refresh tokens, by the claim `gid` in its tokens
    #[arg(long, value_name = "GID", group = "subject", help_heading = MANY)]
    family: Option<String>,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

impl Suspend {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, all) = self.target.body()?;
        body.insert("dry_run".to_owned(), json!(self.target.dry_run));
        if let (Some((kind, name)), false) = (all, self.target.dry_run) {
            context.confirm(&format!("Refuse every token and key of the {kind} {name}, and give it nothing new, until it is resumed?"))?;
        }
        context.show(&context.server()?.post("/api/v1/suspensions", &Value::Object(body))?, revocations::show_suspended)
    }
}

impl Resume {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, _) = self.target.body()?;
        body.insert("dry_run".to_owned(), json!(self.target.dry_run));
        context.show(&context.server()?.post("/api/v1/resumptions", &Value::Object(body))?, revocations::show_resumed)
    }
}

impl Target {
    /// What is named, as the request says it; and what kind of subject, where it is more than one credential.
    fn body(&self) -> Result<(Map<String, Value>, Option<Subject<'_>>), Failure> {
        let object = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        if let Some(token) = &self.token {
            return Ok(match input::named(token)? {
                Named::Text(token) => (object("token", json!(token.expose())), None),
                Named::Id(id) => (object("id", json!(id)), None),
            });
        }
        if let Some(key) = &self.key {
            return Ok((object("key", json!(key)), None));
        }
        let named = [
            ("client", &self.client),
            ("api", &self.api),
            ("user", &self.user),
            ("group", &self.group),
            ("session", &self.session),
            ("family", &self.family),
        ];
        match named.into_iter().find_map(|(kind, name)| Some((kind, name.as_deref()?))) {
            Some((kind, name)) => Ok((object(kind, json!(name)), Some((kind, name)))),
            None => Err(Failure::usage("nothing is named", "name an id, `-`, or one of --key, --client, --api, --user, --group …")),
        }
    }
}
