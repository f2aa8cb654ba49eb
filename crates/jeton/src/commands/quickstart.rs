//! `jeton quickstart`.

use std::process::ExitCode;

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;

const EXAMPLES: &str = "\
Examples:
  jeton quickstart
  jeton quickstart --exit --data /tmp/jeton-tour

A second start on the same folder keeps everything that is in it.";

/// See a token's life, step by step, from an empty folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Quickstart {
    #[command(flatten)]
    serving: Serving,
    /// Stop after the tour; exit code 0 only if each step did what it should
    #[arg(long)]
    exit: bool,
}

impl Quickstart {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, Failure> {
        let quickstart = crate::quickstart::Quickstart { overrides: self.serving.overrides(context), exit: self.exit };
        crate::quickstart::run(&quickstart).map_err(|sentence| Failure::no(sentence, ""))
    }
}
