//! `jeton audit`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::options::Output;
use super::progress::Progress;
use super::server::Server;
use crate::render::text::{items, member};
use crate::render::{entries, reports};

const ENTRIES: &str = "/api/v1/audit/entries";

const EXAMPLES: &str = "\
Examples:
  jeton audit tail
  jeton audit verify
  jeton audit checkpoint";

/// The ledger: who changed what, and whether it is whole
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Audit {
    Tail(Tail),
    Verify(Verify),
    Checkpoint(Checkpoint),
}

const TAIL_EXAMPLES: &str = "\
Examples:
  jeton audit tail -n 50
  jeton audit tail --follow
  jeton audit tail --from 0 -n 1000 -o jsonl";

/// Show the last entries of the ledger
#[derive(Args, Debug)]
#[command(after_help = TAIL_EXAMPLES)]
pub(crate) struct Tail {
    /// How many entries, 1000 at most
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    lines: u64,
    /// Begin at this entry
    #[arg(long, value_name = "NUMBER")]
    from: Option<u64>,
    /// Wait for more, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  jeton audit verify
  jeton audit verify --json | jq .root

Exit code 1 if an entry was changed, left out or put in.";

/// Read the whole ledger and compare every hash
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify;

const CHECKPOINT_EXAMPLES: &str = "\
Examples:
  jeton audit checkpoint > checkpoint.txt
  jeton audit checkpoint --json | jq -r .key

Keep checkpoints elsewhere: whoever has one can tell a ledger that was cut
or rewritten. The note is a C2SP tlog-checkpoint.";

/// Print the last signed checkpoint
#[derive(Args, Debug)]
#[command(after_help = CHECKPOINT_EXAMPLES)]
pub(crate) struct Checkpoint;

impl Audit {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Audit::Tail(tail) => tail.run(context, &server),
            Audit::Verify(Verify) => {
                let mut progress = Progress::new("entries");
                let report = server.post_watched("/api/v1/audit/verify", &json!({}), |done, total| progress.show(done, total));
                drop(progress);
                let report = report?;
                context.show(&report, reports::ledger)?;
                let hint = "stop the server, keep a copy of the data folder, and compare with a checkpoint that was kept elsewhere";
                if reports::is_clean(&report) { Ok(()) } else { Err(Failure::no("the ledger is not what was written", hint)) }
            }
            Audit::Checkpoint(Checkpoint) => {
                context.show(&server.get("/api/v1/audit/checkpoint")?, |checkpoint, _| {
                    // A note must be printed as it was signed.
                    checkpoint.get("note").and_then(Value::as_str).unwrap_or_default().to_owned()
                })
            }
        }
    }
}

impl Tail {
    fn run(&self, context: &Context, server: &Server) -> Result<(), Failure> {
        let first = match self.from {
            Some(from) => server.get(&format!("{ENTRIES}?from={from}&limit={}", self.lines))?,
            None => server.get(&format!("{ENTRIES}?last={}", self.lines))?,
        };
        if !self.follow {
            return context.show(&first, entries::list);
        }
        self.print_each(context, &first)?;
        let mut next = next_of(&first);
        let interval = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = interval.map_err(|error| Failure::could_not(error.to_string(), "try again"))?;
        loop {
            runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
            let more = server.get(&format!("{ENTRIES}?from={next}&limit=1000"))?;
            self.print_each(context, &more)?;
            next = next_of(&more);
        }
    }

    fn print_each(&self, context: &Context, page: &Value) -> Result<(), Failure> {
        items(page).iter().try_for_each(|entry| match context.options.output() {
            Output::Table => context.print(&entries::line(entry, &context.view())),
            Output::Json | Output::Jsonl => context.print(&format!("{entry}\n")),
        })
    }
}

fn next_of(page: &Value) -> String {
    member(page, "next")
}
