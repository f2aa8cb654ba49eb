//! `jeton user`.

mod attribute;
mod export;
mod import;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::again::Again;
use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::password;
use super::percent::segment;
use super::server::Server;
use super::sought;
use super::why::Why;
use crate::render::{revocations, users};

const PATH: &str = "/api/v1/users";

const EXAMPLES: &str = "\
Examples:
  jeton user create --username ada --name 'Ada Example'
  jeton user show ada
  jeton user set-password ada
  jeton user disable ada --yes";

/// People: who own keys, are in groups and hold roles
#[derive(Subcommand, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) enum User {
    Create(Create),
    List(List),
    Show(Show),
    Update(Update),
    SetPassword(SetPassword),
    Invite(Invite),
    Disable(Disable),
    Enable(Enable),
    Unlock(Unlock),
    ResetMfa(ResetMfa),
    ResetPasskeys(ResetPasskeys),
    Delete(Delete),
    Erase(Erase),
    Import(import::Import),
    Export(export::Export),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  jeton user create --username ada
  jeton user create --username ada --name 'Ada Example' \\
      --email ada@example.com
  jeton user create --username ada --password-stdin < password.txt

Whoever is new may do nothing: give a role, or add them to a group.";

/// Take somebody in
#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// What they are called here: a-z, 0-9, `.`, `_`, `-`; unique
    #[arg(long)]
    username: String,
    #[command(flatten)]
    properties: Properties,
    /// Give them a password: one line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    again: Again,
}

