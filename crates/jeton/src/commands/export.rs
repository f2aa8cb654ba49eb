//! `jeton export`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::options::Output;
use crate::declared::file;
use crate::declared::held::Held;
use crate::render::text::lines;

const EXAMPLES: &str = "\
Examples:
  jeton export
  jeton export --file deployment.toml

There is no secret, no key and no person in it. Of the roles that come with
Jeton it names the groups that hold them.";

/// Print APIs, clients, groups, roles and policies as a file
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// Write it to a new file; asks first where there is one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let held = Held::by(&context.server()?)?;
        let Some(path) = &self.file else {
            return match context.options.output() {
                Output::Table | Output::Wide => context.print(&lines(&file::write(&held.declared)?)),
                Output::Json | Output::Jsonl => context.show(&json!(held.declared), |_, _| String::new()),
            };
        };
        let shown = path.display();
        if path.exists() {
            context.confirm(&format!("Write over {shown}?"))?;
        }
        let unwritten = |error: std::io::Error| Failure::could_not(format!("{shown} cannot be written: {error}"), "name another file");
        let mut target = OpenOptions::new().write(true).create(true).truncate(true).open(path).map_err(unwritten)?;
        target.write_all(file::write(&held.declared)?.as_bytes()).and_then(|()| target.sync_all()).map_err(unwritten)?;
        context.say(&format!("Wrote {shown}."))
    }
}
