//! `jeton policy`.

use clap::{ArgGroup, Args, Subcommand};
use jeton_core::policy::CredentialKind;
use serde_json::{Value, json};

use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::percent::segment;
use super::policy_exception::Exception;
use crate::render::policies;

const PATH: &str = "/api/v1/policies";

const EXAMPLES: &str = "\
Examples:
  jeton policy show
  jeton policy set client_secret --max 90d --dry-run
  jeton policy set access_token --api https://orders.example --max 15m
  jeton policy explain client_secret --client worker";

/// How long each kind of credential lives: for all, an API or a client
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Policy {
    Show(Show),
    Set(Set),
    Explain(Explain),
    #[command(subcommand)]
    Exception(Exception),
}

/// Show what each level says of each kind
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton policy show\n  jeton policy show --json | jq '.items[] | select(.level != \"table\")'")]
pub(crate) struct Show;

const SET_EXAMPLES: &str = "\
Examples:
  jeton policy set client_secret --max 90d --dry-run
  jeton policy set client_secret --default 30d --max 90d
  jeton policy set access_token --api https://orders.example --max 15m
  jeton policy set access_token --client worker --unset
  jeton policy set api_key --idle 30d
  jeton policy set api_key --max none

What is not given stays as this level says it; `none` takes one of them away,
and `--unset` all. A level may only narrow what holds above it. A lower maximum
reaches what is out already: a credential ends when it was to end, or that long
after it was issued. Verifiers know no lifetime of a client: lowering one ends
the access tokens that it holds. Whoever is not used for the idle time is
suspended, and revoked after as long again. A shorter idle time begins today:
nothing is suspended before it is over. It asks first where something ends by
it, counts again, or may be longer than now.";

/// Set what a level says of a kind
#[derive(Args, Debug)]
#[command(after_help = SET_EXAMPLES, override_usage = "jeton policy set [OPTIONS] <KIND>", group = ArgGroup::new("says").args(["default", "max", "idle", "unset"]).required(true).multiple(true))]
pub(crate) struct Set {
    /// The kind: see `jeton policy show`
    #[arg(value_parser = kind)]
    kind: String,
    /// For one API, by audience or id
    #[arg(long, value_name = "URI", conflicts_with = "client")]
    api: Option<String>,
    /// For one client, by name or id
    #[arg(long)]
    client: Option<String>,
    /// How long one lives when nobody says: 30d, or `none`
    #[arg(long, value_name = "TIME", value_parser = length)]
    default: Option<Said>,
    /// How long one may live at most: 90d, or `none`
    #[arg(long, value_name = "TIME", value_parser = length)]
    max: Option<Said>,
    /// After how long without a use one is suspended: 30d, `never` or `none`
    #[arg(long, value_name = "TIME", value_parser = idle)]
    idle: Option<Said>,
    /// Let this level say nothing
    #[arg(long, conflicts_with_all = ["default", "max", "idle"])]
    unset: bool,
    /// Only say what would expire
    #[arg(long)]
    dry_run: bool,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  jeton policy explain client_secret --client worker
  jeton policy explain access_token --api https://orders.example \\
      --client worker";

/// Say what holds for a kind, and which level says so
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct Explain {
    /// The kind: see `jeton policy show`
    #[arg(value_parser = kind)]
    kind: String,
    /// For this API, by audience or id
    #[arg(long, value_name = "URI")]
    api: Option<String>,
    /// For this client, by name or id
    #[arg(long)]
    client: Option<String>,
}

impl Policy {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Policy::Show(Show) => context.show(&context.server()?.get_all(PATH)?, policies::list),
            Policy::Set(set) => set.run(context),
            Policy::Explain(Explain { kind, api, client }) => {
                let named = [("api", api), ("client", client)];
                let named = named.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_deref()?))));
                let query = named.collect::<Vec<_>>().join("&");
                context.show(&context.server()?.get(&format!("{PATH}/{}/explanation?{query}", segment(kind)))?, policies::explained)
            }
            Policy::Exception(exception) => exception.run(context),
        }
    }
}

impl Set {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        let path = format!("{PATH}/{}", segment(&self.kind));
        let body = |dry_run: bool| {
            let mut body = serde_json::Map::from_iter([("dry_run".to_owned(), json!(dry_run))]);
            body.extend(self.api.iter().map(|api| ("api".to_owned(), json!(api))));
            body.extend(self.client.iter().map(|client| ("client".to_owned(), json!(client))));
            let lengths = [("default_seconds", self.default), ("max_seconds", self.max), ("idle_seconds", self.idle)];
            body.extend(lengths.into_iter().filter_map(|(name, said)| Some((name.to_owned(), json!(said?.0)))));
            Value::Object(body)
        };
        // What is put is all that the level says: nothing.
        let send = |dry_run| if self.unset { server.put(&path, &body(dry_run)) } else { server.patch(&path, &body(dry_run)) };
        let planned = send(true)?;
        if self.dry_run {
            return context.show(&planned, policies::changed);
        }
        if let Some(question) = policies::question(&planned) {
            context.confirm(&question)?;
        }
        context.show(&send(false)?, policies::changed)
    }
}

/// What a level shall say: a length in seconds, or nothing.
#[derive(Clone, Copy, Debug)]
struct Said(Option<i64>);

fn length(text: &str) -> Result<Said, String> {
    match text {
        "none" => Ok(Said(None)),
        text => duration::seconds(text).map(|seconds| Said(Some(seconds))).map_err(|words| format!("{words}, or `none`")),
    }
}

/// An idle time, in seconds as the server takes it: 0 is never.
fn idle(text: &str) -> Result<Said, String> {
    match text {
        "none" => Ok(Said(None)),
        "never" => Ok(Said(Some(0))),
        text => duration::seconds(text)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Said(Some(seconds)))
            .ok_or_else(|| "an idle time is written as 30d, or `never`, or `none`".to_owned()),
    }
}

/// The kind of a name; `-` stands for `_`, as in the names of flags.
fn kind(text: &str) -> Result<String, String> {
    let name = text.replace('-', "_");
    if CredentialKind::from_policy_key(&name).is_some() {
        return Ok(name);
    }
    let known: Vec<&str> = CredentialKind::ALL.iter().map(|kind| kind.lifetime().policy_key).collect();
    Err(format!("the kinds are {}", known.join(", ")))
}
