//! `jeton root-key`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use crate::render::keys;
use crate::render::text::member;

const PATH: &str = "/api/v1/root-key";

const EXAMPLES: &str = "\
Examples:
  jeton root-key list
  jeton root-key rotate";

/// The root key: what secrets at rest are kept under
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum RootKey {
    List(List),
    Rotate(Rotate),
}

/// List the epochs of the root key
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton root-key list\n\nThe server is asked: it must run. `jeton config check` reads the root file.")]
pub(crate) struct List;

const ROTATE_EXAMPLES: &str = "\
Examples:
  jeton root-key rotate

The root file gets another epoch: what is new is kept under it, and private
keys are sealed again. Save the root file anew: a backup from after the
rotation needs it.";

/// Add an epoch to the root file and use it
#[derive(Args, Debug)]
#[command(after_help = ROTATE_EXAMPLES)]
pub(crate) struct Rotate {
    #[command(flatten)]
    again: Again,
}

impl RootKey {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            RootKey::List(List) => context.show(&server.get(PATH)?, keys::epochs),
            RootKey::Rotate(Rotate { again }) => {
                context.show(&again.post(&server, &format!("{PATH}/rotate"), &json!({}))?, |epochs, view| {
                    let file = member(epochs, "root_file");
                    format!("{}\nSave the root file now, {file}: backups from now on need the new epoch.\n", keys::epochs(epochs, view))
                })
            }
        }
    }
}
