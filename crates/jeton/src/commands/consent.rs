//! `jeton consent`.

use clap::{Args, Subcommand};

use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::why::Why;
use crate::render::consents;

const EXAMPLES: &str = "\
Examples:
  jeton consent list ada
  jeton consent revoke ada shop --yes

A consent is what somebody said an application may have: without one they are
asked.";

/// What people said applications may have
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Consent {
    List(List),
    Revoke(Revoke),
}

/// List what a person said, by application
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton consent list ada\n  jeton consent list ada -o jsonl | jq -r .scope")]
pub(crate) struct List {
    /// Their username or id
    user: String,
    #[command(flatten)]
    pages: Pages,
}

const REVOKE_EXAMPLES: &str = "\
Examples:
  jeton consent revoke ada shop --yes
  jeton consent revoke ada shop --why no_longer_needed --yes

What came of it ends with it: codes, refresh tokens and access tokens. The
application may send them again, and they are asked again.";

/// Take back what a person said of an application; asks first
#[derive(Args, Debug)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(crate) struct Revoke {
    /// Their username or id
    user: String,
    /// The application, by name or id
    client: String,
    #[command(flatten)]
    why: Why,
}

impl Consent {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Consent::List(List { user, pages }) => pages.show(context, &path(user), consents::list),
            Consent::Revoke(Revoke { user, client, why }) => {
                context.confirm(&format!("Take back what {user} said of {client}, and end what came of it?"))?;
                let path = format!("{}/{}", path(user), segment(client));
                context.show(&context.server()?.delete_with(&path, &why.body())?, consents::withdrawn)
            }
        }
    }
}

fn path(user: &str) -> String {
    format!("/api/v1/users/{}/consents", segment(user))
}
