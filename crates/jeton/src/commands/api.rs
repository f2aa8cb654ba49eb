//! `jeton api`.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::claims::{self, Claim, claim};
use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::replacing;
use super::server::Server;
use super::sought::Sought;
use crate::render::apis;
use crate::render::policies;
use crate::render::revocations::falling;
use crate::render::text::{member, shown};

const PATH: &str = "/api/v1/apis";

const EXAMPLES: &str = "\
Examples:
  jeton api create --audience https://orders.example \\
      --scope orders:read='Read orders' --scope orders:write='Change orders'
  jeton api list
  jeton api update https://orders.example --access-token-lifetime 15m";

/// APIs: what tokens are for
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Api {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    Delete(Delete),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton api create --audience https://orders.example \\
      --scope orders:read='Read orders' --scope orders:write='Change orders' \\
      --default-scope orders:read
  jeton api create --audience urn:example:stock --token-format opaque

It asks first where there is one whose audience differs by a `/` at its end.";

/// Declare an API
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// What stands in the `aud` of its tokens: an absolute URI
    #[arg(long, value_name = "URI")]
    audience: String,
    #[command(flatten)]
    properties: Properties,
    #[command(flatten)]
    again: Again,
}

/// List the APIs
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jeton api list\n  jeton api list --json | jq -r '.items[].audience'\n  jeton api list --search orders"
)]
pub(crate) struct List {
    #[command(flatten)]
    sought: Sought,
    #[command(flatten)]
    pages: Pages,
}

