//! `jeton suspend` and `jeton resume`.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::subjects::{self, Subjects};
use super::why::Why;
use crate::render::revocations;
use crate::render::view::{View, WIDE};

const SUSPEND_EXAMPLES: &str = "\
Examples:
  jeton suspend - < key.txt
  jeton suspend --client worker --dry-run
  jeton suspend --user ada --why 'on leave until May' --yes
  jeton suspend --owner external:acme --why 'unpaid since March' --yes
  jeton resume --user ada
  jeton suspension list

What is suspended is refused, here at once and at every connected verifier
within a moment, and gets nothing new, until it is resumed. A client that is
suspended cannot prove itself either: an API whose client it is hears of no
revocations meanwhile. A revocation is final, also of what is suspended.

An owner outside is known by keys alone: those there are by now are refused,
and a new one is not.";

const RESUME_EXAMPLES: &str = "\
Examples:
  jeton resume - < key.txt
  jeton resume --client worker
  jeton resume --user ada --dry-run
  jeton resume --owner external:acme

What was suspended by itself stays so when its client, person or group is
resumed. --owner resumes each key that somebody outside has, however it came
to be suspended.";

/// Refuse a token, key or secret until it is resumed; or all of a client, an API …: asks first
#[derive(Args, Debug)]
#[command(after_help = SUSPEND_EXAMPLES)]
pub(crate) struct Suspend {
    #[command(flatten)]
    subjects: Subjects,
    #[command(flatten)]
    why: Why,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

/// Accept what was suspended again
#[derive(Args, Debug)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct Resume {
    #[command(flatten)]
    subjects: Subjects,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

const PATH: &str = "/api/v1/suspensions";

impl Suspend {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, all) = self.subjects.named()?.ok_or_else(nothing)?;
        body.extend(self.why.members());
        body.insert("dry_run".to_owned(), json!(self.dry_run));
        if let (Some((kind, name)), false) = (all, self.dry_run) {
            let question = match kind {
                "owner" => format!("Refuse every key that {name} has by now, until it is resumed?"),
                kind => format!("Refuse every token and key of the {kind} {name}, and give it nothing new, until it is resumed?"),
            };
            let planned = subjects::planned(context, PATH, &body, "suspended");
            let view = View { now_seconds: context.now_seconds, width: WIDE };
            let planned = planned.map(|planned| revocations::show_suspended(&planned, false, &view));
            context.confirm(&revocations::question(planned, &question))?;
        }
        let suspended = subjects::change(&context.server()?, PATH, body, "suspended")?;
        context.show(&suspended, |suspended, view| revocations::show_suspended(suspended, self.why.is_said(), view))
    }
}

impl Resume {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, _) = self.subjects.named()?.ok_or_else(nothing)?;
        body.insert("dry_run".to_owned(), json!(self.dry_run));
        context.show(&subjects::change(&context.server()?, "/api/v1/resumptions", body, "resumed")?, revocations::show_resumed)
    }
}

fn nothing() -> Failure {
    Failure::usage("nothing is named", "name an id, `-`, or one of --key, --client, --api, --user, --group, --owner …")
}
