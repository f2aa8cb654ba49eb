//! `jeton backup`.

mod drill;
mod from;
mod go_on;
mod look;
mod restore;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::drill::Drill;
use self::look::From;
use self::restore::Restore;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use crate::render::backups;

const BACKUPS: &str = "/api/v1/backups";

const EXAMPLES: &str = "\
Examples:
  jeton backup list
  jeton backup create
  jeton backup verify
  jeton backup drill
  jeton backup restore --from /mnt/backups --identity recovery.key \\
      --root-key-file root.key --data restored";

/// Backups: what there is, another one, a look over them, drills, and a restore
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Backup {
    Create(Create),
    List(List),
    Verify(Verify),
    Drill(Drill),
    Restore(Restore),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton backup create
  jeton backup create --json | jq -r .id

A server makes one each day by itself (`backup_every`), and ships the ledger's
tail each second. Issuing goes on while one is made. Once begun it is finished,
also where this command is ended; one that is asked for meanwhile comes after
it.";

/// Make a backup now
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create;

const LIST_EXAMPLES: &str = "\
Examples:
  jeton backup list
  jeton backup list --json | jq '.snapshots[-1]'
  jeton backup list --from /mnt/backups

With --from the target is looked at where it lies, without a server, which may
be lost: the names of the snapshots and tails say when. With --identity and
--root-key-file it says of each snapshot until when it goes, too.";

/// List the backups, and say how they stand
#[derive(Args, Debug)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct List {
    #[command(flatten)]
    from: From,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  jeton backup verify
  jeton backup verify --from /mnt/backups --identity recovery.key \\
      --root-key-file root.key

Everything on the target is opened and compared with its digests; nothing is
restored. Exit code 1 if anything is missing, cut off or damaged: each is
named. With --from it is done here, without a server, and receipts of drills
are counted alone: the key that signs them is in the ledger.";

/// Open everything on the backup target, and name what is wrong
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    #[command(flatten)]
    from: From,
}

impl Backup {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Backup::Create(Create) => context.show(&watched(context, BACKUPS, "lines of the snapshot")?, backups::made),
            Backup::List(List { from }) => match from.named()? {
                Some(named) => context.show(&named.list()?, backups::on_target),
                None => context.show(&context.server()?.get(BACKUPS)?, backups::list),
            },
            Backup::Verify(Verify { from }) => {
                let found = match from.named()? {
                    Some(named) => named.verify()?,
                    None => watched(context, "/api/v1/backups/verify", "objects")?,
                };
                context.show(&found, backups::verified)?;
                let is_whole = found.get("problems").and_then(Value::as_array).is_some_and(Vec::is_empty);
                let hint = "make another backup, `jeton backup create`, and look at the disk or the bucket";
                if is_whole { Ok(()) } else { Err(Failure::no("not everything on the backup target is whole", hint)) }
            }
            Backup::Drill(drill) => drill.run(context),
            Backup::Restore(restore) => restore.run(context),
        }
    }
}

/// Asks for work that takes long, and shows how far it is.
fn watched(context: &Context, path: &str, what: &'static str) -> Result<Value, Failure> {
    let (server, mut progress) = (context.server()?, Progress::new(what));
    server.post_watched(path, &json!({}), |done, total| progress.show(done, total))
}
