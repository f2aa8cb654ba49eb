//! `jeton login`, `jeton logout` and `jeton whoami`.

use clap::Args;
use http::Method;
use jeton_core::api::management;
use jeton_oauth::Issuer;
use jeton_token::Secret;
use serde_json::{Value, json};

use super::bearer::bearer;
use super::connection::Connection;
use super::context::Context;
use super::failure::Failure;
use super::options::Options;
use super::proof;
use super::remote::Remote;
use super::sign_in::discovery::Endpoints;
use super::sign_in::kept::SignIn;
use super::sign_in::vault::Vault;
use super::sign_in::{Asked, device, fresh, loopback};
use super::token_endpoint;
use crate::render::signed_in;

/// What is asked of everybody: who they are, and to go on while they are away.
const IDENTITY: &str = "openid profile offline_access";

const LOGIN_EXAMPLES: &str = "\
Examples:
  jeton login --server https://tokens.example \\
      --client client_0123456789abcdefghij
  jeton login --device
  jeton login --audience https://orders.example --scope orders:read

It shows an address, opens it in a browser where it can, and waits until
somebody has signed in there. --device shows a code instead, for a browser on
another machine. Commands with --server ask as that person from then on, as far
as their roles allow, and `jeton token get` prints tokens of theirs.

What is kept is sealed and for this user alone. The client is a public one,
which an administrator registers: docs/how-to/command-line.md.";

/// Sign in at a server from this machine
#[derive(Args, Debug)]
#[command(after_help = LOGIN_EXAMPLES)]
pub(crate) struct Login {
    /// The client that stands for the command line, by its id (the one that
    /// signed in last if left out)
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// An API that tokens shall be for, by audience (the management API if left
    /// out); repeat it for each
    #[arg(long, value_name = "URI", visible_alias = "resource")]
    audience: Vec<String>,
    /// What they shall allow; repeat it for each (what you may do there if left
    /// out)
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// Show a code for a browser on another machine
    #[arg(long)]
    device: bool,
    /// Open no browser: the address is shown
    #[arg(long, conflicts_with = "device")]
    no_browser: bool,
}

/// End the sign-in of this machine at a server
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jeton logout --server https://tokens.example\n\nThe server is told, so that the tokens end there too."
)]
pub(crate) struct Logout {}

const WHOAMI_EXAMPLES: &str = "\
Examples:
  jeton whoami --server https://tokens.example
  jeton whoami --json | jq -r .sub
  jeton whoami --token-file token.txt --server https://tokens.example

With a token it says as whom that asks, and what it may do. Exit code 4 if
nobody is signed in from this machine, or no more, and where the token is none.";

/// Say who is signed in at a server from this machine
#[derive(Args, Debug)]
#[command(after_help = WHOAMI_EXAMPLES)]
pub(crate) struct Whoami {}

impl Login {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.options.named_server()?;
        let vault = vault(server)?;
        let asked = self.asked(server, &vault)?;
        let connection = Connection::to(Remote::with(server, &context.options, None)?)?;
        let endpoints = Endpoints::of(server, &connection)?;
        let received = match self.device {
            true => device::sign_in(server, &endpoints, &connection, &asked)?,
            false => loopback::sign_in(server, &endpoints, &connection, &asked, !self.no_browser)?,
        };
        let who = userinfo(server, &context.options, &endpoints.userinfo, &received.access_token)?;
        let audience = asked.audiences.first().cloned().unwrap_or_default();
        let mut kept = SignIn::new(asked.client, asked.audiences, endpoints.token, endpoints.revocation);
        kept.subject = who.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        kept.take(&received, &audience, true, context.now_seconds);
        let held = vault.lock()?;
        // What cannot be opened cannot be ended.
        let before = vault.read().ok().flatten();
        vault.write(&kept)?;
        drop(held);
        context.show(&answer(server, &kept, &who), signed_in::shown)?;
        match before {
            Some(before) => end(server, context, &before).map_err(|failure| {
                failure.after(
                    "you are signed in, and the sign-in from before is not ended there",
                    "end it on the account page of the server, under applications",
                )
            }),
            None => Ok(()),
        }
    }

    fn asked(&self, server: &Issuer, vault: &Vault) -> Result<Asked, Failure> {
        // What cannot be opened is signed in over.
        let known = vault.read().ok().flatten().map(|kept| kept.client);
        let client = self.client.clone().or(known).ok_or_else(|| {
            Failure::usage(
                "nothing says which client stands for the command line",
                "name its id with --client; whoever administers registers one: `jeton client create --application-type native`",
            )
        })?;
        let audiences = match &self.audience[..] {
            [] => vec![management::audience(server.as_str())],
            named => named.to_vec(),
        };
        let scope = [IDENTITY].into_iter().chain(self.scope.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        Ok(Asked { client, audiences, scope })
    }
}

