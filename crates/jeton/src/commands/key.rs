//! `jeton key`.

mod import;
pub(crate) mod in_file;
mod list;
mod metadata;
mod path;
mod rotate;
mod update;

pub(crate) use import::read_table;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jeton_token::Secret;
use serde_json::{Map, Value, json};

use self::path::{PATH, path};
use super::again::Again;
use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::input::{self, Named};
use super::percent::segment;
use super::rate::{self, Rate};
use super::time;
use super::whole_scope;
use super::why::Why;
use crate::render::api_keys;
use crate::render::explained_keys;
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton key create --owner external:acme --name acme \\
      --audience https://orders.example
  jeton key list --state active
  jeton key verify - < key.txt
  jeton key rotate 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --overlap 24h";

/// API keys: long-lived secrets for scripts, services and customers
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Key {
    Create(Create),
    Import(import::Import),
    List(list::List),
    /// Show a key, all but its text, and what happened to it; also which key a text is
    #[command(
        after_help = "Examples:\n  jeton key show 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b\n  jeton key show - < found.txt\n  jeton key show found.txt"
    )]
    Show(Sought),
    Explain(Explain),
    Verify(Verify),
    Update(update::Update),
    #[command(visible_alias = "roll")]
    Rotate(rotate::Rotate),
    /// End the text that a key had before it was rotated
    #[command(after_help = "Examples:\n  jeton key end-previous 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b")]
    EndPrevious(One),
    Transfer(Transfer),
    /// Refuse a key until it is resumed
    #[command(after_help = "Examples:\n  jeton key suspend 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --why leaked")]
    Suspend(End),
    /// Accept a suspended key again
    #[command(after_help = "Examples:\n  jeton key resume 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b")]
    Resume(One),
    /// Refuse a key for ever; asks first
    #[command(after_help = "Examples:\n  jeton key revoke 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --why leaked --yes")]
    Revoke(End),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton key create --owner client:worker --audience https://orders.example \\
      --name nightly --scope orders:read --expires-in 90d
  jeton key create --owner external:acme --audience https://orders.example \\
      --name acme --allow-ip 192.0.2.0/24 --rate-limit 100/1m \\
      --json | jq -r .key
  jeton key create --like 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --name another

The key is shown once, in the answer, and is not stored. One that nobody uses
for long is suspended: the answer says when; `jeton policy set api_key --idle`
says otherwise.";

/// Make a key
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// Whose it is: client:NAME, user:NAME, group:NAME or external:TEXT, somebody whom you know and Jeton does not
    #[arg(long, value_name = "OWNER", required_unless_present = "like")]
    owner: Option<String>,
    /// The API it is for, by audience or id
    #[arg(long, value_name = "URI", required_unless_present = "like")]
    audience: Option<String>,
    /// What people call it
    #[arg(long, required_unless_present = "like")]
    name: Option<String>,
    /// A key that it is like, in all that is not said here
    #[arg(long, value_name = "KEY")]
    like: Option<String>,
    /// Where it may be used; a key for tests is refused where live ones are asked for
    #[arg(long, value_name = "NAME", value_parser = ["live", "test"])]
    environment: Option<String>,
    /// The client that hands it out, where the owner is external
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    #[command(flatten)]
    properties: Properties,
    /// How long it lives: 90d if left out
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
    #[command(flatten)]
    exception: Exception,
    #[command(flatten)]
    again: Again,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  jeton key explain 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
  jeton key explain - < key.txt
  jeton key explain key.txt --client-ip 192.0.2.7
  jeton key explain key.txt --json | jq .decided_by

It counts as no use. Exit code 1 if the text is no key of this server.";

/// Say why a key is accepted or refused, and what happened to it
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct Explain {
    /// Its id; `-`, the key on standard input; or a file that holds it
    #[arg(value_name = "KEY|-|FILE")]
    key: String,
    /// Where it is presented from: whether its networks have that address
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<IpAddr>,
}

/// What lets a key live beyond the maximum: all three, or none.
#[derive(Args, Debug)]
struct Exception {
    /// Who answers for a key that lives beyond the maximum
    #[arg(long, value_name = "NAME", requires_all = ["exception_reason", "exception_until"], conflicts_with = "expires_in")]
    exception_owner: Option<String>,
    /// Why it does
    #[arg(long, value_name = "TEXT", requires = "exception_owner")]
    exception_reason: Option<String>,
    /// When it ends: 2027-05-31T00:00:00Z or seconds; at most 400 days ahead
    #[arg(long, value_name = "TIME", value_parser = time::second, requires = "exception_owner")]
    exception_until: Option<i64>,
}