/// Show an API
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton api show https://orders.example")]
pub(crate) struct Show {
    /// Its audience or id
    api: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  jeton api update https://orders.example --access-token-lifetime 15m
  jeton api update https://orders.example --scope orders:read='Read orders' \\
      --scope orders:new='New orders'

The scopes that are named replace those it has: name all of them. It asks
before one goes. A shorter lifetime reaches tokens that are out already: it
counts those that end by it, and asks. A longer one brings none of them back.";

/// Change an API
#[derive(Args, Debug)]
#[command(after_help = UPDATE_EXAMPLES)]
pub(crate) struct Update {
    /// Its audience or id
    api: String,
    #[command(flatten)]
    properties: Properties,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

/// Remove an API; every token and key for it dies; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton api delete https://orders.example --yes")]
pub(crate) struct Delete {
    /// Its audience or id
    api: String,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

/// What an API can be told to be.
#[derive(Args, Debug)]
struct Properties {
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// A scope and what it allows; repeat it for each
    #[arg(long, value_name = "NAME=DESCRIPTION", value_parser = scope)]
    scope: Vec<(String, String)>,
    /// What is granted when nothing is asked for; repeat it for each scope
    #[arg(long, value_name = "NAME")]
    default_scope: Vec<String>,
    /// How long its access tokens live, 24h at most; a shorter time ends those that are older
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    access_token_lifetime: Option<i64>,
    /// What its access tokens are
    #[arg(long, value_name = "FORMAT", value_parser = ["jwt", "opaque"])]
    token_format: Option<String>,
    /// What signs its JWTs: ES256, EdDSA, RS256, PS256 …
    #[arg(long, value_name = "ALG")]
    signing_alg: Option<String>,
    /// What its access tokens tell beside what is standard, from text:WORDS,
    /// attribute:NAME, groups or roles; repeat it for each; '' is none
    #[arg(long, value_name = "NAME=SOURCE", value_parser = claim)]
    claim: Vec<Claim>,
}

impl Api {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Api::Create(Create { audience, properties, again }) => {
                let mut body = properties.body();
                properties.check_named_once()?;
                ask_of_twin(context, &server, audience)?;
                body.insert("audience".to_owned(), json!(audience));
                context.show(&again.post(&server, PATH, &Value::Object(body))?, apis::show)
            }
            Api::List(List { sought, pages }) => sought.show(context, pages, PATH, apis::list),
            Api::Show(Show { api }) => context.show(&server.get(&path(api))?, apis::show),
            Api::Update(update) => update.run(context, &server),
            Api::Delete(Delete { api, dry_run }) => {
                let would = server.delete_with(&path(api), &json!({ "dry_run": true }))?;
                if *dry_run {
                    return context.show(&would, |would, _| format!("Would remove {api}, and end {}.\n", falling(would)));
                }
                context.confirm(&format!("Remove the API {api}, and end what is for it: {}?", falling(&would)))?;
                let removed = server.delete_with(&path(api), &json!({}))?;
                context.show(&removed, |removed, _| format!("Removed {api}: what was for it is dead, {}.\n", falling(removed)))
            }
        }
    }
}

impl Update {
    fn run(&self, context: &Context, server: &Server) -> Result<(), Failure> {
        let (path, body) = (path(&self.api), self.properties.body());
        if body.is_empty() {
            return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton api update --help`"));
        }
        self.properties.check_named_once()?;
        let planned = self.planned(server, &path, &body)?;
        if self.dry_run {
            return context.show(&planned, apis::planned);
        }
        if let Some(Value::Object(scopes)) = body.get("scopes") {
            let known = server.get(&path)?;
            let left_out = known.get("scopes").and_then(Value::as_object).into_iter().flatten();
            let left_out = left_out.map(|(name, _)| name.as_str()).filter(|name| !scopes.contains_key(*name));
            replacing::ask(context, &format!("the API {}", self.api), "scope", left_out)?;
        }
        if let Some(question) = policies::question(&planned) {
            context.confirm(&question)?;
        }
        context.show(&server.patch(&path, &Value::Object(body))?, apis::show)
    }

    /// How it would be, and what would end by it; of a lifetime that stays, nothing ends.
    fn planned(&self, server: &Server, path: &str, body: &Map<String, Value>) -> Result<Value, Failure> {
        if self.properties.access_token_lifetime.is_none() && !self.dry_run {
            return Ok(json!({ "consequence": { "would_expire_now": 0, "would_expire_sooner": 0, "would_come_back": 0 } }));
        }
        let mut body = body.clone();
        body.insert("dry_run".to_owned(), json!(true));
        let mut planned = server.patch(path, &Value::Object(body))?;
        if let Some(members) = planned.as_object_mut() {
            members.insert("plural".to_owned(), json!("access tokens"));
        }
        Ok(planned)
    }
}

/// Asks before an API is made beside one whose audience differs by the `/` at its end alone.
fn ask_of_twin(context: &Context, server: &Server, audience: &str) -> Result<(), Failure> {
    let twin = audience.strip_suffix('/').map_or_else(|| format!("{audience}/"), str::to_owned);
    match server.get(&path(&twin)) {
        Ok(known) if member(&known, "audience") == twin => context.confirm(&format!(
            "There is an API {twin}: this one differs by the `/` at the end, and what is for the one is refused by the other. Make it?"
        )),
        _ => Ok(()),
    }
}

impl Properties {
    /// Refuses a scope that is described twice.
    fn check_named_once(&self) -> Result<(), Failure> {
        let mut names = BTreeSet::new();
        match self.scope.iter().find(|(name, _)| !names.insert(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let sentence = format!("the scope `{}` is given twice", shown(name));
                Err(Failure::usage(sentence, "describe each scope once: --scope NAME=DESCRIPTION"))
            }
        }
    }

    fn body(&self) -> Map<String, Value> {
        let scopes: BTreeMap<_, _> = self.scope.iter().cloned().collect();
        let members = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("scopes", (!scopes.is_empty()).then(|| json!(scopes))),
            ("default_scope", (!self.default_scope.is_empty()).then(|| json!(self.default_scope.join(" ")))),
            ("access_token_lifetime_seconds", self.access_token_lifetime.map(|seconds| json!(seconds))),
            ("token_format", self.token_format.as_ref().map(|format| json!(format))),
            ("signing_alg", self.signing_alg.as_ref().map(|algorithm| json!(algorithm))),
            ("claims", claims::body(&self.claim)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

fn path(api: &str) -> String {
    format!("{PATH}/{}", segment(api))
}

/// `NAME=DESCRIPTION`; the description may be left out.
fn scope(text: &str) -> Result<(String, String), String> {
    let (name, description) = text.split_once('=').unwrap_or((text, ""));
    if name.is_empty() {
        Err("a scope has a name: write NAME=DESCRIPTION".to_owned())
    } else {
        Ok((name.to_owned(), description.to_owned()))
    }
}