impl Logout {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.options.named_server()?;
        let vault = vault(server)?;
        let held = vault.lock()?;
        let kept = vault.read();
        // What cannot be opened, or told to the server, is forgotten all the same.
        vault.remove()?;
        drop(held);
        let Some(kept) = kept? else { return Err(nobody(server)) };
        end(server, context, &kept).map_err(|failure| {
            failure
                .after("the sign-in is forgotten here, and not ended there", "end it on the account page of the server, under applications")
        })?;
        context.say(&format!("Signed out at {server}."))
    }
}

/// Ends a sign-in at its server: all that came of it goes with its refresh token, where there is one.
fn end(server: &Issuer, context: &Context, kept: &SignIn) -> Result<(), Failure> {
    let Some(path) = &kept.revocation_path else {
        return match kept.access_tokens(context.now_seconds).next() {
            Some(_) => Err(Failure::could_not(format!("{server} revokes no tokens"), "wait until they expire")),
            None => Ok(()),
        };
    };
    let of_refresh = kept.refresh_token.iter().map(|token| (token, "refresh_token"));
    let of_access = kept.access_tokens(context.now_seconds).map(|token| (&token.text, "access_token"));
    let left: Vec<_> = if kept.refresh_token.is_some() { of_refresh.collect() } else { of_access.collect() };
    if left.is_empty() {
        return Ok(());
    }
    let connection = Connection::to(Remote::with(server, &context.options, None)?)?;
    left.iter().try_for_each(|(token, kind)| {
        let parameters = [("client_id", kept.client.as_str()), ("token", token.expose()), ("token_type_hint", kind)];
        token_endpoint::post(&connection, path, &parameters).map(drop).map_err(Failure::from)
    })
}

impl Whoami {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let server = context.options.named_server()?;
        if proof::is_named(&context.options) {
            let asks = context.server()?.get("/api/v1/administrators/self")?;
            let who = json!({ "server": server.as_str(), "actor": asks.get("actor"), "permissions": asks.get("permissions") });
            return context.show(&who, signed_in::by_token);
        }
        let token = fresh::token(server, &context.options, None, "")?.ok_or_else(|| nobody(server))?;
        let kept = vault(server)?.read()?.ok_or_else(|| nobody(server))?;
        let connection = Connection::to(Remote::with(server, &context.options, None)?)?;
        let who = userinfo(server, &context.options, &Endpoints::of(server, &connection)?.userinfo, &token.text)?;
        context.show(&answer(server, &kept, &who), signed_in::shown)
    }
}

fn vault(server: &Issuer) -> Result<Vault, Failure> {
    Vault::of(server)
        .ok_or_else(|| Failure::could_not("nothing says where this user keeps things", "set HOME, or XDG_STATE_HOME and XDG_CONFIG_HOME"))
}

/// Nobody is signed in at a server.
fn nobody(server: &Issuer) -> Failure {
    Failure::sign_in(format!("nobody is signed in at {server} from here"), "sign in: `jeton login`")
}

fn answer(server: &Issuer, kept: &SignIn, who: &Value) -> Value {
    json!({
        "server": server.as_str(), "sub": kept.subject, "username": who.get("preferred_username"), "name": who.get("name"),
        "client_id": kept.client, "audiences": kept.audiences,
    })
}

/// Who the person of a token is (OpenID Connect Core section 5.3).
fn userinfo(server: &Issuer, options: &Options, path: &str, token: &Secret) -> Result<Value, Failure> {
    let unsendable = || Failure::could_not("the server answered no token", "look whether --server names a server of Jeton");
    let connection = Connection::to(Remote::with(server, options, Some(bearer(token.expose()).ok_or_else(unsendable)?))?)?;
    let reply = connection.ask(Method::GET, path, None)?;
    let who = serde_json::from_slice(&reply.body).ok().filter(|_| reply.status.is_success());
    who.ok_or_else(|| Failure::sign_in(format!("{server} does not say who is signed in"), "sign in again: `jeton login`"))
}
