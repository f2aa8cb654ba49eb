//! `jeton key update`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::metadata;
use super::path::path;
use crate::commands::context::Context;
use crate::commands::duration;
use crate::commands::failure::Failure;
use crate::commands::rate::{self, Rate};
use crate::render::api_keys;

const EXAMPLES: &str = "\
Examples:
  jeton key update 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --allow-ip 192.0.2.0/24
  jeton key update 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --scope orders:read
  jeton key update 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --no-rate-limit --any-ip

What is left out stays as it is. The scopes, networks and metadata that are
named are all it has from then on.";

/// Change a key
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Update {
    /// Its id: see `jeton key list`
    #[arg(value_name = "KEY")]
    key: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// A scope it shall have; repeat it for each
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// What it is for, in your words; an empty text takes the note away
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A network that it shall be accepted from; repeat it for each
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    /// Accept it from anywhere
    #[arg(long, conflicts_with = "allow_ip")]
    any_ip: bool,
    /// How often it may be used: 100/1m, 5/1s
    #[arg(long, value_name = "COUNT/TIME", value_parser = rate::parse)]
    rate_limit: Option<Rate>,
    /// Let it be used as often as anybody likes
    #[arg(long, conflicts_with = "rate_limit")]
    no_rate_limit: bool,
    /// How often in all
    #[arg(long, value_name = "N")]
    max_uses: Option<i64>,
    /// Let it be used without end
    #[arg(long, conflicts_with = "max_uses")]
    no_max_uses: bool,
    /// A word to remember with it, all of them at once; repeat it for each
    #[arg(long, value_name = "NAME=TEXT", value_parser = metadata::word)]
    metadata: Vec<(String, String)>,
    /// Remember no word with it
    #[arg(long, conflicts_with = "metadata")]
    no_metadata: bool,
    /// How long it lives from now on
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
}

impl Update {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let path = path(&self.key)?;
        let body = self.body();
        if body.is_empty() {
            return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton key update --help`"));
        }
        context.show(&context.server()?.patch(&path, &Value::Object(body))?, api_keys::show)
    }

    fn body(&self) -> Map<String, Value> {
        // An explicit `null` takes away; what is left out stays.
        let or_none = |value: Option<Value>, is_none: bool| if is_none { Some(Value::Null) } else { value };
        let metadata = (!self.metadata.is_empty() || self.no_metadata).then(|| metadata::object(&self.metadata));
        let members = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("scope", (!self.scope.is_empty()).then(|| json!(self.scope.join(" ")))),
            ("note", self.note.as_ref().map(|note| if note.is_empty() { Value::Null } else { json!(note) })),
            ("allow_ip", (!self.allow_ip.is_empty() || self.any_ip).then(|| json!(self.allow_ip))),
            ("rate_limit", or_none(self.rate_limit.map(Rate::to_json), self.no_rate_limit)),
            ("max_uses", or_none(self.max_uses.map(|uses| json!(uses)), self.no_max_uses)),
            ("metadata", metadata),
            ("expires_in_seconds", self.expires_in.map(|seconds| json!(seconds))),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
