//! `jeton role`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::server::Server;
use crate::render::roles;

const PATH: &str = "/api/v1/roles";

const EXAMPLES: &str = "\
Examples:
  jeton role create --audience https://orders.example --name clerk \\
      --scope orders:read
  jeton role assign clerk user:ada
  jeton role holders clerk";

/// Roles: what people and groups may do at an API
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Role {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    Delete(Delete),
    Holders(Holders),
    Assign(Assign),
    Unassign(Unassign),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton role create --audience https://orders.example --name clerk \\
      --scope orders:read --scope orders:write --description 'Who sells'";

/// Make a role of an API
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// The API, by audience or id
    #[arg(long, value_name = "URI")]
    audience: String,
    /// What people call it; unique among the roles of its API
    #[arg(long)]
    name: String,
    /// A scope of the API that it gives; repeat it for each
    #[arg(long, value_name = "NAME", required = true)]
    scope: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    again: Again,
}

/// List the roles
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role list")]
pub(crate) struct List {
    #[command(flatten)]
    pages: Pages,
}

/// Show a role
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role show clerk")]
pub(crate) struct Show {
    /// Its name or id
    role: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  jeton role update clerk --scope orders:read

The scopes that are named are all it gives from then on.";

/// Change a role; it reaches whoever holds it at once
#[derive(Args, Debug)]
#[command(after_help = UPDATE_EXAMPLES)]
pub(crate) struct Update {
    /// Its name or id
    role: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// A scope of the API that it gives; repeat it for each
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Remove a role; nobody has anything by it any longer; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role delete clerk --yes")]
pub(crate) struct Delete {
    /// Its name or id
    role: String,
}

/// List who holds a role
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role holders clerk")]
pub(crate) struct Holders {
    /// Its name or id
    role: String,
    #[command(flatten)]
    pages: Pages,
}

/// Give a role to a person or a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role assign clerk user:ada\n  jeton role assign clerk group:billing")]
pub(crate) struct Assign {
    /// Its name or id
    role: String,
    /// To whom: user:USERNAME or group:NAME
    subject: String,
}

/// Take a role from a person or a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton role unassign clerk user:ada")]
pub(crate) struct Unassign {
    /// Its name or id
    role: String,
    /// From whom: user:USERNAME or group:NAME
    subject: String,
}

impl Role {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Role::Create(Create { audience, name, scope, description, again }) => {
                let mut body = body(Some(name), scope, description.as_ref());
                body.insert("audience".to_owned(), json!(audience));
                context.show(&again.post(&server, PATH, &Value::Object(body))?, roles::show)
            }
            Role::List(List { pages }) => pages.show(context, PATH, roles::list),
            Role::Show(Show { role }) => context.show(&server.get(&path(role))?, roles::show),
            Role::Update(Update { role, name, scope, description }) => {
                let body = body(name.as_ref(), scope, description.as_ref());
                if body.is_empty() {
                    return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton role update --help`"));
                }
                context.show(&server.patch(&path(role), &Value::Object(body))?, roles::show)
            }
            Role::Delete(Delete { role }) => {
                context.confirm(&format!("Remove the role {role}, and take it from everybody who holds it?"))?;
                server.delete(&path(role))?;
                context.say(&format!("Removed {role}: nobody has anything by it any longer."))
            }
            Role::Holders(Holders { role, pages }) => pages.show(context, &format!("{}/assignments", path(role)), roles::holders),
            Role::Assign(Assign { role, subject }) => {
                assign(&server, role, subject)?;
                context.say(&format!("{subject} holds {role}."))
            }
            Role::Unassign(Unassign { role, subject }) => {
                server.delete(&assignment(role, subject))?;
                context.say(&format!("{subject} does not hold {role}."))
            }
        }
    }
}

fn body(name: Option<&String>, scope: &[String], description: Option<&String>) -> Map<String, Value> {
    let scope = (!scope.is_empty()).then(|| scope.join(" "));
    let members = [("name", name), ("scope", scope.as_ref()), ("description", description)];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

fn path(role: &str) -> String {
    format!("{PATH}/{}", segment(role))
}

/// Gives somebody a role.
pub(super) fn assign(server: &Server, role: &str, subject: &str) -> Result<(), Failure> {
    server.put(&assignment(role, subject), &json!({})).map(drop)
}

fn assignment(role: &str, subject: &str) -> String {
    format!("{}/assignments/{}", path(role), segment(subject))
}
