//! `jeton revoke`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::subjects::{self, MANY, Subjects};
use super::time::{self, Time};
use super::why::Why;
use crate::render::revocations;

const EXAMPLES: &str = "\
Examples:
  jeton revoke - < token.txt
  jeton revoke 019967c5a3807d2f8e51b0a4c3d2e1f0 --yes
  jeton revoke --client worker --why 'case 4711: laptop lost' --yes
  jeton revoke --api https://orders.example --before 2026-01-31T12:00:00Z
  jeton revoke --owner external:acme --dry-run
  jeton revoke --everything --before now --dry-run

A revocation is final. It holds here before the answer comes, and at every
connected verifier within a moment. It asks first, also of one token, key or
secret, or does it with --yes; what `-` hands in is ended without a question.

Of a client, an API, a person, a group or the whole server, keys end with the
tokens; the secrets of clients go on. Of a person, sessions and refresh tokens
end as well.";

const USAGE: &str = "\
jeton revoke [--dry-run] <ID|-|FILE>
       jeton revoke [--dry-run] --key <ID>
       jeton revoke [--dry-run] [--before <now|TIME>] --client <CLIENT>
       jeton revoke [--dry-run] [--before <now|TIME>] --api <URI>
       jeton revoke [--dry-run] [--before <now|TIME>] --user <USER>
       jeton revoke [--dry-run] [--before <now|TIME>] --group <GROUP>
       jeton revoke [--dry-run] [--before <now|TIME>] --owner <OWNER>
       jeton revoke [--dry-run] [--before <now|TIME>] --session <SID>
       jeton revoke [--dry-run] [--before <now|TIME>] --family <GID>
       jeton revoke [--dry-run] [--before <now|TIME>] --everything";

/// End a token, key or secret, or all of a client, an API … issued before a time; asks first
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(crate) struct Revoke {
    #[command(flatten)]
    subjects: Subjects,
    /// All there are, of every client and for every API
    #[arg(long, group = "subject", help_heading = MANY)]
    everything: bool,
    /// Only what was issued before: now (the default), a time as
    /// 2026-01-31T12:00:00Z, or seconds since 1970
    #[arg(long, value_name = "now|TIME", value_parser = time::now_or_second, conflicts_with_all = ["token", "key"])]
    before: Option<Time>,
    #[command(flatten)]
    why: Why,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

const PATH: &str = "/api/v1/revocations";

impl Revoke {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (mut body, question) = self.subject()?;
        body.extend(self.before.map(|before| ("before".to_owned(), before.to_json())));
        body.extend(self.why.members());
        body.insert("dry_run".to_owned(), json!(self.dry_run));
        if let (Some(question), false) = (question, self.dry_run) {
            let is_of_many = self.subjects.one().is_none();
            let planned = is_of_many.then(|| subjects::planned(context, PATH, &body, "fell")).flatten();
            context.confirm(&revocations::question(planned.as_ref().map(revocations::fell), &question))?;
        }
        context.show(&subjects::change(&context.server()?, PATH, body, "fell")?, revocations::show)
    }

    /// What is revoked, and the question to ask before it.
    fn subject(&self) -> Result<(Map<String, Value>, Option<String>), Failure> {
        let before = self.before.unwrap_or(Time::Now);
        match self.subjects.named()? {
            Some((body, None)) => Ok((body, self.subjects.one().map(|one| format!("Refuse {one} for ever?")))),
            Some((body, Some(("owner", name)))) => Ok((body, Some(format!("End every key of {name} that was made before {before}?")))),
            Some((body, Some((kind, name)))) => {
                let question = format!("End every token and key of the {kind} {name} that was issued before {before}?");
                Ok((body, Some(question)))
            }
            None if self.everything => {
                let question =
                    format!("End EVERY token and key of this server, of every client and for every API, that was issued before {before}?");
                Ok((Map::from_iter([("everything".to_owned(), json!(true))]), Some(question)))
            }
            None if self.before.is_some() => Err(Failure::usage(
                "--before says when, and nothing says whose tokens",
                "name --client, --api …; or add --everything: every token of this server",
            )),
            None => Err(Failure::usage("nothing is named to revoke", "name a token's id, `-`, or one of --client, --api, --everything …")),
        }
    }
}
