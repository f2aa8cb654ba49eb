//! `jeton group`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use super::sought::Sought;
use crate::render::groups;

const PATH: &str = "/api/v1/groups";

const EXAMPLES: &str = "\
Examples:
  jeton group create --name billing
  jeton group add billing ada
  jeton role assign clerk group:billing";

/// Groups of people: who is in one has its roles
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Group {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    Delete(Delete),
    Members(Members),
    Add(Add),
    Remove(Remove),
}

/// Make a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group create --name billing --description 'Who bills'")]
pub(crate) struct Create {
    /// What people call it; unique
    #[arg(long)]
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    again: Again,
}

/// List the groups
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group list\n  jeton group list --search bill")]
pub(crate) struct List {
    #[command(flatten)]
    sought: Sought,
    #[command(flatten)]
    pages: Pages,
}

/// Show a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group show billing")]
pub(crate) struct Show {
    /// Its name or id
    group: String,
}

/// Change a group's name or description
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group update billing --name invoices")]
pub(crate) struct Update {
    /// Its name or id
    group: String,
    /// What people call it; unique
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Remove a group; its members lose what they had by it; asks first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group delete billing --yes")]
pub(crate) struct Delete {
    /// Its name or id
    group: String,
}

/// List who is in a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group members billing")]
pub(crate) struct Members {
    /// Its name or id
    group: String,
    #[command(flatten)]
    pages: Pages,
}

/// Add somebody to a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group add billing ada")]
pub(crate) struct Add {
    /// Its name or id
    group: String,
    /// Whom: a username or id
    user: String,
}

/// Take somebody out of a group
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton group remove billing ada")]
pub(crate) struct Remove {
    /// Its name or id
    group: String,
    /// Whom: a username or id
    user: String,
}

impl Group {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Group::Create(Create { name, description, again }) => {
                let body = body(Some(name), description.as_ref());
                context.show(&again.post(&server, PATH, &Value::Object(body))?, groups::show)
            }
            Group::List(List { sought, pages }) => sought.show(context, pages, PATH, groups::list),
            Group::Show(Show { group }) => context.show(&server.get(&path(group))?, groups::show),
            Group::Update(Update { group, name, description }) => {
                let body = body(name.as_ref(), description.as_ref());
                if body.is_empty() {
                    return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton group update --help`"));
                }
                context.show(&server.patch(&path(group), &Value::Object(body))?, groups::show)
            }
            Group::Delete(Delete { group }) => {
                context.confirm(&format!("Remove the group {group}, and what its members may do by it?"))?;
                server.delete(&path(group))?;
                context.say(&format!("Removed {group}: nobody has anything by it any longer."))
            }
            Group::Members(Members { group, pages }) => pages.show(context, &format!("{}/members", path(group)), groups::members),
            Group::Add(Add { group, user }) => {
                server.put(&member(group, user), &json!({}))?;
                context.say(&format!("{user} is in {group}."))
            }
            Group::Remove(Remove { group, user }) => {
                server.delete(&member(group, user))?;
                context.say(&format!("{user} is not in {group}."))
            }
        }
    }
}

fn body(name: Option<&String>, description: Option<&String>) -> Map<String, Value> {
    let members = [("name", name), ("description", description)];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

fn path(group: &str) -> String {
    format!("{PATH}/{}", segment(group))
}

fn member(group: &str, user: &str) -> String {
    format!("{}/members/{}", path(group), segment(user))
}
