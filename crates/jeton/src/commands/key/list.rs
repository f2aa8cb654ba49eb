//! `jeton key list`.

use clap::Args;
use jeton_http::api::rfc3339;

use super::path::PATH;
use crate::commands::context::Context;
use crate::commands::duration;
use crate::commands::failure::Failure;
use crate::commands::pages::Pages;
use crate::commands::sought::with_query;
use crate::render::api_keys;

const EXAMPLES: &str = "\
Examples:
  jeton key list
  jeton key list --owner external:acme --state active
  jeton key list --search 'acme nightly'
  jeton key list --expires-within 30d --unused-for 30d
  jeton key list --kind pat --older-than 90d --order expires
  jeton key list --all -o jsonl | jq -r .id";

/// List the keys, the newest first; never their text
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// Only this owner's
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only those for this API
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
    /// Only those that stand so; by their ends
    #[arg(long, value_name = "STATE", value_parser = ["active", "suspended", "expired", "revoked"])]
    state: Option<String>,
    /// Only those with words that begin so in their name, owner, note or metadata, or an id that does
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that are active and end within this time; the soonest first
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_within: Option<i64>,
    /// Only those that nobody has used for this time
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    unused_for: Option<i64>,
    /// Only those that were made within this time
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    created_within: Option<i64>,
    /// Only those that were made longer ago than this
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    older_than: Option<i64>,
    /// Only those of this kind; pat: the personal access tokens of people
    #[arg(long, value_name = "KIND", value_parser = ["key", "pat"])]
    kind: Option<String>,
    /// Only those for tests
    #[arg(long, conflicts_with = "live")]
    test: bool,
    /// Only those for anything but tests
    #[arg(long)]
    live: bool,
    /// What comes first: the newest (created) or what ends soonest (expires)
    #[arg(long, value_name = "ORDER", value_parser = ["created", "expires"])]
    order: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let path = self.path(context.now_seconds);
        let is_all = path == PATH;
        self.pages.show(context, &path, |keys, view| api_keys::list(keys, is_all, view))
    }

    fn path(&self, now_seconds: i64) -> String {
        let time = |seconds: i64| rfc3339::format(seconds);
        let is_soon = self.expires_within.is_some();
        let state = self.state.clone().or_else(|| is_soon.then(|| "active".to_owned()));
        let parameters = [
            ("owner", self.owner.clone()),
            ("audience", self.audience.clone()),
            ("state", state),
            ("search", self.search.clone()),
            ("expires_before", self.expires_within.map(|seconds| time(now_seconds.saturating_add(seconds)))),
            ("unused_since", self.unused_for.map(|seconds| time(now_seconds.saturating_sub(seconds)))),
            ("created_after", self.created_within.map(|seconds| time(now_seconds.saturating_sub(seconds)))),
            ("created_before", self.older_than.map(|seconds| time(now_seconds.saturating_sub(seconds)))),
            ("kind", self.kind.clone()),
            ("environment", self.test.then(|| "test".to_owned()).or_else(|| self.live.then(|| "live".to_owned()))),
            ("order", self.order.clone()),
        ];
        with_query(PATH, parameters.into_iter())
    }
}
