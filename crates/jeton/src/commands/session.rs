//! `jeton session`.

use clap::{Args, Subcommand};

use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::why::Why;
use crate::render::sessions;

const PATH: &str = "/api/v1/sessions";

const EXAMPLES: &str = "\
Examples:
  jeton session list --user ada
  jeton session revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes

A session is a browser where somebody is signed in. Everywhere at once, with all
that applications may do and all personal access tokens:
  jeton revoke --user ada --yes";

/// Browsers where people are signed in
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Session {
    List(List),
    Revoke(Revoke),
}

const LIST_EXAMPLES: &str = "\
Examples:
  jeton session list
  jeton session list --user ada
  jeton session list --all -o jsonl | jq -r .network

When somebody was last seen is known since the server started; otherwise it is
when they last proved who they are.";

/// List the sessions, the newest first
#[derive(Args, Debug)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct List {
    /// Only those of this person
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

const REVOKE_EXAMPLES: &str = "\
Examples:
  jeton session revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes
  jeton session revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --why leaked --yes

What applications got in it ends with it, but for those that may go on while the
person is away: `jeton grant list`.";

/// End a session: that browser has to sign in again; asks first
#[derive(Args, Debug)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(crate) struct Revoke {
    /// Its id
    session: String,
    #[command(flatten)]
    why: Why,
}

impl Session {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Session::List(List { user, pages }) => {
                let path = user.as_ref().map_or_else(|| PATH.to_owned(), |user| format!("{PATH}?user={}", segment(user)));
                pages.show(context, &path, sessions::list)
            }
            Session::Revoke(Revoke { session, why }) => {
                context.confirm(&format!("End the session {session}, and what applications got in it?"))?;
                let ended = context.server()?.delete_with(&format!("{PATH}/{}", segment(session)), &why.body())?;
                context.show(&ended, sessions::ended)
            }
        }
    }
}
