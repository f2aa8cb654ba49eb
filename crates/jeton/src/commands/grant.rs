//! `jeton grant`.

use clap::{Args, Subcommand};

use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::why::Why;
use crate::render::grants;

const PATH: &str = "/api/v1/grants";

const EXAMPLES: &str = "\
Examples:
  jeton grant list --user ada
  jeton grant list --client shop
  jeton grant revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes

A grant is what somebody let an application do, with its refresh tokens.";

/// What people let applications do
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Grant {
    List(List),
    Revoke(Revoke),
}

const LIST_EXAMPLES: &str = "\
Examples:
  jeton grant list
  jeton grant list --user ada --client shop
  jeton grant list --client shop --all -o jsonl | jq -r .username";

/// List the grants, by person and client
#[derive(Args, Debug)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct List {
    /// Only those of this person
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only those to this client
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

const REVOKE_EXAMPLES: &str = "\
Examples:
  jeton grant revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes
  jeton grant revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --why leaked --yes

Its refresh tokens and its access tokens are refused from then on. What the
person consented to stays: the application gets another grant where they send
it on.";

/// End a grant, its refresh tokens and its access tokens; asks first
#[derive(Args, Debug)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(crate) struct Revoke {
    /// Its id
    grant: String,
    #[command(flatten)]
    why: Why,
}

impl Grant {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Grant::List(List { user, client, pages }) => {
                let named = [("user", user), ("client", client)].into_iter();
                let filters: Vec<String> = named.filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_ref()?)))).collect();
                let path = if filters.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", filters.join("&")) };
                pages.show(context, &path, grants::list)
            }
            Grant::Revoke(Revoke { grant, why }) => {
                context.confirm(&format!("End the grant {grant}, with its refresh tokens and access tokens?"))?;
                let ended = context.server()?.delete_with(&format!("{PATH}/{}", segment(grant)), &why.body())?;
                context.show(&ended, grants::ended)
            }
        }
    }
}
