//! `jeton diff`.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::plan::Plan;
use crate::render::changes;

const EXAMPLES: &str = "\
Examples:
  jeton diff deployment.toml
  jeton diff deployment/ --prune

Exits with 1 where something differs, as `diff` does.";

/// Tell what `jeton apply` would change
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Diff {
    /// Files, or folders of *.toml; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Also what the files do not name, of the kinds that they name
    #[arg(long)]
    prune: bool,
}

impl Diff {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let plan = Plan::make(&context.server()?, &self.files, self.prune)?;
        context.show(&plan.to_json(), changes::list)?;
        let apply = if self.prune { "make it so: `jeton apply FILE --prune`" } else { "make it so: `jeton apply FILE`" };
        if plan.is_empty() { Ok(()) } else { Err(Failure::no("the deployment is not as the files say", apply)) }
    }
}
