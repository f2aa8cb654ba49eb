//! `jeton client`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::claims::{self, Claim, claim};
use super::client_secret::Secret;
use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::input;
use super::pages::Pages;
use super::percent::segment;
use super::replacing;
use super::server::Server;
use super::sought::Sought;
use super::whole_scope;
use crate::render::clients;
use crate::render::text::{member, shown};

const PATH: &str = "/api/v1/clients";

const EXAMPLES: &str = "\
Examples:
  jeton client create --name worker --audience https://orders.example
  jeton client list
  jeton client secret create worker --overlap 24h";

/// Clients: the applications that ask for tokens
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Client {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    Delete(Delete),
    #[command(subcommand)]
    Secret(Secret),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton client create --name worker --audience https://orders.example
  jeton client create --name worker --audience https://orders.example \\
      --scope orders:read --json | jq -r .client_secret
  jeton client create --name signer --audience https://orders.example \\
      --token-endpoint-auth-method private_key_jwt --jwks keys.json
  jeton client create --name shop --audience https://orders.example \\
      --grant-type authorization_code --grant-type refresh_token \\
      --redirect-uri https://shop.example/callback

A secret is shown once, in the answer, and is not stored.";

/// Register a client
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// What people call it; unique
    #[arg(long)]
    name: String,
    /// Lets it introspect tokens for its APIs, and follow the revocation feed
    #[arg(long)]
    may_introspect: bool,
    #[command(flatten)]
    properties: Properties,
    #[command(flatten)]
    again: Again,
}

/// List the clients
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jeton client list\n  jeton client list -o jsonl | jq -r .client_id\n  jeton client list --search shop --state suspended"
)]
pub(crate) struct List {
    #[command(flatten)]
    sought: Sought,
    #[command(flatten)]
    pages: Pages,
}

/// Show a client
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client show worker")]
pub(crate) struct Show {
    /// Its name or id
    client: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  jeton client update worker --scope orders:read --scope orders:write
  jeton client update gateway --may-introspect true
  jeton client update worker --contact 'Ada Example, ada@orders.example'
  jeton client update shop --redirect-uri https://shop.example/callback

The audiences, scopes, grants and redirect URIs that are named replace those it
has: name all of them. It asks before one goes.";

/// Change a client
#[derive(Args, Debug)]
#[command(after_help = UPDATE_EXAMPLES)]
pub(crate) struct Update {
    /// Its name or id
    client: String,
    /// What people call it; unique
    #[arg(long)]
    name: Option<String>,
    /// Whether it may introspect tokens for its APIs, and follow the feed
    #[arg(long, value_name = "BOOL")]
    may_introspect: Option<bool>,
    #[command(flatten)]
    properties: Properties,
}

/// Remove a client; its secrets and tokens die; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton client delete worker --yes")]
pub(crate) struct Delete {
    /// Its name or id
    client: String,
}

/// What a client can be told to be.
#[derive(Args, Debug)]
struct Properties {
    /// A grant it may use: client_credentials (of a new client that names none),
    /// authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code; repeat it for each
    #[arg(long, value_name = "GRANT")]
    grant_type: Vec<String>,
    /// How it proves who it is; none: it cannot, as an application in a browser
    #[arg(long, value_name = "METHOD", value_parser = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])]
    token_endpoint_auth_method: Option<String>,
    /// Where people who signed in may be sent back to; repeat it for each
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where people who signed out may be sent back to; repeat it for each; ''
    /// is nowhere
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Where it is told that somebody signed out; '' is nowhere
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// What it is: native may listen on any port of its own machine
    #[arg(long, value_name = "TYPE", value_parser = ["web", "native"])]
    application_type: Option<String>,
    /// Whether a refresh token is spent when it is used
    #[arg(long, value_name = "BOOL")]
    rotate_refresh_tokens: Option<bool>,
    /// How long a spent refresh token is answered as before, up to 5m
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    refresh_window: Option<i64>,
    /// Whether it has to hand its authorization requests in first (RFC 9126)
    #[arg(long, value_name = "WHETHER", value_parser = ["required", "optional"])]
    par: Option<String>,
    /// Whether its authorization requests need a challenge (RFC 7636)
    #[arg(long, value_name = "WHETHER", value_parser = ["required", "optional"])]
    pkce: Option<String>,
    /// Whether people are asked before it gets anything: waived is for
    /// applications of your own
    #[arg(long, value_name = "WHETHER", value_parser = ["required", "waived"])]
    consent: Option<String>,
    /// What signs its ID tokens; RS256 if left out
    #[arg(long, value_name = "ALG", value_parser = ["RS256", "ES256", "EdDSA"])]
    id_token_signed_response_alg: Option<String>,
    /// Who answers for it: user:NAME or group:NAME; an empty text is nobody
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Its public keys, a JWK Set: `-`, standard input; or a file
    #[arg(long, value_name = "-|FILE")]
    jwks: Option<PathBuf>,
    /// An API it may ask for, by audience or id; repeat it for each
    #[arg(long, value_name = "URI")]
    audience: Vec<String>,
    /// A scope it may have; repeat it for each; '' is none. If left out, a new
    /// client has all of its APIs', and none with --may-introspect
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// Whom to ask about it, in words; an empty text is nobody
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// What its ID tokens, and userinfo, tell beside what is standard, from
    /// text:WORDS, username, name, email, attribute:NAME or groups; repeat it
    /// for each; '' is none
    #[arg(long, value_name = "NAME=SOURCE", value_parser = claim)]
    claim: Vec<Claim>,
}

impl Client {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Client::Create(create) => create.run(context),
            Client::List(List { sought, pages }) => sought.show(context, pages, PATH, clients::list),
            Client::Show(Show { client }) => context.show(&context.server()?.get(&path(client))?, clients::show),
            Client::Update(update) => update.run(context),
            Client::Delete(Delete { client }) => {
                context.confirm(&format!("Remove the client {client}, and end its secrets and tokens?"))?;
                context.server()?.delete(&path(client))?;
                context.say(&format!("Removed {client}: its secrets and tokens are dead."))
            }
            Client::Secret(secret) => secret.run(context),
        }
    }
}

