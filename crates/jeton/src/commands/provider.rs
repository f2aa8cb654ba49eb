//! `jeton provider`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jeton_token::Secret;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::input;
use super::pages::Pages;
use super::percent::segment;
use crate::render::providers;

const PATH: &str = "/api/v1/providers";

const EXAMPLES: &str = "\
Examples:
  jeton provider create --name corp --issuer https://id.example.com \\
      --client-id jeton --client-secret secret.txt --domain example.com
  jeton provider show corp
  jeton provider update corp --creates-users true";

/// Providers elsewhere by which people sign in (OpenID Connect)
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Provider {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    Delete(Delete),
}

/// As it is made of the flags it is wider than a terminal.
const CREATE_USAGE: &str = "\
jeton provider create [OPTIONS] --name <NAME> --issuer <URL>
       --client-id <ID> --client-secret <FILE>";

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton provider create --name corp --title 'Example Corp' \\
      --issuer https://id.example.com --client-id jeton \\
      --client-secret secret.txt --domain example.com --creates-users true
  jeton provider create --name corp --issuer https://id.example.com \\
      --client-id jeton --client-secret - --role-claim groups \\
      --role sellers=clerk < secret.txt

Register the redirect URI that it shows at the provider. Somebody who has an
address of a domain that is named, verified there and here, is known by it from
the first time on, unless they administer; without a domain nobody is known by
an address. Whoever is known comes in by what the provider calls them. Roles
that are named are given and taken each time somebody signs in by it.";

/// Let people sign in by a provider
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES, override_usage = CREATE_USAGE)]
pub(crate) struct Create {
    /// Its name in addresses: a-z, 0-9 and `-`; unique; it stays
    #[arg(long)]
    name: String,
    /// Who signs what it says; it stays
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// What this server is called there
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// The file with the secret that it has there, or `-`
    #[arg(long, value_name = "FILE")]
    client_secret: PathBuf,
    #[command(flatten)]
    properties: Properties,
    #[command(flatten)]
    again: Again,
}

/// List the providers
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton provider list")]
pub(crate) struct List {
    #[command(flatten)]
    pages: Pages,
}

/// Show a provider
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton provider show corp")]
pub(crate) struct Show {
    /// Its name or id
    provider: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  jeton provider update corp --client-secret secret.txt
  jeton provider update corp --domain example.com --domain example.org

The domains and roles that are named are all there are from then on.";

/// Change a provider
#[derive(Args, Debug)]
#[command(after_help = UPDATE_EXAMPLES)]
pub(crate) struct Update {
    /// Its name or id
    provider: String,
    /// What this server is called there
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file with the secret that it has there, or `-`
    #[arg(long, value_name = "FILE")]
    client_secret: Option<PathBuf>,
    #[command(flatten)]
    properties: Properties,
}

/// Remove a provider: nobody signs in by it any more; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton provider delete corp --yes")]
pub(crate) struct Delete {
    /// Its name or id
    provider: String,
}

/// What can be set at any time
#[derive(Args, Debug)]
pub(crate) struct Properties {
    /// What people read where they choose it
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// A domain of e-mail for which its word counts; repeat it for each.
    /// Where one is named, nobody else comes in by it
    #[arg(long, value_name = "NAME")]
    domain: Vec<String>,
    /// Whether somebody who is not known here is taken in when they come
    #[arg(long, value_name = "true|false")]
    creates_users: Option<bool>,
    /// The claim whose values give roles
    #[arg(long, value_name = "NAME")]
    role_claim: Option<String>,
    /// A value of that claim, and the role that it gives; repeat it for each
    #[arg(long, value_name = "VALUE=ROLE", value_parser = pair)]
    role: Vec<(String, String)>,
}

impl Provider {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Provider::Create(Create { name, issuer, client_id, client_secret, properties, again }) => {
                let mut body = properties.body();
                body.extend([("name".to_owned(), json!(name)), ("issuer".to_owned(), json!(issuer))]);
                body.insert("client_id".to_owned(), json!(client_id));
                body.insert("client_secret".to_owned(), json!(secret(client_secret)?.expose()));
                context.show(&again.post(&server, PATH, &Value::Object(body))?, providers::show)
            }
            Provider::List(List { pages }) => pages.show(context, PATH, providers::list),
            Provider::Show(Show { provider }) => context.show(&server.get(&path(provider))?, providers::show),
            Provider::Update(Update { provider, client_id, client_secret, properties }) => {
                let mut body = properties.body();
                body.extend(client_id.iter().map(|id| ("client_id".to_owned(), json!(id))));
                if let Some(file) = client_secret {
                    body.insert("client_secret".to_owned(), json!(secret(file)?.expose()));
                }
                if body.is_empty() {
                    return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton provider update --help`"));
                }
                context.show(&server.patch(&path(provider), &Value::Object(body))?, providers::show)
            }
            Provider::Delete(Delete { provider }) => {
                context.confirm(&format!("Remove the provider {provider}? Nobody signs in by it any more."))?;
                server.delete(&path(provider))?;
                context.say(&format!("Removed {provider}: nobody signs in by it any more."))
            }
        }
    }
}

impl Properties {
    fn body(&self) -> Map<String, Value> {
        let domains = Some(&self.domain).filter(|domains| !domains.is_empty()).map(|domains| json!(domains));
        let roles: Map<String, Value> = self.role.iter().map(|(value, role)| (value.clone(), json!(role))).collect();
        let members = [
            ("title", self.title.as_ref().map(|title| json!(title))),
            ("domains", domains),
            ("creates_users", self.creates_users.map(|creates| json!(creates))),
            ("role_claim", self.role_claim.as_ref().map(|claim| json!(claim))),
            ("roles", Some(roles).filter(|roles| !roles.is_empty()).map(Value::Object)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// The secret in a file, without the end of its line.
fn secret(file: &Path) -> Result<Secret, Failure> {
    let text = Zeroizing::new(input::text(file, "the secret")?);
    Ok(Secret::from(text.trim()))
}

/// A value and a role.
fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.rsplit_once('=').filter(|(value, role)| !value.is_empty() && !role.is_empty());
    pair.map(|(value, role)| (value.to_owned(), role.to_owned())).ok_or_else(|| "it is written VALUE=ROLE".to_owned())
}

fn path(provider: &str) -> String {
    format!("{PATH}/{}", segment(provider))
}
