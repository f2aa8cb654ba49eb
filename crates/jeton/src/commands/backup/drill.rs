//! `jeton backup drill`: here by the server, on another machine by whoever keeps the recovery identity, and what the server hears of that.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use jeton_backup::drill::receipt::Receipt;
use jeton_backup::open::Opening;
use jeton_backup::restore::Other;
use jeton_token::TokenId;
use serde_json::{Value, json};

use super::from::{incarnation, place, read_identity, refuse_among};
use crate::backup::{Drill as Drilling, Drilled, Workplace, drilled};
use crate::clock::Clock;
use crate::commands::aside::aside;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::commands::options::word;
use crate::commands::progress::Progress;
use crate::interrupted::{self, Ended};
use crate::render::backups;
use crate::root_file;

const EXAMPLES: &str = "\
Examples:
  jeton backup drill
  jeton backup drill --from s3://backups/jeton --identity recovery.key \\
      --root-key-file root.key > receipt.txt
  jeton backup drill --receipt receipt.txt

The newest backup is restored in a folder of its own, which goes away again.
Its entries, its rows and its usage are compared with those of the server, and
what was revoked, before the snapshot or after it, must be refused. A server
does so each week by itself (`backup_drill_every`).

With --from it is done here, without a server: to see on another machine
whether the recovery identity opens the backups. It prints a receipt; hand it
to the server with --receipt. Do so every 90 days.";

/// Restore the newest backup apart, and see whether it is what it must be
#[derive(Args, Debug)]
#[command(
    override_usage = "jeton backup drill\n       jeton backup drill --from TARGET --identity FILE --root-key-file FILE\n       jeton backup drill --receipt FILE"
)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Drill {
    /// Where the backups are: a folder, or s3://bucket/prefix with the usual
    /// AWS_ variables
    #[arg(long, value_name = "TARGET", requires_all = ["identity", "root_key_file"])]
    from: Option<String>,
    /// The file with the recovery identity, as age-keygen writes it
    #[arg(long, value_name = "FILE", requires = "from")]
    identity: Option<PathBuf>,
    /// The root file of the deployment that made the backups
    #[arg(long, value_name = "FILE", requires = "from")]
    root_key_file: Option<PathBuf>,
    /// Of this incarnation of the ledger, instead of that of the newest
    /// snapshot: as `lacks` of a restore names it
    #[arg(long, value_name = "ID", value_parser = incarnation, requires = "from")]
    incarnation: Option<[u8; 16]>,
    /// The receipt of a drill that was made elsewhere: a file, or `-` for
    /// standard input
    #[arg(long, value_name = "-|FILE", conflicts_with = "from")]
    receipt: Option<PathBuf>,
}

impl Drill {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match (&self.from, &self.identity, &self.root_key_file, &self.receipt) {
            (Some(from), Some(identity), Some(root_file), _) => self.elsewhere(context, from, (identity, root_file)),
            (.., Some(receipt)) => hand_in(context, receipt),
            _ => here(context),
        }
    }

    fn elsewhere(&self, context: &Context, from: &str, (identity, root_file): (&Path, &Path)) -> Result<(), Failure> {
        let could_not = |sentence: String| Failure::could_not(sentence, "`jeton backup drill --help` shows what is needed");
        let here = std::env::current_dir().map_err(|error| could_not(error.to_string()))?;
        let source = place(from, &here, &here.join(FOLDER))?;
        refuse_among(&source, &here.join(FOLDER))?;
        let target = source.target().map_err(could_not)?;
        let opening = Opening { identity: read_identity(identity)?, root_keys: root_file::read(root_file).map_err(could_not)? };
        let shown = Arc::new(Mutex::new(Progress::new("steps of the drill")));
        let showing = shown.clone();
        let place = Arc::new(Workplace::for_drill(here.join(FOLDER)).map_err(could_not)?);
        let drill = Drilling {
            target: &target,
            opening: &opening,
            place: place.clone(),
            live: None,
            incarnation: self.incarnation,
            began: Clock::start().now(),
            progress: Arc::new(move |done, of| showing.lock().unwrap_or_else(PoisonError::into_inner).show(done, of)),
        };
        let ended = interrupted::run(drill.run()).map_err(could_not)?;
        // Nothing writes there any more.
        drop((drill, place, shown));
        let made = match ended {
            Ended::Done(made) => made,
            Ended::By(signal) => return Err(Failure::could_not(format!("the drill was ended by {signal}: nothing is left of it"), "")),
        };
        let hint = format!("`jeton backup verify --from {}` names everything that is wrong on the target", word(Path::new(from)));
        let Drilled { receipt, note, others } = made.map_err(|failure| Failure::could_not(format!("the drill failed: {failure}"), hint))?;
        if !others.is_empty() {
            aside(&format!("{}: --incarnation drills another.", which(&receipt, &others)));
        }
        let value = serde_json::to_value(drilled(&receipt, note)).unwrap_or(Value::Null);
        // As it is, so that it can be kept in a file.
        context.show_as_written(&value, "receipt")
    }
}

/// How many others are named.
const OTHERS_NAMED: usize = 8;

/// Which was drilled, where the target has others.
fn which(receipt: &Receipt, others: &[Other]) -> String {
    let name = |of: [u8; 16]| format!("tail/{}", TokenId::from_bytes(of));
    let others: Vec<String> = others.iter().take(OTHERS_NAMED).map(|other| name(other.incarnation)).collect();
    format!("Drilled was {} of {}, and the target has {} beside it", receipt.snapshot, name(receipt.incarnation), others.join(", "))
}

fn here(context: &Context) -> Result<(), Failure> {
    let mut progress = Progress::new("steps of the drill");
    let server = context.server()?;
    let made = server.post_watched("/api/v1/backups/drill", &json!({}), |done, total| progress.show(done, total));
    drop(progress);
    context.show(&made?, backups::drilled)
}

fn hand_in(context: &Context, receipt: &Path) -> Result<(), Failure> {
    let note = input::text(receipt, "the receipt")?;
    let taken = context.server()?.post("/api/v1/backups/receipts", &json!({ "receipt": note }))?;
    context.show(&taken, backups::drilled)
}

/// The folder of the drill lies in the working folder: there must be room for it, and it is nobody's.
const FOLDER: &str = ".jeton.drill";