impl Create {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut body = self.properties.body()?;
        body.insert("name".to_owned(), json!(self.name));
        body.insert("may_introspect".to_owned(), json!(self.may_introspect));
        let server = context.server()?;
        let made = self.again.post(&server, PATH, &Value::Object(body))?;
        context.show(&made, clients::created)?;
        if self.properties.scope.is_empty() {
            let audiences = made.get("audiences").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            whole_scope::say(
                &server,
                audiences,
                &member(&made, "scope"),
                &format!("jeton client update {} --scope NAME", member(&made, "client_id")),
            );
        }
        Ok(())
    }
}

impl Update {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut body = self.properties.body()?;
        body.extend(self.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
        body.extend(self.may_introspect.map(|may| ("may_introspect".to_owned(), json!(may))));
        if body.is_empty() {
            return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton client update --help`"));
        }
        let server = context.server()?;
        if self.properties.replaces() {
            let known = server.get(&path(&self.client))?;
            if !self.properties.audience.is_empty() || !self.properties.scope.is_empty() {
                self.check_scopes(&server, &known)?;
            }
            self.ask(context, &known)?;
        }
        context.show(&server.patch(&path(&self.client), &Value::Object(body))?, clients::show)
    }

    /// Refuses a scope that no API of the client has, before anything is asked. Who may not see the APIs hears it of the server.
    fn check_scopes(&self, server: &Server, known: &Value) -> Result<(), Failure> {
        let Properties { audience, scope, .. } = &self.properties;
        let had = known.get("audiences").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let audiences: Vec<&str> = if audience.is_empty() { had.collect() } else { audience.iter().map(String::as_str).collect() };
        let mut scopes = BTreeSet::new();
        for audience in &audiences {
            let Ok(api) = server.get(&format!("/api/v1/apis/{}", segment(audience))) else { return Ok(()) };
            scopes.extend(api.get("scopes").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()));
        }
        match scope.iter().flat_map(|scope| scope.split(' ')).find(|name| !name.is_empty() && !scopes.contains(*name)) {
            None => Ok(()),
            Some(unknown) => Err(Failure::usage(
                format!("`{}` is no scope of the APIs of this client: nothing was changed", shown(unknown)),
                "`jeton api show AUDIENCE` lists the scopes; name each with a --scope of its own",
            )),
        }
    }

    /// Asks before what the client has is taken from it; an API may be named by its id, which is no reason to ask.
    fn ask(&self, context: &Context, known: &Value) -> Result<(), Failure> {
        let whose = format!("the client {}", self.client);
        let Properties { audience, scope, .. } = &self.properties;
        let audiences = known.get("audiences").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if !audience.is_empty() && audience.iter().all(|name| name.contains(':')) {
            replacing::ask(context, &whose, "audience", audiences.filter(|name| !audience.iter().any(|given| given == name)))?;
        }
        let scopes = member(known, "scope");
        if !scope.is_empty() {
            replacing::ask(
                context,
                &whose,
                "scope",
                scopes.split(' ').filter(|name| !name.is_empty() && !scope.iter().any(|given| given == name)),
            )?;
        }
        for (given, what, name) in [
            (&self.properties.redirect_uri, "redirect-uri", "redirect_uris"),
            (&self.properties.post_logout_redirect_uri, "post-logout-redirect-uri", "post_logout_redirect_uris"),
            (&self.properties.grant_type, "grant-type", "grant_types"),
        ] {
            let known = known.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            if !given.is_empty() {
                replacing::ask(context, &whose, what, known.filter(|known| !given.iter().any(|given| given == known)))?;
            }
        }
        Ok(())
    }
}

impl Properties {
    /// Whether anything is named that takes the place of what the client has.
    fn replaces(&self) -> bool {
        [&self.audience, &self.scope, &self.redirect_uri, &self.post_logout_redirect_uri, &self.grant_type]
            .iter()
            .any(|given| !given.is_empty())
    }

    fn body(&self) -> Result<Map<String, Value>, Failure> {
        let jwks = self.jwks.as_deref().map(|file| input::text(file, "the JWK Set")).transpose()?;
        let parse = |text: String| {
            serde_json::from_str::<Value>(&text)
                .map_err(|error| Failure::usage(format!("the JWK Set is no JSON: {error}"), "it is an object with a member `keys`"))
        };
        let given = Some(&self.post_logout_redirect_uri).filter(|uris| !uris.is_empty());
        let after_sign_out = given.map(|uris| uris.iter().filter(|uri| !uri.is_empty()).collect::<Vec<_>>());
        let members = [
            ("token_endpoint_auth_method", self.token_endpoint_auth_method.as_ref().map(|method| json!(method))),
            ("grant_types", (!self.grant_type.is_empty()).then(|| json!(self.grant_type))),
            ("jwks", jwks.map(parse).transpose()?),
            ("redirect_uris", (!self.redirect_uri.is_empty()).then(|| json!(self.redirect_uri))),
            ("post_logout_redirect_uris", after_sign_out.map(|uris| json!(uris))),
            ("backchannel_logout_uri", self.backchannel_logout_uri.as_ref().map(|uri| json!(uri))),
            ("application_type", self.application_type.as_ref().map(|kind| json!(kind))),
            ("rotates_refresh_tokens", self.rotate_refresh_tokens.map(|rotate| json!(rotate))),
            ("refresh_window_seconds", self.refresh_window.map(|seconds| json!(seconds))),
            ("require_pushed_authorization_requests", self.par.as_ref().map(|par| json!(par == "required"))),
            ("pkce", self.pkce.as_ref().map(|pkce| json!(pkce))),
            ("consent", self.consent.as_ref().map(|consent| json!(consent))),
            ("id_token_signed_response_alg", self.id_token_signed_response_alg.as_ref().map(|algorithm| json!(algorithm))),
            ("owner", self.owner.as_ref().map(|owner| json!(owner))),
            ("audiences", (!self.audience.is_empty()).then(|| json!(self.audience))),
            ("scope", (!self.scope.is_empty()).then(|| json!(self.scope.join(" ")))),
            ("contact", self.contact.as_ref().map(|contact| json!(contact))),
            ("claims", claims::body(&self.claim)),
        ];
        Ok(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}

fn path(client: &str) -> String {
    format!("{PATH}/{}", segment(client))
}
