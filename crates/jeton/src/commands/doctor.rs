//! `jeton doctor`.

use clap::Args;
use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use crate::render::doctor;

const EXAMPLES: &str = "\
Examples:
  jeton doctor
  jeton doctor --json | jq '.practices[] | {practice, grade}'
  jeton doctor --fail-under B

Exit code 1 if a check of high or critical severity fails; with --fail-under,
if the whole has a worse grade than that, or none. What was not observed is
not known: while anything is, the whole is a B at best.";

const CURE: &str = "do what each of them says, and ask again: what is told as of some minutes ago is looked at again within the hour";

/// Grade how this deployment keeps to the practices of token security
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// The worst grade of the whole that is no failure
    #[arg(long, value_name = "GRADE", ignore_case = true, value_parser = ["A", "B", "C", "D", "F"])]
    fail_under: Option<String>,
}

impl Doctor {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let report = context.server()?.get("/api/v1/doctor")?;
        context.show(&report, doctor::report)?;
        if let Some(least) = &self.fail_under {
            // The letters stand in the order of what they say.
            let is_enough = report.get("grade").and_then(Value::as_str).is_some_and(|grade| grade <= least.as_str());
            let sentence = || format!("the grade is {}, and --fail-under says {least}", doctor::grade(&report));
            return if is_enough { Ok(()) } else { Err(Failure::no(sentence(), CURE)) };
        }
        match doctor::grave(&report) {
            0 => Ok(()),
            count => Err(Failure::no(format!("checks of high or critical severity that failed: {count}"), CURE)),
        }
    }
}