impl Exception {
    fn body(&self) -> Option<Value> {
        let owner = self.exception_owner.as_ref()?;
        Some(json!({"owner": owner, "reason": self.exception_reason, "ends_at": self.exception_until}))
    }
}

/// What a key can be told to be.
#[derive(Args, Debug)]
struct Properties {
    /// A scope it has; repeat it for each (the API's default if left out, and all
    /// that it knows where it has none)
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// What it is for, in your words
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A network that it is accepted from; repeat it for each (any if left out)
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    /// How often it may be used: 100/1m, 5/1s
    #[arg(long, value_name = "COUNT/TIME", value_parser = rate::parse)]
    rate_limit: Option<Rate>,
    /// How often in all
    #[arg(long, value_name = "N")]
    max_uses: Option<i64>,
    /// A word to remember with it; repeat it for each
    #[arg(long, value_name = "NAME=TEXT", value_parser = metadata::word)]
    metadata: Vec<(String, String)>,
}

/// A key, by its id or its text
#[derive(Args, Debug)]
pub(crate) struct Sought {
    /// Its id: see `jeton key list`; its text: `-`, standard input, or a file
    /// that holds it
    #[arg(value_name = "KEY|-|FILE")]
    key: String,
}

/// A key
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Its id: see `jeton key list`
    #[arg(value_name = "KEY")]
    key: String,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  jeton key verify - < key.txt
  jeton key verify key.txt --scope orders:read --client-ip 192.0.2.7

Exits with 1 where the key is not accepted. It counts as a use.";

/// Say whether a key is accepted, and if not, why
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    /// The key: `-`, standard input; or a file that holds it
    #[arg(value_name = "-|FILE")]
    key: PathBuf,
    /// A scope that it must allow; repeat it for each
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// Where it was presented from
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<IpAddr>,
    /// What presented it, as its `User-Agent` says
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Where it must belong
    #[arg(long, value_name = "NAME", value_parser = ["live", "test", "any"])]
    environment: Option<String>,
}

/// Give a key to another owner
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton key transfer 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --owner client:worker")]
pub(crate) struct Transfer {
    /// Its id: see `jeton key list`
    #[arg(value_name = "KEY")]
    key: String,
    /// Whose it is from then on: client:NAME, user:NAME, group:NAME or external:TEXT
    #[arg(long, value_name = "OWNER")]
    owner: String,
    /// The client that hands it out, where the new owner is external
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
}

/// A key, and why it ends
#[derive(Args, Debug)]
pub(crate) struct End {
    /// Its id: see `jeton key list`
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    why: Why,
}

impl Key {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Key::Create(create) => create.run(context),
            Key::Import(import) => import.run(context),
            Key::List(list) => list.run(context),
            Key::Show(Sought { key }) => match input::named(key)? {
                Named::Id(id) => context.show(&context.server()?.get(&format!("{}/explanation", path(&id)?))?, explained_keys::show),
                Named::Text(text) => {
                    let found = context.server()?.post(&format!("{PATH}/lookup"), &json!({ "key": text.for_server().expose() }))?;
                    context.show(&found, api_keys::found)
                }
            },
            Key::Explain(explain) => explain.run(context),
            Key::Verify(verify) => verify.run(context),
            Key::Update(update) => update.run(context),
            Key::Rotate(rotate) => rotate.run(context),
            Key::EndPrevious(One { key }) => {
                let ended = context.server()?.delete(&format!("{}/secrets/previous", path(key)?))?;
                context.show(&ended, |key, _| format!("The text that {} had before is not accepted any more.\n", member(key, "name")))
            }
            Key::Transfer(Transfer { key, owner, client }) => {
                let mut body = Map::from_iter([("owner".to_owned(), json!(owner))]);
                body.extend(client.as_ref().map(|client| ("client".to_owned(), json!(client))));
                let moved = context.server()?.post(&format!("{}/transfer", path(key)?), &Value::Object(body))?;
                context.show(&moved, api_keys::show)
            }
            Key::Suspend(end) => {
                let (server, path) = (context.server()?, path(&end.key)?);
                let before = server.get(&path)?;
                let suspended = server.post(&format!("{path}/suspend"), &end.why.body())?;
                context.show(&suspended, |key, view| api_keys::suspended(key, &before, end.why.is_said(), view))
            }
            Key::Resume(One { key }) => {
                let resumed = context.server()?.post(&format!("{}/resume", path(key)?), &json!({}))?;
                context.show(&resumed, api_keys::resumed)
            }
            Key::Revoke(end) => {
                let path = path(&end.key)?;
                context.confirm(&format!("Refuse the key {} for ever?", end.key))?;
                let revoked = context.server()?.delete_with(&path, &end.why.body())?;
                context.show(&revoked, |key, _| format!("{} is revoked: it is not accepted any more.\n", member(key, "name")))
            }
        }
    }
}

