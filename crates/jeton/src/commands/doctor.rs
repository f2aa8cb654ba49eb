//! `jeton doctor`.

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use crate::render::doctor;

const EXAMPLES: &str = "\
Examples:
  jeton doctor
  jeton doctor --json | jq '.practices[] | {practice, grade}'

Exit code 1 if a check of high or critical severity fails. What was not
observed is not known, and is no A.";

/// Grade how this deployment keeps to the practices of token security
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor;

impl Doctor {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let report = context.server()?.get("/api/v1/doctor")?;
        context.show(&report, doctor::report)?;
        match doctor::grave(&report) {
            0 => Ok(()),
            count => Err(Failure::no(
                format!("checks of high or critical severity that failed: {count}"),
                "do what `command` says, and ask again",
            )),
        }
    }
}