/// List the people
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jeton user list\n  jeton user list --search ada\n  jeton user list --state disabled\n  jeton user list -o jsonl | jq -r .username"
)]
pub(crate) struct List {
    /// Only those with words that begin so in their username, name or address,
    /// or an id that does
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATE", value_parser = ["active", "suspended", "disabled"])]
    state: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

/// Show a person, their groups, their roles and their passkeys
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton user show ada")]
pub(crate) struct Show {
    /// Their username or id
    user: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  jeton user update ada --email ada@example.org
  jeton user update ada --name 'Ada Example'
  jeton user update ada --attribute department=research
  jeton user update ada --attribute department=

What is left out stays as it is. Attributes are told to whom a claim declares
them: `--claim NAME=attribute:NAME` of an API or a client.";

/// Change what is known of a person
#[derive(Args, Debug)]
#[command(after_help = UPDATE_EXAMPLES)]
pub(crate) struct Update {
    /// Their username or id
    user: String,
    /// What they are called here; unique
    #[arg(long)]
    username: Option<String>,
    #[command(flatten)]
    properties: Properties,
}

const PASSWORD_EXAMPLES: &str = "\
Examples:
  jeton user set-password ada
  jeton user set-password ada < password.txt

It is typed where nobody sees it, or is one line of standard input; it has 8
characters at least, and 15 are better. They sign in with it where an
application sends them. The one from before is good for nothing then, and their
sessions end.";

/// Give a person a password
#[derive(Args, Debug)]
#[command(after_help = PASSWORD_EXAMPLES)]
pub(crate) struct SetPassword {
    /// Their username or id
    user: String,
}

const INVITE_EXAMPLES: &str = "\
Examples:
  jeton user invite ada --email ada@example.com
  jeton user invite ada --email ada@example.com --role clerk

Whoever has the link chooses the first password of this user: give it to nobody
else. It is good once, for seven days, and another one takes its place. Nobody
is taken in twice: of somebody who is here, the address is the one that is
known.";

/// Invite somebody, taken in by it or here already: they choose their password
#[derive(Args, Debug)]
#[command(after_help = INVITE_EXAMPLES)]
pub(crate) struct Invite {
    /// Their username or id
    user: String,
    #[command(flatten)]
    called: Called,
    /// Give them this role; may be repeated
    #[arg(long)]
    role: Vec<String>,
}

const DISABLE_EXAMPLES: &str = "\
Examples:
  jeton user disable ada --dry-run
  jeton user disable ada --yes
  jeton user disable ada --why owner_left --yes

Everything of theirs is dead at once and stays dead: sessions, codes, refresh
tokens, access tokens, personal access tokens and keys, and the answer counts
them. While they are disabled nothing is issued to them, and what they own is
refused.";

/// Disable a person; everything of theirs dies; asks first
#[derive(Args, Debug)]
#[command(after_help = DISABLE_EXAMPLES)]
pub(crate) struct Disable {
    /// Their username or id
    user: String,
    #[command(flatten)]
    why: Why,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

impl Disable {
    fn body(&self, dry_run: bool) -> Value {
        let mut body = self.why.members();
        body.insert("dry_run".to_owned(), json!(dry_run));
        Value::Object(body)
    }
}

/// Enable a person again; what died stays dead
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  jeton user enable ada")]
pub(crate) struct Enable {
    /// Their username or id
    user: String,
}

const UNLOCK_EXAMPLES: &str = "\
Examples:
  jeton user unlock ada

Who failed too often for one name is told to wait, a quarter of an hour at most.
What was counted for this one is forgotten, wherever it came from. Where they
signed in before nobody locks them out, and nothing needs to be unlocked.";

/// Let a person try again at once who failed too often
#[derive(Args, Debug)]
#[command(after_help = UNLOCK_EXAMPLES)]
pub(crate) struct Unlock {
    /// Their username or id
    user: String,
}

const RESET_MFA_EXAMPLES: &str = "\
Examples:
  jeton user reset-mfa ada --yes

Their password alone signs them in from then on, until they set another second
factor on their account page. Make sure that it is them who asks for it: whoever
knows their password is them afterwards.";

/// Take away the second factor of a person who lost it; asks first
#[derive(Args, Debug)]
#[command(after_help = RESET_MFA_EXAMPLES)]
pub(crate) struct ResetMfa {
    /// Their username or id
    user: String,
}

const RESET_PASSKEYS_EXAMPLES: &str = "\
Examples:
  jeton user show ada
  jeton user reset-passkeys ada --yes

None of their passkeys signs anybody in from then on, and where these signed
them in they are signed out. A password or a provider that they have signs them
in still. Who has neither gets a link: `jeton user invite`.";

/// Take away all passkeys of a person who lost them; asks first
#[derive(Args, Debug)]
#[command(after_help = RESET_PASSKEYS_EXAMPLES)]
pub(crate) struct ResetPasskeys {
    /// Their username or id
    user: String,
}

const DELETE_EXAMPLES: &str = "\
Examples:
  jeton user delete ada --dry-run
  jeton user delete ada --yes
  jeton user delete ada --transfer-to group:billing --yes
  jeton user delete ada --revoke-owned --yes

Everything of theirs is dead, and their username is free. It is refused while
keys depend on them alone: those of a group whose last member they are, and
those of a client that nobody else answers for. The ledger keeps what it says of
them; `jeton user erase` takes that too, and finds nobody who was deleted.";

/// Delete a person; everything of theirs ends; asks first
#[derive(Args, Debug)]
#[command(after_help = DELETE_EXAMPLES)]
pub(crate) struct Delete {
    /// Their username or id
    user: String,
    /// Who gets what depends on them alone: `group:NAME`, or `user:NAME`
    /// for clients
    #[arg(long, value_name = "OWNER", conflicts_with = "revoke_owned")]
    transfer_to: Option<String>,
    /// End what depends on them alone: its keys are revoked, its clients
    /// deleted
    #[arg(long)]
    revoke_owned: bool,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

impl Delete {
    fn body(&self, dry_run: bool) -> Value {
        json!({ "transfer_to": self.transfer_to, "revoke_owned": self.revoke_owned, "dry_run": dry_run })
    }
}

const ERASE_EXAMPLES: &str = "\
Examples:
  jeton user erase ada --dry-run
  jeton user erase ada --yes

Everything of theirs is dead, their keys are removed, and nothing in the ledger
says any more who they were: the entries stay, and the ledger verifies. Backups
from before erase them again when they are restored. There is no way back.";

/// Erase a person: what is theirs ends, and nothing says who they were; asks first
#[derive(Args, Debug)]
#[command(after_help = ERASE_EXAMPLES)]
pub(crate) struct Erase {
    /// Their username or id
    user: String,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

/// What a person is called, and where.
#[derive(Args, Debug)]
struct Called {
    /// Their name, as they write it
    #[arg(long)]
    name: Option<String>,
    /// Where they are written to
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// What is known of a person.
#[derive(Args, Debug)]
struct Properties {
    #[command(flatten)]
    called: Called,
    /// Whether it is known that letters reach them there
    #[arg(long, value_name = "BOOL")]
    email_verified: Option<bool>,
    /// What is known of them by a name, for claims; an empty text takes it
    /// away; repeat it for each
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute::attribute)]
    attribute: Vec<(String, String)>,
}

impl User {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.server()?;
        match self {
            User::Create(create) => create.run(&server, context),
            User::Import(import) => import.run(&server, context),
            User::Export(export) => export.run(&server, context),
            User::SetPassword(SetPassword { user }) => {
                let password = password::typed(user)?;
                password::set(&server, &path(user), &password)?;
                context.say(&format!("{user} signs in with this password from now on."))
            }
            User::Invite(Invite { user, called, role }) => {
                let invited = server.post(&format!("{}/invitation", path(user)), &Value::Object(called.body(None)))?;
                // The link is shown this once, whatever becomes of the roles.
                context.show(&invited, users::invited)?;
                let lacks = |failure: Failure| {
                    failure.after(&format!("{user} is invited, and lacks a role"), "give it to them: `jeton role assign`")
                };
                role.iter().try_for_each(|role| super::role::assign(&server, role, &format!("user:{user}")).map_err(lacks))
            }
            User::List(List { search, state, pages }) => {
                sought::show(context, pages, (PATH, &[("search", search), ("state", state)]), users::list)
            }
            User::Show(show) => show.run(&server, context),
            User::Update(Update { user, username, properties }) => {
                let body = properties.body(username.as_ref());
                if body.is_empty() {
                    return Err(Failure::usage("there is nothing to change", "name what changes: see `jeton user update --help`"));
                }
                context.show(&server.patch(&path(user), &Value::Object(body))?, users::show)
            }
            User::Disable(disable) => {
                let (user, path) = (&disable.user, format!("{}/disable", path(&disable.user)));
                let would = server.post(&path, &disable.body(true))?;
                if disable.dry_run {
                    return context.show(&would, users::would_be_disabled);
                }
                context.confirm(&format!("Disable {user}, and end everything of theirs: {}?", revocations::falling(&would)))?;
                context.show(&server.post(&path, &disable.body(false))?, users::disabled)
            }
            User::Erase(Erase { user, dry_run }) => {
                let erase = |dry_run: bool| server.post(&format!("{}/erase", path(user)), &json!({ "dry_run": dry_run }));
                let would = erase(true)?;
                if *dry_run {
                    return context.show(&would, users::would_be_erased);
                }
                context.confirm(&format!("Erase {user} for ever, with {}?", users::going(&would)))?;
                context.show(&erase(false)?, users::erased)
            }
            User::Delete(delete) => {
                let user = &delete.user;
                let would = server.delete_with(&path(user), &delete.body(true))?;
                if delete.dry_run {
                    return context.show(&would, users::would_be_deleted);
                }
                context.confirm(&format!("Delete {user}, with {}?", users::leaving(&would)))?;
                context.show(&server.delete_with(&path(user), &delete.body(false))?, users::deleted)
            }
            User::Unlock(Unlock { user }) => {
                server.post(&format!("{}/unlock", path(user)), &json!({}))?;
                context.say(&format!("{user} may try again at once: what failed for this name is forgotten."))
            }
            User::ResetMfa(reset) => reset.run(&server, context),
            User::ResetPasskeys(reset) => reset.run(&server, context),
            User::Enable(Enable { user }) => context.show(&server.post(&format!("{}/enable", path(user)), &json!({}))?, users::enabled),
        }
    }
}

impl Show {
    fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        let path = path(&self.user);
        let (mut shown, passkeys) = (server.get(&path)?, server.get(&format!("{path}/passkeys"))?);
        if let (Some(shown), Some(passkeys)) = (shown.as_object_mut(), passkeys.get("passkeys")) {
            shown.insert("passkeys".to_owned(), passkeys.clone());
        }
        context.show(&shown, users::show)
    }
}

impl ResetMfa {
    fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        let user = &self.user;
        context.confirm(&format!("Take away the second factor of {user}? Their password alone signs them in then."))?;
        server.post(&format!("{}/reset-mfa", path(user)), &json!({}))?;
        context.say(&format!("{user} has no second factor any more: their password alone signs them in."))
    }
}

impl ResetPasskeys {
    fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        let user = &self.user;
        context.confirm(&format!("Take away all passkeys of {user}? None of them signs anybody in then."))?;
        server.post(&format!("{}/reset-passkeys", path(user)), &json!({}))?;
        context.say(&format!("{user} has no passkey any more."))
    }
}

impl Create {
    fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        let username = &self.username;
        let password = if self.password_stdin { Some(password::of_stdin()?) } else { None };
        let made = self.again.post(server, PATH, &Value::Object(self.properties.body(Some(username))))?;
        if let Some(password) = password {
            let unset = |failure: Failure| {
                failure.after(&format!("{username} was taken in, without a password"), "give them another: `jeton user set-password`")
            };
            password::set(server, &path(username), &password).map_err(unset)?;
        }
        context.show(&made, users::show)
    }
}

impl Called {
    fn body(&self, username: Option<&String>) -> Map<String, Value> {
        let members = [("username", username), ("name", self.name.as_ref()), ("email", self.email.as_ref())];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    }
}

impl Properties {
    fn body(&self, username: Option<&String>) -> Map<String, Value> {
        let mut body = self.called.body(username);
        body.extend(self.email_verified.map(|is_known| ("email_verified".to_owned(), json!(is_known))));
        body.extend(attribute::body(&self.attribute).map(|attributes| ("attributes".to_owned(), attributes)));
        body
    }
}

fn path(user: &str) -> String {
    format!("{PATH}/{}", segment(user))
}