impl Explain {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        let explained = match input::named(&self.key)? {
            Named::Id(id) => {
                let address = self.client_ip.map(|address| format!("?client_ip={}", segment(&address.to_string()))).unwrap_or_default();
                server.get(&format!("{}/explanation{address}", path(&id)?))?
            }
            Named::Text(key) => {
                let mut body = Map::from_iter([("key".to_owned(), json!(key.for_server().expose()))]);
                body.extend(self.client_ip.map(|address| ("client_ip".to_owned(), json!(address))));
                server.post(&format!("{PATH}/explain"), &Value::Object(body))?
            }
        };
        context.show(&explained, explained_keys::explained)?;
        let is_ours = explained.get("is_ours").and_then(Value::as_bool) == Some(true);
        if is_ours { Ok(()) } else { Err(Failure::no("this is no key of this server", "")) }
    }
}

impl Create {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut body = self.properties.body();
        let members = [
            ("owner", self.owner.as_ref().map(|owner| json!(owner))),
            ("audience", self.audience.as_ref().map(|audience| json!(audience))),
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("like", self.like.as_deref().map(input::key_id).transpose()?.map(|key| json!(key))),
            ("environment", self.environment.as_ref().map(|name| json!(name))),
            ("client", self.client.as_ref().map(|client| json!(client))),
            ("expires_in_seconds", self.expires_in.map(|seconds| json!(seconds))),
            ("exception", self.exception.body()),
        ];
        body.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let server = context.server()?;
        let made = self.again.post(&server, PATH, &Value::Object(body))?;
        context.show(&made, api_keys::created)?;
        if self.properties.scope.is_empty() && self.like.is_none() {
            let narrows = format!("jeton key update {} --scope NAME", member(&made, "id"));
            whole_scope::say(&server, std::iter::once(&*member(&made, "audience")), &member(&made, "scope"), &narrows);
        }
        Ok(())
    }
}

impl Verify {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(id) = self.key.to_str().filter(|key| input::is_token_id(key) && !self.key.exists()) {
            let hint = format!("an id proves nothing: hand in the key's text; `jeton key show {id}` shows how the key stands");
            return Err(Failure::usage("this is the id of a key, not its text", hint));
        }
        let key = input::pasted(&self.key)?;
        let mut body = Map::new();
        let members = [
            ("scope", (!self.scope.is_empty()).then(|| json!(self.scope.join(" ")))),
            ("client_ip", self.client_ip.map(|address| json!(address))),
            ("user_agent", self.user_agent.as_ref().map(|agent| json!(agent))),
            ("environment", self.environment.as_ref().map(|name| json!(name))),
        ];
        body.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let server = context.server()?;
        let ask = |key: &Secret| {
            let mut body = body.clone();
            body.insert("key".to_owned(), json!(key.expose()));
            server.post(&format!("{PATH}/verify"), &Value::Object(body))
        };
        // An API presents a key as it is: it is not looked for in a text.
        let is_unknown = |answer: &Result<Value, Failure>| answer.as_ref().is_ok_and(|answer| member(answer, "code") == "not_found");
        let answer = key.ask(ask, is_unknown)?;
        context.show(&answer, api_keys::verified)?;
        if answer.get("valid").and_then(Value::as_bool) == Some(true) { Ok(()) } else { Err(Failure::no("the key is not accepted", "")) }
    }
}

impl Properties {
    fn body(&self) -> Map<String, Value> {
        let members = [
            ("scope", (!self.scope.is_empty()).then(|| json!(self.scope.join(" ")))),
            ("note", self.note.as_ref().map(|note| json!(note))),
            ("allow_ip", (!self.allow_ip.is_empty()).then(|| json!(self.allow_ip))),
            ("rate_limit", self.rate_limit.map(Rate::to_json)),
            ("max_uses", self.max_uses.map(|uses| json!(uses))),
            ("metadata", (!self.metadata.is_empty()).then(|| metadata::object(&self.metadata))),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
