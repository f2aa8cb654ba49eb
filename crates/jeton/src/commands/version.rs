use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  jeton version
  jeton version --json";

/// Say which version this is
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Version;

impl Version {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        context.show(&json!({ "version": env!("CARGO_PKG_VERSION") }), |_, _| format!("jeton {}\n", env!("CARGO_PKG_VERSION")))
    }
}
