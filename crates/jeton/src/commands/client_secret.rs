//! `jeton client secret`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::again::Again;
use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::why::Why;
use crate::render::secrets;

const EXAMPLES: &str = "\
Examples:
  jeton client secret create worker --overlap 24h
  jeton client secret list worker
  jeton client secret revoke worker secret_0123456789abcdefghij";

/// Secrets of a client: at most two live ones, so that one can be replaced
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Secret {
    Create(Create),
    List(List),
    Suspend(Suspend),
    Resume(Resume),
    Revoke(Revoke),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton client secret create worker --overlap 24h
  jeton client secret create worker --json | jq -r .client_secret

With --overlap the older secret ends that long from now; without it, it goes
on until its own end. The new secret is shown once and is not stored.";

/// Make another secret
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// The client's name or id
    client: String,
    /// How long the older secret goes on, 30d at most
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    overlap: Option<i64>,
    /// How long the new one lives: 180d if left out, 366d at most
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
    #[command(flatten)]
    again: Again,
}

/// List the secrets of a client, all but their text
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client secret list worker")]
pub(crate) struct List {
    /// The client's name or id
    client: String,
    #[command(flatten)]
    pages: Pages,
}

/// Refuse a secret until it is resumed
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client secret suspend worker secret_0123456789abcdefghij --why leaked")]
pub(crate) struct Suspend {
    /// The client's name or id
    client: String,
    /// The secret's id: see `jeton client secret list`
    secret: String,
    #[command(flatten)]
    why: Why,
}

/// Accept a suspended secret again
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client secret resume worker secret_0123456789abcdefghij")]
pub(crate) struct Resume {
    /// The client's name or id
    client: String,
    /// The secret's id: see `jeton client secret list`
    secret: String,
}

/// End a secret at once; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client secret revoke worker secret_0123456789abcdefghij --why superseded")]
pub(crate) struct Revoke {
    /// The client's name or id
    client: String,
    /// The secret's id: see `jeton client secret list`
    secret: String,
    #[command(flatten)]
    why: Why,
}

impl Secret {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Secret::Create(Create { client, overlap, expires_in, again }) => {
                let mut body = serde_json::Map::new();
                body.extend(overlap.map(|seconds| ("overlap_seconds".to_owned(), json!(seconds))));
                body.extend(expires_in.map(|seconds| ("expires_in_seconds".to_owned(), json!(seconds))));
                context.show(&again.post(&server, &path(client), &Value::Object(body))?, secrets::created)
            }
            Secret::List(List { client, pages }) => pages.show(context, &path(client), secrets::list),
            Secret::Suspend(Suspend { client, secret, why }) => {
                server.post(&format!("{}/{}/suspend", path(client), segment(secret)), &why.body())?;
                context.say(&format!("The secret {secret} of {client} is refused until it is resumed."))
            }
            Secret::Resume(Resume { client, secret }) => {
                server.post(&format!("{}/{}/resume", path(client), segment(secret)), &json!({}))?;
                context.say(&format!("The secret {secret} of {client} is accepted again."))
            }
            Secret::Revoke(Revoke { client, secret, why }) => {
                context.confirm(&format!("End the secret {secret} of {client} at once?"))?;
                server.delete_with(&format!("{}/{}", path(client), segment(secret)), &why.body())?;
                context.say(&format!("The secret {secret} of {client} is no longer accepted."))
            }
        }
    }
}

fn path(client: &str) -> String {
    format!("/api/v1/clients/{}/secrets", segment(client))
}
