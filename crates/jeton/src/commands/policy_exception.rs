//! `jeton policy exception`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::input;
use super::pages::Pages;
use super::percent::segment;
use super::time;
use crate::render::policy_exceptions;

const PATH: &str = "/api/v1/policies/exceptions";

const EXAMPLES: &str = "\
Examples:
  jeton policy exception create worker secret_0123456789abcdefghij \\
      --owner 'Ada Example' --reason 'the device is replaced in May' \\
      --until 2027-05-31T00:00:00Z
  jeton policy exception list
  jeton policy exception end exception_0123456789abcdefghij";

/// Single credentials that live beyond their maximum, until a day
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Exception {
    Create(Create),
    List(List),
    End(End),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton policy exception create worker secret_0123456789abcdefghij \\
      --owner 'Ada Example' --reason 'the device is replaced in May' \\
      --until 2027-05-31T00:00:00Z
  jeton policy exception create --key 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b \\
      --owner 'Ada Example' --reason 'the device is replaced in May' \\
      --until 2027-05-31T00:00:00Z

The secret or key ends on that day, at most 400 days ahead.";

/// Let a secret of a client, or a key, live beyond its maximum
#[derive(Args, Debug)]
#[command(
    after_help = CREATE_EXAMPLES,
    override_usage = "jeton policy exception create [OPTIONS] <CLIENT> <SECRET_ID>\n       jeton policy exception create [OPTIONS] --key <KEY>"
)]
pub(crate) struct Create {
    /// The client's name or id
    #[arg(required_unless_present = "key")]
    client: Option<String>,
    /// The secret's id: see `jeton client secret list`
    #[arg(value_name = "SECRET_ID", required_unless_present = "key")]
    credential: Option<String>,
    /// The key's id instead: see `jeton key list`
    #[arg(long, value_name = "KEY", conflicts_with_all = ["client", "credential"])]
    key: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: 2027-05-31T00:00:00Z or seconds
    #[arg(long, value_name = "TIME", value_parser = time::second)]
    until: i64,
    #[command(flatten)]
    again: Again,
}

/// List the exceptions
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton policy exception list")]
pub(crate) struct List {
    #[command(flatten)]
    pages: Pages,
}

/// End an exception: the maximum holds again; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton policy exception end exception_0123456789abcdefghij")]
pub(crate) struct End {
    /// Its id: see `jeton policy exception list`
    exception: String,
}

impl Exception {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Exception::Create(Create { client, credential, key, owner, reason, until, again }) => {
                let members = [
                    ("client", client.as_ref().map(|client| json!(client))),
                    ("secret", credential.as_ref().map(|secret| json!(secret))),
                    ("key", key.as_deref().map(input::key_id).transpose()?.map(|key| json!(key))),
                    ("owner", Some(json!(owner))),
                    ("reason", Some(json!(reason))),
                    ("ends_at", Some(json!(until))),
                ];
                let body: Map<String, Value> = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
                context.show(&again.post(&server, PATH, &Value::Object(body))?, policy_exceptions::show)
            }
            Exception::List(List { pages }) => pages.show(context, PATH, policy_exceptions::list),
            Exception::End(End { exception }) => {
                context.confirm(&format!("End the exception {exception}? A credential that is older than its maximum ends at once."))?;
                server.delete(&format!("{PATH}/{}", segment(exception)))?;
                context.say(&format!("Ended {exception}: the maximum holds again."))
            }
        }
    }
}
