//! `jeton apply`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::options::Output;
use super::plan::Plan;
use crate::render::changes;

const EXAMPLES: &str = "\
Examples:
  jeton apply jeton.toml --dry-run
  jeton apply deployment/ --prune
  jeton export --file jeton.toml

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
        if context.options.output() == Output::Table {
            context.print(&changes::list(&plan.to_json(), &context.view()))?;
        }
        context.confirm(&format!("Make {}?", plan.in_words()))?;
        let mut made = Vec::new();
        let done = plan.carry_out(&server, |answer| made.push(answer));
        let secrets: Vec<Value> = made.into_iter().filter(|answer| answer.get("client_secret").is_some()).collect();
        let mut told = plan.to_json();
        if let Some(told) = told.as_object_mut() {
            told.insert("clients".to_owned(), json!(secrets));
        }
        // Before what went wrong: these secrets are told nowhere else.
        context.show(&told, changes::secrets)?;
        done.map(|_| ())
    }
}
