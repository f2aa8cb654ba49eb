//! `jeton admin`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::aside::aside;
use super::context::Context;
use super::duration;
use super::failure::Failure;
use super::percent::segment;
use super::server::Server;
use crate::render::administrators;
use crate::render::text::{lines, member};

const PATH: &str = "/api/v1/administrators";

const EXAMPLES: &str = "\
Examples:
  jeton admin create --username ada --role operator --expires-in 30d
  jeton admin list
  jeton admin remove ada --yes";

/// Administrators: who may manage this server from elsewhere
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Admin {
    Create(Create),
    /// List who holds roles of the management API
    #[command(after_help = "Examples:\n  jeton admin list\n  jeton admin list -o jsonl | jq -r .username")]
    List,
    Remove(Remove),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton admin create --username ada --role auditor
  jeton admin create --username ada --role operator --expires-in 30d \\
      --allow-ip 192.0.2.0/24 --json | jq -r .key

Whoever has the token may what the role allows, as long as ada holds it. The
token is shown once, in the answer, and is not stored.";

/// Give somebody a role and a token to manage with
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// Who: a username; who is not there yet is taken in
    #[arg(long)]
    username: String,
    /// What they may do
    #[arg(long, value_name = "NAME", value_parser = ["owner", "operator", "developer", "auditor"])]
    role: String,
    /// How long the token lives, such as 30d
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
    /// A network that the token is accepted from; repeat it for each
    #[arg(long, value_name = "NETWORK")]
    allow_ip: Vec<String>,
    #[command(flatten)]
    again: Again,
}

const REMOVE_EXAMPLES: &str = "\
Examples:
  jeton admin remove ada --yes

The roles of the management API are taken from them and their tokens for it
end. They stay a user: `jeton user disable ada` ends everything of theirs.";

/// Take the roles of the management API from somebody; asks first
#[derive(Args, Debug)]
#[command(after_help = REMOVE_EXAMPLES)]
pub(crate) struct Remove {
    /// Their username or id
    user: String,
}

impl Admin {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            Admin::Create(create) => {
                let made = create.again.post(&server, PATH, &Value::Object(create.body()))?;
                context.show(&made, administrators::created)?;
                tell_of_others(context, &server, &made, &create.username);
                Ok(())
            }
            Admin::List => context.show(&server.get_all(PATH)?, administrators::list),
            Admin::Remove(Remove { user }) => {
                context.confirm(&format!("Take the roles of the management API from {user}, and end their tokens for it?"))?;
                server.delete(&format!("{PATH}/{}", segment(user)))?;
                context.say(&format!("{user} administers nothing any longer."))
            }
        }
    }
}

/// Says what else of theirs is accepted: a token that is made takes the place of none.
fn tell_of_others(context: &Context, server: &Server, made: &Value, username: &str) {
    let path = format!("/api/v1/keys?owner={}&state=active", segment(&format!("user:{}", member(made, "id"))));
    // Whoever may make administrators may not see keys everywhere; then nothing is said.
    let Ok((active, _)) = server.get_page(&path, None, 1_000) else { return };
    let others = active.iter().filter(|key| member(key, "id") != member(made, "key_id")).count();
    if others > 0 {
        let what = if others == 1 {
            "1 other key or token of theirs is".to_owned()
        } else {
            format!("{others} other keys or tokens of theirs are")
        };
        let list = format!("{what} accepted as before: `jeton key list --owner user:{username} --state active`.");
        aside(&lines(&context.options.addressed(&list)));
    }
}

impl Create {
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("username".to_owned(), json!(self.username));
        body.insert("role".to_owned(), json!(self.role));
        if let Some(seconds) = self.expires_in {
            body.insert("expires_in_seconds".to_owned(), json!(seconds));
        }
        if !self.allow_ip.is_empty() {
            body.insert("allow_ip".to_owned(), json!(self.allow_ip));
        }
        body
    }
}
