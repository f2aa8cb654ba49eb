//! `jeton policy exception`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
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

The secret ends on that day, at most 400 days ahead.";

/// Let a live secret of a client live beyond its maximum
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES, override_usage = "jeton policy exception create [OPTIONS] <CLIENT> <SECRET_ID>")]
pub(crate) struct Create {
    /// The client's name or id
    client: String,
    /// The secret's id: see `jeton client secret list`
    #[arg(value_name = "SECRET_ID")]
    credential: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: 2027-05-31T00:00:00Z or seconds
    #[arg(long, value_name = "TIME", value_parser = time::second)]
    until: i64,
}

/// List the exceptions
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton policy exception list")]
pub(crate) struct List;

/// End an exception: the maximum holds again
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
            Exception::Create(Create { client, credential, owner, reason, until }) => {
                let body = json!({"client": client, "secret": credential, "owner": owner, "reason": reason, "ends_at": until});
                context.show(&server.post(PATH, &body)?, policy_exceptions::show)
            }
            Exception::List(List) => context.show(&server.get(PATH)?, policy_exceptions::list),
            Exception::End(End { exception }) => {
                context.confirm(&format!("End the exception {exception}? A credential that is older than its maximum ends at once."))?;
                server.delete(&format!("{PATH}/{}", segment(exception)))?;
                context.say(&format!("Ended {exception}: the maximum holds again."))
            }
        }
    }
}
