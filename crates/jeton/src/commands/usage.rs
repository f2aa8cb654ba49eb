//! `jeton usage`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::percent::segment;
use super::time;
use crate::render::usage;

const EXAMPLES: &str = "\
Examples:
  jeton usage
  jeton usage client:worker --resolution minute --last 1h
  jeton usage api:https://orders.example --resolution day --last 30d
  jeton usage unused --days 90
  jeton usage shared
  jeton usage client:worker --from 2027-01-15T00:00:00Z \\
      --until 2027-01-16T00:00:00Z --json

A subject is `all`; `client:` and a name or id; `api:` and an audience or id;
`key:` or `client_secret:` and an id; `unknown`, whose texts are no tokens of
ours; or `other`, all that came after as many as are told apart. Minutes are
kept for a day, hours for 30 days, days for 13 months.";

/// How often tokens were issued and used, by whom, and how it went
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Usage {
    #[command(subcommand)]
    look: Option<Look>,
    /// Whose use: all, client:NAME, api:URI, key:ID, unknown, other
    #[arg(default_value = "all")]
    subject: String,
    /// What is counted together
    #[arg(long, value_name = "LENGTH", default_value = "hour")]
    resolution: Resolution,
    /// How far back (1h of minutes, 24h of hours, 30d of days if left out)
    #[arg(long, value_name = "TIME", value_parser = duration::seconds, conflicts_with = "from")]
    last: Option<i64>,
    /// From when on
    #[arg(long, value_name = "WHEN", value_parser = time::second)]
    from: Option<i64>,
    /// Up to when; now if left out
    #[arg(long, value_name = "WHEN", value_parser = time::second)]
    until: Option<i64>,
}

/// What else there is to see.
#[derive(Subcommand, Debug)]
enum Look {
    /// What is granted and was not used: clients, secrets, keys, APIs, scopes, roles
    #[command(after_help = UNUSED_EXAMPLES)]
    Unused {
        /// For how many days
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=400))]
        days: u64,
    },
    /// The keys that two applications use, in the last 7 days
    #[command(after_help = SHARED_EXAMPLES)]
    Shared,
}

const UNUSED_EXAMPLES: &str = "\
Examples:
  jeton usage unused
  jeton usage unused --days 90 --json

Scopes are those that an API names when it checks a key, and that a client
names when it asks for a token; where nobody names any, none are listed. APIs
and scopes of a client and roles of people and groups are listed once they were
granted, and their uses remembered, for so long.";

const SHARED_EXAMPLES: &str = "\
Examples:
  jeton usage shared
  jeton usage shared --json

It shows by hours in which a key came from two networks or more, by two kinds
of agents or more: two such hours, as far as APIs name both when they check a
key. Give each application a key of its own, and revoke this one.";

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Resolution {
    /// Kept for a day
    Minute,
    /// Kept for 30 days
    Hour,
    /// Kept for 13 months
    Day,
}

impl Usage {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self.look {
            Some(Look::Unused { days }) => unused(days, context),
            Some(Look::Shared) => context.show(&context.server()?.get("/api/v1/usage/shared")?, usage::shared),
            None => self.series(context),
        }
    }

    fn series(&self, context: &Context) -> Result<(), Failure> {
        let resolution = match self.resolution {
            Resolution::Minute => "minute",
            Resolution::Hour => "hour",
            Resolution::Day => "day",
        };
        let end = self.until.unwrap_or(context.now_seconds + 1);
        let from = self.from.or(self.last.map(|seconds| end.saturating_sub(seconds).max(0)));
        let mut path = format!("/api/v1/usage?subject={}&resolution={resolution}", segment(&self.subject));
        for (name, seconds) in [("from", from), ("until", self.until)] {
            path.extend(seconds.map(|seconds| format!("&{name}={seconds}")));
        }
        context.show(&context.server()?.get(&path)?, usage::series)
    }
}

/// Page after page: some are short.
fn unused(days: u64, context: &Context) -> Result<(), Failure> {
    let server = context.server()?;
    let path = format!("/api/v1/usage/unused?days={days}");
    let mut all = server.get(&path)?;
    while let Some(next) = all.get("next").and_then(Value::as_str).map(str::to_owned) {
        let mut page = server.get(&format!("{path}&cursor={next}"))?;
        let more = page.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        if let Some(items) = all.get_mut("items").and_then(Value::as_array_mut) {
            items.extend(more);
        }
        if let Some(object) = all.as_object_mut() {
            object.remove("next");
            object.extend(page.get("next").map(|next| ("next".to_owned(), next.clone())));
        }
    }
    context.show(&all, usage::unused)
}
