//! `jeton audit`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use jeton_store::ledger::checkpoint::Checkpoint as Kept;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input;
use super::options::Output;
use super::progress::Progress;
use crate::closed_folder;
use crate::render::text::{items, lines};
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
  jeton audit tail --from 0 -n 1000 -o jsonl

A table cuts what is too long for its line; -o jsonl has all of it. Where no
server runs, the data folder is read.";

/// Show the last entries of the ledger
#[derive(Args, Debug)]
#[command(after_help = TAIL_EXAMPLES)]
pub(crate) struct Tail {
    /// How many entries, 1000 at most
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=1_000))]
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
  jeton audit verify --checkpoint kept.txt

While a server holds the data folder, the server is asked, and reads what it
wrote itself. Stop it, and this command reads the folder: then no server has
to be believed. Whoever can write the folder can still make a ledger up from
its first entry: --checkpoint finds that too, with a checkpoint that you kept
elsewhere (`jeton audit checkpoint > kept.txt`).

Exit code 1 if an entry was changed, left out or put in.";

/// Read the whole ledger and compare every hash
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    /// A checkpoint kept elsewhere, to compare with: `-`, standard input; or
    /// a file
    #[arg(long, value_name = "-|FILE")]
    checkpoint: Option<PathBuf>,
}

const CHECKPOINT_EXAMPLES: &str = "\
Examples:
  jeton audit checkpoint > checkpoint.txt
  jeton audit checkpoint --json | jq -r .key

Keep checkpoints elsewhere: whoever has one can tell a ledger that was cut
or rewritten. The note is a C2SP tlog-checkpoint. The server is asked: it must
run.";

/// Print the last signed checkpoint
#[derive(Args, Debug)]
#[command(after_help = CHECKPOINT_EXAMPLES)]
pub(crate) struct Checkpoint;

impl Audit {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Audit::Tail(tail) => tail.run(context),
            Audit::Verify(verify) => verify.run(context),
            Audit::Checkpoint(Checkpoint) => {
                context.show(&context.server()?.get("/api/v1/audit/checkpoint")?, |checkpoint, _| {
                    // A note must be printed as it was signed.
                    lines(checkpoint.get("note").and_then(Value::as_str).unwrap_or_default())
                })
            }
        }
    }
}

impl Verify {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let kept = self.checkpoint.as_deref().map(read_checkpoint).transpose()?;
        let mut progress = Progress::new("entries");
        let (report, reader) = if context.is_closed() {
            let report = closed_folder::verify_ledger(&context.options.data, kept.as_ref(), &mut |rows| progress.show(rows, rows));
            let report = report.map_err(|sentence| Failure::could_not(sentence, ""))?;
            (serde_json::to_value(report).map_err(|error| Failure::could_not(error.to_string(), ""))?, "command")
        } else if kept.is_some() && context.has_server() {
            return Err(Failure::usage(
                "a server holds this data folder: it would compare the checkpoint with itself",
                "stop it first, then try again: this command reads the folder then",
            ));
        } else {
            let watched = |done, total| progress.show(done, total);
            (context.server()?.post_watched("/api/v1/audit/verify", &json!({}), watched)?, "server")
        };
        drop(progress);
        let mut report = report;
        if let Some(members) = report.as_object_mut() {
            members.insert("read_by".to_owned(), json!(reader));
        }
        context.show(&report, reports::ledger)?;
        let hint = "keep a copy of the data folder as it is, and compare with a checkpoint that was kept elsewhere: --checkpoint";
        if reports::is_clean(&report) { Ok(()) } else { Err(Failure::no("the ledger is not what was written", hint)) }
    }
}

fn read_checkpoint(source: &Path) -> Result<Kept, Failure> {
    let note = input::text(source, "the checkpoint")?;
    Kept::read(&note).ok_or_else(|| {
        Failure::usage("this is no checkpoint of a ledger", "hand in what `jeton audit checkpoint` printed, as it was printed")
    })
}

impl Tail {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        if !self.follow && context.is_closed() {
            let page = closed_folder::entries(&context.options.data, self.from, self.lines);
            return context.show(&page.map_err(|sentence| Failure::could_not(sentence, ""))?, entries::list);
        }
        let server = context.server()?;
        let first = match self.from {
            Some(from) => server.get(&format!("{ENTRIES}?from={from}&limit={}", self.lines))?,
            None => server.get(&format!("{ENTRIES}?last={}", self.lines))?,
        };
        if !self.follow {
            return context.show(&first, entries::list);
        }
        self.print_each(context, &first)?;
        let size = first.get("size").and_then(Value::as_u64).unwrap_or_default();
        let mut next = next_of(&first, self.from.unwrap_or(size));
        let interval = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = interval.map_err(|error| Failure::could_not(error.to_string(), "try again"))?;
        loop {
            runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
            let more = server.get(&format!("{ENTRIES}?from={next}&limit=1000"))?;
            self.print_each(context, &more)?;
            next = next_of(&more, next);
        }
    }

    fn print_each(&self, context: &Context, page: &Value) -> Result<(), Failure> {
        items(page).iter().try_for_each(|entry| match context.options.output() {
            Output::Table => context.print(&entries::line(entry, &context.view())),
            Output::Json | Output::Jsonl => context.print_line(entry),
        })
    }
}

/// The number of the entry after those of a page; without any, the one that was asked for.
fn next_of(page: &Value, asked: u64) -> u64 {
    let last = items(page).last().and_then(|entry| entry.get("sequence")).and_then(Value::as_u64);
    last.map_or(asked, |last| last.saturating_add(1))
}
