//! `jeton quickstart`.

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;
use crate::quickstart::Stopped;

const EXAMPLES: &str = "\
Examples:
  jeton quickstart
  jeton quickstart --exit --data /tmp/jeton-tour

The example API of the tour listens on 127.0.0.1:8421, or on any free port.
A second start on the tour's folder keeps everything that is in it; a folder
of another server is left alone.";

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
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let quickstart = crate::quickstart::Quickstart { overrides: self.serving.overrides(context), exit: self.exit };
        crate::quickstart::run(&quickstart).map_err(|stopped| match stopped {
            Stopped::CouldNot(sentence) => Failure::could_not(sentence, ""),
            Stopped::StepFailed(sentence) => Failure::no(sentence, ""),
        })
    }
}
