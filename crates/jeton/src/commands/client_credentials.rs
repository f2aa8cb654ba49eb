//! A client that asks for a token of its own (RFC 6749 section 4.4), as flags and environment name it.

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
use super::token_endpoint;
use crate::config::environment;

/// Whose token, and for what.
#[derive(Args, Debug)]
pub(crate) struct ClientCredentials {
    /// The client that the token is for, by its id
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

impl ClientCredentials {
    /// A token for this client, fresh.
    ///
    /// # Errors
    /// When no server is named, the secret cannot be read, or the server gives no token.
    pub(super) fn token(&self, context: &Context, client: &str) -> Result<ReceivedToken, Failure> {
        let server = context.options.named_server()?;
        let secret = self.secret()?;
        let unsendable =
            || Failure::usage("the client's id and secret do not fit a header", "look at --client and at what holds the secret");
        let mut proof = HeaderValue::from_str(basic_authorization(client, &secret).expose()).map_err(|_| unsendable())?;
        proof.set_sensitive(true);
        let connection = Connection::to(Remote::with(server, &context.options, Some(proof))?)?;
        Ok(token_endpoint::ask(&connection, token_endpoint::PATH, &self.parameters(&self.scope.join(" ")))?)
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
