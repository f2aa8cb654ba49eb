//! `jeton key list`.

use clap::Args;
use jeton_http::api::rfc3339;

use super::path::PATH;
use crate::commands::context::Context;
use crate::commands::duration;
use crate::commands::failure::Failure;
use crate::commands::pages::Pages;
use crate::commands::percent::segment;
use crate::render::api_keys;

const EXAMPLES: &str = "\
Examples:
  jeton key list
  jeton key list --owner external:acme --state active
  jeton key list --search 'acme nightly'
  jeton key list --expires-within 30d --unused-for 30d
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
    /// Only those for tests
    #[arg(long)]
    test: bool,
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
            ("environment", self.test.then(|| "test".to_owned())),
        ];
        let named: Vec<String> = parameters.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(&value?)))).collect();
        if named.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", named.join("&")) }
    }
}
