//! `jeton check`.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use crate::render::reports;

const EXAMPLES: &str = "\
Examples:
  jeton check
  jeton check --full

Exit code 1 if anything is not as it was written.";

/// Look for damage in the data folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Read every page and row
    #[arg(long)]
    full: bool,
}

impl Check {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        let mut progress = Progress::new("parts read");
        let report = server.post_watched("/api/v1/check", &json!({ "full": self.full }), |done, total| progress.show(done, total));
        drop(progress);
        let report = report?;
        context.show(&report, reports::check)?;
        let hint = "keep a copy of the data folder, and restore the last backup into another one";
        if reports::is_clean(&report) { Ok(()) } else { Err(Failure::no("the data folder is damaged", hint)) }
    }
}
