//! `jeton suspension`.

use clap::{Args, Subcommand};

use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use crate::render::suspensions;

const EXAMPLES: &str = "\
Examples:
  jeton suspension list
  jeton suspension list -o jsonl | jq -r 'select(.kind == \"user\") | .name'

A client, an API, a user or a group is suspended by `jeton suspend`, until
`jeton resume`. An owner outside is known by keys alone: told is how many of
them are suspended, and the last time that one was. All other single keys:
`jeton key list --state suspended`.";

/// What is suspended until it is resumed
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Suspension {
    List(List),
}

/// List what is suspended: clients, APIs, users, groups, and owners outside by
/// their keys; the last first
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    #[command(flatten)]
    pages: Pages,
}

impl Suspension {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Suspension::List(List { pages }) => pages.show(context, "/api/v1/suspensions", suspensions::list),
        }
    }
}
