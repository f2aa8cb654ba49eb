//! `jeton check`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use crate::config::FILE_NAME;
use crate::integrity::check_folder;
use crate::render::reports;

const EXAMPLES: &str = "\
Examples:
  jeton check
  jeton check --full

The server is asked; where none runs, --full reads the data folder itself.
Exit code 1 if anything is not as it was written.";

/// Look for damage in the data folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Read every page and row, and compare the rows with the ledger
    #[arg(long)]
    full: bool,
}

impl Check {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let data = &context.options.data;
        if !context.has_server() && data.is_dir() {
            if !data.join("jeton.db").exists() && data.join(FILE_NAME).exists() {
                let start = format!("start it with `jeton serve --data {}`", data.display());
                return Err(Failure::could_not(format!("{} was not started yet: there is nothing in it to check", data.display()), start));
            }
            if !self.full {
                let hint = format!("`jeton check --full --data {}` reads the folder itself", data.display());
                return Err(Failure::could_not(format!("no server runs on {}", data.display()), hint));
            }
        }
        let mut progress = Progress::new("parts read");
        // A folder that no server has open is checked here: also one that does not open any more.
        let report = if self.full && data.is_dir() && !context.has_server() {
            check_here(data, &mut progress)
        } else {
            let server = context.server()?;
            server.post_watched("/api/v1/check", &json!({ "full": self.full }), |done, total| progress.show(done, total))
        };
        drop(progress);
        let report = report?;
        context.show(&report, reports::check)?;
        let hint = "keep a copy of the data folder, and restore the last backup into another one: `jeton backup restore --from TARGET \
                    --identity FILE --root-key-file FILE --data FOLDER`";
        if reports::is_clean(&report) { Ok(()) } else { Err(Failure::no("the data folder is damaged", hint)) }
    }
}

fn check_here(data: &Path, progress: &mut Progress) -> Result<Value, Failure> {
    let report = check_folder(data, &mut |done, total| progress.show(done, total));
    let report = report.map_err(|sentence| Failure::could_not(sentence, ""))?;
    serde_json::to_value(report).map_err(|error| Failure::could_not(error.to_string(), ""))
}
