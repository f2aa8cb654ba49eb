//! A token that is asked for: of a client that proves itself (RFC 6749 section 4.4), or of who signed in from here.

use std::path::{Path, PathBuf};

use clap::Args;
use http::HeaderValue;
use jeton_oauth::client_authentication::basic_authorization;
use jeton_oauth::token::{GrantType, ReceivedToken};
use jeton_token::Secret;

use super::connection::Connection;
use super::context::Context;
use super::failure::Failure;
use super::input;
use super::remote::Remote;
use super::sign_in::fresh;
use super::token_endpoint;
use crate::config::environment;

/// Whose token, and for what.
#[derive(Args, Debug)]
pub(crate) struct WantedToken {
    /// The client that the token is for, by its id (who signed in if left out)
    #[arg(long, value_name = "ID")]
    pub(super) client: Option<String>,
    /// What holds its secret: `-`, standard input; or a file. It may be in
    /// JETON_CLIENT_SECRET instead
    #[arg(long, value_name = "-|FILE", requires = "client")]
    secret_file: Option<PathBuf>,
    /// The API it is for, by audience; needed if the client has several
    #[arg(long, value_name = "URI", visible_alias = "resource")]
    pub(super) audience: Option<String>,
    /// What it shall allow; repeat it for each (the API's default if left out)
    #[arg(long, value_name = "NAME")]
    pub(super) scope: Vec<String>,
}

/// A token that was got.
pub(super) struct Got {
    pub(super) text: Secret,
    /// How long it lives from now on, where that is said.
    pub(super) expires_in_seconds: Option<u64>,
    pub(super) scope: Option<String>,
}

impl WantedToken {
    /// The token, fresh.
    ///
    /// # Errors
    /// When no server is named, the secret cannot be read, nobody is signed in, or the server gives no token.
    pub(super) fn got(&self, context: &Context) -> Result<Got, Failure> {
        let scope = self.scope.join(" ");
        if let Some(client) = &self.client {
            let ReceivedToken { access_token, expires_in_seconds, scope, .. } = self.of_client(context, client, &scope)?;
            let scope = scope.map(|scope| scope.as_str().to_owned());
            return Ok(Got { text: access_token, expires_in_seconds, scope });
        }
        let server = context.options.named_server()?;
        let token = fresh::token(server, &context.options, self.audience.as_deref(), &scope)?.ok_or_else(|| {
            Failure::sign_in(
                format!("nobody is signed in at {server} from here"),
                "sign in with `jeton login`, or name a client with --client",
            )
        })?;
        let left = u64::try_from(token.ends_at - context.now_seconds).ok();
        Ok(Got { text: token.text, expires_in_seconds: left, scope: token.scope })
    }

    fn of_client(&self, context: &Context, client: &str, scope: &str) -> Result<ReceivedToken, Failure> {
        let server = context.options.named_server()?;
        let secret = self.secret()?;
        let unsendable =
            || Failure::usage("the client's id and secret do not fit a header", "look at --client and at what holds the secret");
        let mut proof = HeaderValue::from_str(basic_authorization(client, &secret).expose()).map_err(|_| unsendable())?;
        proof.set_sensitive(true);
        let connection = Connection::to(Remote::with(server, &context.options, Some(proof))?)?;
        Ok(token_endpoint::ask(&connection, token_endpoint::PATH, &self.parameters(scope))?)
    }

    fn parameters<'a>(&'a self, scope: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut parameters = vec![("grant_type", GrantType::ClientCredentials.as_str())];
        parameters.extend(self.audience.as_deref().map(|audience| ("resource", audience)));
        parameters.extend((!scope.is_empty()).then_some(("scope", scope)));
        parameters
    }

    fn secret(&self) -> Result<Secret, Failure> {
        match (&self.secret_file, environment::client_secret()) {
            (Some(file), _) => input::token(file),
            (None, Some(secret)) => Ok(secret),
            // Typed, where somebody sits there.
            (None, None) if std::io::IsTerminal::is_terminal(&std::io::stdin()) => input::token(Path::new("-")),
            (None, None) => Err(Failure::usage(
                "nothing says the client's secret",
                "name a file that holds it, or `-` for standard input, with --secret-file; or put it into JETON_CLIENT_SECRET",
            )),
        }
    }
}
