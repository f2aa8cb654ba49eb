//! `jeton backup restore`: a data folder made of a backup, and the gap that may be left.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jeton_backup::put_back::PutBack;
use jeton_backup::restore::{Other, Step};
use jeton_core::moment::Time;
use jeton_store::ledger::checkpoint::Checkpoint;
use jeton_token::TokenId;
use serde_json::{Value, json};

use super::from::{incarnation, place, read_identity, refuse_among};
use super::go_on::GoOn;
use crate::backup::{Making, Restoring};
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::{input, time};
use crate::interrupted::{self, Ended};
use crate::render::backups;
use crate::{apart, root_file};

const EXAMPLES: &str = "\
Examples:
  jeton backup restore --from /mnt/backups --identity recovery.key \\
      --root-key-file root.key --data restored
  jeton backup restore --from s3://backups/jeton --identity recovery.key \\
      --root-key-file root.key --data restored --until 2026-11-26T12:00:00Z
  jeton backup restore accept-gap

jeton.toml and the access log come back as they were when the snapshot was made.
The folder of --data must be empty, or not there; on a failure nothing is left
of it. What was revoked, rotated out or spent stays so: also with --until, which
takes back what was given since, and not what was taken.

Where it cannot be shown that the end of the ledger is there, every access token
and session from before is dead, and keys, client secrets, clients with keys of
their own, refresh tokens and passwords are refused until `accept-gap`. It can
be shown where the server had stopped in order, or ships with
`revocation_durability = \"sync\"`, and told no target that it goes on with
another. Not where a server went on from that ledger beside the folder that is
made: the answer names it, and until when it wrote; --incarnation makes a folder
of that one. The answer says until when nothing is missing, and why;
--checkpoint shows it until that was signed, or that something is missing.";

/// Make a data folder of a backup
#[derive(Args, Debug)]
#[command(
    override_usage = "jeton backup restore --from TARGET --identity FILE \\\n           --root-key-file FILE --data DIR [OPTIONS]\n       jeton backup restore accept-gap"
)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Restore {
    #[command(subcommand)]
    command: Option<RestoreCommand>,
    /// Where the backups are: a folder, or s3://bucket/prefix with the usual
    /// AWS_ variables
    #[arg(long, value_name = "TARGET", required = true)]
    from: Option<String>,
    /// The file with the recovery identity, as age-keygen writes it
    #[arg(long, value_name = "FILE", required = true)]
    identity: Option<PathBuf>,
    /// The root file of the deployment that made the backups
    #[arg(long, value_name = "FILE", required = true)]
    root_key_file: Option<PathBuf>,
    /// To this time, instead of to the end
    #[arg(long, value_name = "TIME", value_parser = time::second)]
    until: Option<i64>,
    /// Of this incarnation of the ledger, instead of that of the newest
    /// snapshot: as `lacks` of a restore names it
    #[arg(long, value_name = "ID", value_parser = incarnation)]
    incarnation: Option<[u8; 16]>,
    /// The last checkpoint of that ledger that was kept elsewhere: a file, or
    /// `-` for standard input. What came after it was signed it does not show
    #[arg(long, value_name = "-|FILE")]
    checkpoint: Option<PathBuf>,
    /// Without jeton.toml and the access log that went with the backup
    #[arg(long)]
    without_files: bool,
}

#[derive(Subcommand, Debug)]
enum RestoreCommand {
    AcceptGap(AcceptGap),
}

const ACCEPT_EXAMPLES: &str = "\
Examples:
  jeton backup restore accept-gap

What was revoked in the last moments before the disk was lost may not be known.
Revoke it again first; then accept: what was made before counts again. It is
written in the ledger who did.";

/// Accept what a restore may lack: keys and secrets from before count again; asks first
#[derive(Args, Debug)]
#[command(after_help = ACCEPT_EXAMPLES)]
struct AcceptGap;

