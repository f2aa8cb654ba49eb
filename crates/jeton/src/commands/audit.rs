//! `jeton audit`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use jeton_http::api::rfc3339;
use jeton_store::ledger::checkpoint::Checkpoint as Kept;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input;
use super::options::Output;
use super::percent::segment;
use super::progress::Progress;
use super::server::Server;
use super::time::{self, Since};
use crate::closed_folder;
use crate::render::text::items;
use crate::render::{entries, reports};

const ENTRIES: &str = "/api/v1/audit/entries";

const EXAMPLES: &str = "\
Examples:
  jeton audit tail
  jeton audit show 4711
  jeton audit verify
  jeton audit checkpoint";

/// The ledger: who changed what, and whether it is whole
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Audit {
    Tail(Box<Tail>),
    Show(Show),
    Verify(Verify),
    Checkpoint(Checkpoint),
}

const TAIL_EXAMPLES: &str = "\
Examples:
  jeton audit tail -n 50
  jeton audit tail --follow
  jeton audit tail --client nightly --since 2026-11-26
  jeton audit tail --kind api_key.revoked --since 1h
  jeton audit tail --user ada --kind role
  jeton audit tail --by ada --since 7d
  jeton audit tail --owner external:acme
  jeton audit tail --from 0 -n 1000 -o jsonl

A table cuts what is too long for its line: `jeton audit show NUMBER` and
-o jsonl have all of it. Where no server runs, the data folder is read, without
filters. What is gone is named by its id.";

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
    /// Only those of a kind, as api_key.revoked, or of all of a thing, as
    /// api_key
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only what somebody did, themselves or with a key of theirs: a username,
    /// client:NAME, group:NAME, key:ID, unix:UID or system
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Only what was done to or with a client: its name or id. The tokens
    /// that it gets are counted, not named: `jeton usage client:NAME`
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// Only what was done to a person: their username or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only what was done to a group: its name or id
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only what was done to an API, or names it: its audience or id
    #[arg(long, value_name = "URI")]
    api: Option<String>,
    /// Only what was done to the keys of an owner, as --owner of
    /// `jeton key create`
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only what was done to a key or by whoever holds it: its id
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only from this time on: 1h or 7d ago, 2026-11-26, or
    /// 2026-11-26T12:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = time::since)]
    since: Option<Since>,
    /// Wait for more, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  jeton audit show 4711
  jeton audit show 4711 --json | jq .data";

/// Show one entry of the ledger, all of it
#[derive(Args, Debug)]
#[command(after_help = SHOW_EXAMPLES)]
pub(crate) struct Show {
    /// Its number: see `jeton audit tail`
    number: u64,
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
            Audit::Show(Show { number }) => show(context, *number),
            Audit::Verify(verify) => verify.run(context),
            Audit::Checkpoint(Checkpoint) => context.show_as_written(&context.server()?.get("/api/v1/audit/checkpoint")?, "note"),
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

fn show(context: &Context, number: u64) -> Result<(), Failure> {
    let page = if context.is_closed() {
        closed_folder::entries(&context.options.data, Some(number), 1).map_err(|sentence| Failure::could_not(sentence, ""))?
    } else {
        context.server()?.get(&format!("{ENTRIES}?from={number}&limit=1"))?
    };
    let entry = items(&page).first().filter(|entry| entry.get("sequence").and_then(Value::as_u64) == Some(number));
    let entry = entry.ok_or_else(|| Failure::no(format!("there is no entry {number}"), "`jeton audit tail` shows the last ones"))?;
    context.show(entry, entries::show)
}

impl Tail {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        if !self.follow && context.is_closed() {
            if !self.filters(context).is_empty() {
                return Err(Failure::usage(
                    "no server runs: the data folder is read without filters",
                    "start the server, or take what you look for out of `jeton audit tail -n 1000 -o jsonl`",
                ));
            }
            let page = closed_folder::entries(&context.options.data, self.from, self.lines);
            return context.show(&page.map_err(|sentence| Failure::could_not(sentence, ""))?, entries::list);
        }
        let (server, filters) = (context.server()?, self.filters(context));
        let first = match self.from {
            Some(from) => self.read_on(&server, from, &filters)?,
            None => self.last(&server, &filters)?,
        };
        if !self.follow {
            return context.show(&first, entries::list);
        }
        if matches!(context.options.output(), Output::Table | Output::Wide) {
            context.print(&entries::heading())?;
        }
        self.print_each(context, &first)?;
        let mut next = looked_until(&first);
        let interval = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = interval.map_err(|error| Failure::could_not(error.to_string(), "try again"))?;
        loop {
            runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
            let more = server.get(&format!("{ENTRIES}?from={next}&limit=1000{filters}"))?;
            self.print_each(context, &more)?;
            next = looked_until(&more);
        }
    }

    /// What is asked beside where and how many.
    fn filters(&self, context: &Context) -> String {
        let since = self.since.map(|since| rfc3339::format(since.second(context.now_seconds)));
        let filters = [
            ("kind", &self.kind),
            ("by", &self.by),
            ("client", &self.client),
            ("user", &self.user),
            ("group", &self.group),
            ("api", &self.api),
            ("owner", &self.owner),
            ("key", &self.key),
            ("since", &since),
        ];
        filters.into_iter().filter_map(|(name, text)| Some(format!("&{name}={}", segment(text.as_ref()?)))).collect()
    }

    /// The last entries. One answer looks at so many: it goes on until as many are found, or all were looked at.
    fn last(&self, server: &Server, filters: &str) -> Result<Value, Failure> {
        let (mut found, mut before): (Vec<Value>, Option<u64>) = (vec![], None);
        let mut newest = Value::Null;
        loop {
            let place = before.map(|before| format!("&before={before}")).unwrap_or_default();
            let left = self.lines - found.len() as u64;
            let page = server.get(&format!("{ENTRIES}?last={left}{place}{filters}"))?;
            found.splice(0..0, items(&page).iter().cloned());
            before = page.get("before").and_then(Value::as_u64);
            if newest.is_null() {
                newest = page;
            }
            if before.is_none() || found.len() as u64 >= self.lines {
                return Ok(json!({ "items": found, "size": member(&newest, "size"), "looked_until": member(&newest, "looked_until") }));
            }
        }
    }

    /// Entries from one on, in the same way.
    fn read_on(&self, server: &Server, from: u64, filters: &str) -> Result<Value, Failure> {
        let (mut found, mut from): (Vec<Value>, u64) = (vec![], from);
        loop {
            let left = self.lines - found.len() as u64;
            let page = server.get(&format!("{ENTRIES}?from={from}&limit={left}{filters}"))?;
            found.extend(items(&page).iter().cloned());
            from = looked_until(&page);
            if page.get("next").is_none() || found.len() as u64 >= self.lines {
                return Ok(json!({ "items": found, "size": member(&page, "size"), "looked_until": from }));
            }
        }
    }

    fn print_each(&self, context: &Context, page: &Value) -> Result<(), Failure> {
        items(page).iter().try_for_each(|entry| match context.options.output() {
            Output::Table | Output::Wide => context.print(&entries::line(entry, &context.view())),
            Output::Json | Output::Jsonl => context.print_line(entry),
        })
    }
}

/// The number behind the last entry that was looked at.
fn looked_until(page: &Value) -> u64 {
    page.get("looked_until").and_then(Value::as_u64).unwrap_or_default()
}

fn member(page: &Value, name: &str) -> Value {
    page.get(name).cloned().unwrap_or(Value::Null)
}
