//! `jeton apply`.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::options::Output;
use super::plan::Plan;
use crate::render::changes;

const EXAMPLES: &str = "\
Examples:
  jeton apply deployment.toml --dry-run
  jeton apply deployment/ --prune
  jeton export --file deployment.toml

What a file leaves out is left as it is; with --prune, what the files do not
name is removed, of the kinds of thing that they name. It shows each change
and asks once. The secret of a client that is made is shown once.";

/// Make the deployment as files say
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Apply {
    /// Files, or folders of *.toml; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Remove what the files do not name, of the kinds that they name
    #[arg(long)]
    prune: bool,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
}

impl Apply {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        let plan = Plan::make(&server, &self.files, self.prune)?;
        if self.dry_run || plan.is_empty() {
            return context.show(&plan.to_json(), changes::list);
        }
        if matches!(context.options.output(), Output::Table | Output::Wide) {
            context.show(&plan.to_json(), changes::list)?;
        }
        context.confirm(&format!("Make {}?", plan.in_words()))?;
        let mut answers = Vec::new();
        let done = plan.carry_out(&server, |answer| answers.push(answer));
        // Before what went wrong: secrets are told nowhere else.
        context.show(&plan.done(&answers), |told, _| changes::done(told, done.is_ok()))?;
        done.map(|_| ())
    }
}
