//! `jeton signing-key`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::why::Why;
use crate::render::keys;
use crate::render::text::member;

const PATH: &str = "/api/v1/signing-keys";

const EXAMPLES: &str = "\
Examples:
  jeton signing-key list
  jeton signing-key rotate
  jeton signing-key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// Signing keys: one signs, the next is published already
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum SigningKey {
    List(List),
    Rotate(Rotate),
    Revoke(Revoke),
}

/// List the signing keys
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton signing-key list")]
pub(crate) struct List {
    #[command(flatten)]
    pages: Pages,
}

const ROTATE_EXAMPLES: &str = "\
Examples:
  jeton signing-key rotate
  jeton signing-key rotate --alg EdDSA

Keys rotate by themselves every 90 days. The next key must have been
published for ten minutes, so that caches know it; --force does not wait.";

/// Let the next key sign from now on
#[derive(Args, Debug)]
#[command(after_help = ROTATE_EXAMPLES)]
pub(crate) struct Rotate {
    /// The algorithm whose key rotates
    #[arg(long, value_name = "ALG", default_value = "ES256")]
    alg: String,
    /// Even if caches may not know the next key yet
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    again: Again,
}

const REVOKE_EXAMPLES: &str = "\
Examples:
  jeton signing-key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs \\
      --why leaked --yes

For a key that others may hold: nothing it ever signed is accepted any more,
and the next key signs at once.";

/// Emergency: trust nothing that a key ever signed; asks first
#[derive(Args, Debug)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(crate) struct Revoke {
    /// Its `kid`
    kid: String,
    #[command(flatten)]
    why: Why,
}

impl SigningKey {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            SigningKey::List(List { pages }) => pages.show(context, PATH, keys::list),
            SigningKey::Rotate(Rotate { alg, force, again }) => {
                let rotated = again.post(&server, &format!("{PATH}/rotate"), &json!({ "alg": alg, "force": force }))?;
                context.show(&rotated, |rotated, _| format!("{} signs {} tokens from now on.\n", member(rotated, "current"), alg))
            }
            SigningKey::Revoke(Revoke { kid, why }) => {
                context.confirm(&format!("Trust nothing that {kid} ever signed? Every token it signed dies at once."))?;
                server.delete_with(&format!("{PATH}/{}", segment(kid)), &why.body())?;
                context.say(&format!("{kid} is revoked: nothing it signed is accepted any more."))
            }
        }
    }
}