impl Restore {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.command {
            Some(RestoreCommand::AcceptGap(AcceptGap)) => accept(context),
            None => self.restore(context),
        }
    }

    fn restore(&self, context: &Context) -> Result<(), Failure> {
        let missing = || Failure::usage("--from, --identity and --root-key-file are needed", "`jeton backup restore --help` shows how");
        let from = self.from.as_deref().ok_or_else(missing)?;
        let (identity, root_file) = (self.identity.as_deref().ok_or_else(missing)?, self.root_key_file.as_deref().ok_or_else(missing)?);
        let could_not = |sentence: String| Failure::could_not(sentence, "`jeton backup restore --help` shows what is needed");
        let data = &context.options.data;
        apart::check(root_file, data).map_err(could_not)?;
        let here = std::env::current_dir().map_err(|error| could_not(error.to_string()))?;
        let place = place(from, &here, &here.join(data))?;
        refuse_among(&place, &here.join(data))?;
        let restoring = Restoring {
            place,
            identity: read_identity(identity)?,
            root_keys: root_file::read(root_file).map_err(could_not)?,
            data,
            until: self.until.map(Time::from_seconds),
            incarnation: self.incarnation,
            checkpoint: self.checkpoint.as_deref().map(read_checkpoint).transpose()?,
            is_with_files: !self.without_files,
            progress: &show,
        };
        let making = restoring.begin().map_err(could_not)?;
        let ended = interrupted::run(restoring.run(&making));
        forget();
        let made = match ended.map_err(could_not)? {
            Ended::Done(made) => made.map_err(could_not)?,
            Ended::By(signal) => return Err(given_up(signal, making)),
        };
        making.put_in_place().map_err(could_not)?;
        let go_on = GoOn::of(data, root_file, &made);
        let value = json!({
            "data": data.display().to_string(),
            "snapshot": made.snapshot,
            "entries": made.size,
            "until": jeton_http::api::rfc3339::format(made.time_seconds),
            "left_behind": made.left_behind,
            "taken_again": made.taken_again,
            "stopped": made.stopped,
            "is_complete": made.claim.is_complete(),
            "known_until": made.claim.until_seconds.map(jeton_http::api::rfc3339::format),
            "why": made.claim.why.to_string(),
            "passed_over": made.passed_over,
            "others": made.others.iter().map(other).collect::<Vec<_>>(),
            "lost_erasures": made.lost_erasures,
            "files": made.files.iter().map(shown).collect::<Vec<_>>(),
            "serve": go_on.serve,
            "ships_to": go_on.ships_to,
            "trial": go_on.trial,
        });
        context.show(&value, backups::restored)
    }
}

/// Somebody ended the program in the middle of it.
fn given_up(signal: &str, making: Making) -> Failure {
    let place = making.path();
    drop(making);
    if place.exists() {
        let left = format!("the restore was ended by {signal}, and {} cannot be removed", place.display());
        return Failure::could_not(left, "remove it: what was in the backup lies there in the clear");
    }
    Failure::could_not(format!("the restore was ended by {signal}: nothing of it is left"), "")
}

fn accept(context: &Context) -> Result<(), Failure> {
    let server = context.server()?;
    // Whoever may accept it may not be allowed to look at backups.
    let standing = server.get("/api/v1/backups").unwrap_or_default();
    context.confirm(&backups::gap_question(&standing, &context.view()))?;
    let answer = server.post("/api/v1/backups/gap/accept", &json!({}))?;
    let was_there = answer.get("accepted").and_then(Value::as_bool).unwrap_or_default();
    context.say(if was_there { "The gap is accepted: what was made before it counts again." } else { "There is no gap." })
}

/// An incarnation on the target that the folder does not come from.
fn other(other: &Other) -> Value {
    let until = other.time.map(|time| jeton_http::api::rfc3339::format(time.seconds()));
    json!({"incarnation": TokenId::from_bytes(other.incarnation).to_string(), "entries": other.size, "until": until})
}

/// A file that went with the backup.
fn shown(file: &PutBack) -> Value {
    json!({"path": file.path, "was_in": file.folder, "missing": file.missing})
}

fn read_checkpoint(source: &Path) -> Result<Checkpoint, Failure> {
    let note = input::text(source, "the checkpoint")?;
    Checkpoint::read(&note).ok_or_else(|| {
        Failure::usage("this is no checkpoint of a ledger", "hand in what `jeton audit checkpoint` printed, as it was printed")
    })
}

/// How far it is, on standard error, while somebody watches.
fn show(step: Step) {
    let mut stderr = anstream::stderr();
    if std::io::stderr().is_terminal() {
        let Step { done, of, lines } = step;
        // Nobody needs to know that it could not be shown.
        let _ = write!(stderr, "\r\u{1b}[K{done} of {of} parts, {lines} rows and entries");
    }
}

fn forget() {
    if std::io::stderr().is_terminal() {
        let _ = write!(anstream::stderr(), "\r\u{1b}[K");
    }
}
