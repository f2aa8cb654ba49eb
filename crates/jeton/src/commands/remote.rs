//! A server elsewhere: its URL, the token that says who asks, and the authority that its certificate is signed by.

use std::error::Error;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::request::Builder;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use jeton_oauth::Issuer;
use jeton_token::Secret;
use rustls::CertificateError;
use tower_service::Service as _;

use super::aside::aside;
use super::bearer::bearer;
use super::exchange::exchange;
use super::failure::Failure;
use super::input;
use super::options::Options;
use crate::https::{self, cause, tls_error};
use crate::render::text::lines;

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(60);

/// The way to a server elsewhere.
pub(crate) struct Remote {
    /// Below which its paths lie. Encrypted unless it is this machine.
    server: Issuer,
    authorization: Option<HeaderValue>,
    connector: Connector,
}

enum Connector {
    Plain(HttpConnector),
    Encrypted(HttpsConnector<HttpConnector>),
}

impl Remote {
    /// The way to this server. Nothing is asked yet.
    ///
    /// # Errors
    /// When nobody is signed in, or the authority's certificate cannot be used.
    pub(crate) fn new(server: &Issuer, options: &Options) -> Result<Remote, Failure> {
        Remote::with(server, options, Some(authorization(server, options)?))
    }

    /// The same for whoever has this proof, instead of who is signed in; or none, where what is sent proves itself.
    ///
    /// # Errors
    /// When the authority's certificate cannot be used.
    pub(crate) fn with(server: &Issuer, options: &Options, authorization: Option<HeaderValue>) -> Result<Remote, Failure> {
        let connector = if server.is_https() {
            Connector::Encrypted(encrypted(options.ca_file.as_deref())?)
        } else {
            Connector::Plain(https::tcp(true))
        };
        Ok(Remote { server: server.clone(), authorization, connector })
    }

    /// Who it is, for people.
    pub(crate) fn name(&self) -> &str {
        self.server.as_str()
    }

    /// A request for one of its paths.
    pub(crate) fn address(&self, request: Builder, path: &str) -> Builder {
        let host = self.server.origin().split_once("://").map_or("", |(_, host)| host);
        let request = request.uri(format!("{}{path}", self.server.path())).header(HOST, host);
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    /// Sends a request, and gives the beginning of the answer. No redirect is followed: the token is for this server.
    ///
    /// # Errors
    /// When nobody answers, or nobody to be trusted.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        let origin: Uri = self.server.origin().parse().map_err(|error| self.unreachable(&error))?;
        let answer = async {
            match self.connector.clone() {
                Connector::Plain(mut connector) => {
                    let stream = connector.call(origin).await.map_err(|error| self.unreachable(&error))?;
                    exchange(stream, request).await.map_err(|error| self.broken(&error))
                }
                Connector::Encrypted(mut connector) => {
                    let stream = connector.call(origin).await.map_err(|error| self.unreachable(&*error))?;
                    exchange(stream, request).await.map_err(|error| self.broken(&error))
                }
            }
        };
        tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(|elapsed| Err(self.broken(&elapsed)))
    }

    /// Why the answer did not come whole.
    pub(crate) fn broken(&self, error: &dyn fmt::Display) -> Failure {
        Failure::could_not(
            format!("the server at {} broke off: {error}", self.name()),
            "look whether it still runs, and what its log says; then look whether the change was made (`jeton audit tail`)",
        )
    }

    fn unreachable(&self, error: &(dyn Error + 'static)) -> Failure {
        let name = self.name();
        match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(problem)) => distrusted(name, problem),
            Some(problem) => Failure::could_not(
                format!("{name} does not speak TLS as it should: {problem}"),
                "look at the port, and whether `jeton serve` was given --tls-cert; http:// is for this machine alone",
            ),
            None => Failure::could_not(
                format!("the server at {name} cannot be reached: {}", cause(error)),
                "look whether it runs and whether this machine reaches it; without --server and JETON_SERVER the socket in --data is used",
            ),
        }
    }
}

impl Clone for Connector {
    fn clone(&self) -> Connector {
        match self {
            Connector::Plain(connector) => Connector::Plain(connector.clone()),
            Connector::Encrypted(connector) => Connector::Encrypted(connector.clone()),
        }
    }
}

fn distrusted(name: &str, problem: &CertificateError) -> Failure {
    use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
    match problem {
        UnknownIssuer => Failure::could_not(
            format!("nobody whom this machine trusts signed the certificate of {name}"),
            "name the file of the authority that did, in PEM, with --ca-file or JETON_CA_FILE",
        ),
        NotValidForName | NotValidForNameContext { .. } => {
            Failure::could_not(format!("the certificate of {name} is for another name"), "name the server as its certificate does")
        }
        Expired | ExpiredContext { .. } => Failure::could_not(
            format!("the certificate of {name} has expired"),
            "renew it: a server that runs takes the new one within a minute",
        ),
        other => {
            Failure::could_not(format!("the certificate of {name} is not accepted: {other}"), "look at it: `openssl s_client -connect …`")
        }
    }
}

/// The token as it is sent. What cannot be in a header line is no token.
fn authorization(server: &Issuer, options: &Options) -> Result<HeaderValue, Failure> {
    let unsigned = || {
        Failure::sign_in(
            format!("nobody is signed in at {server}"),
            "put an administrator's token into JETON_TOKEN, or name a file that holds it with --token-file; where the server runs, `jeton admin create` \
             makes one",
        )
    };
    let text = match &options.token_file {
        Some(file) if file.as_path() == Path::new("-") => {
            return Err(Failure::usage("standard input belongs to the command", "name a file with --token-file, or set JETON_TOKEN"));
        }
        Some(file) => {
            warn_of_readers(file);
            Secret::new(input::text(file, "the token")?)
        }
        None => from_environment().ok_or_else(unsigned)?,
    };
    let token = text.expose().trim();
    if token.is_empty() {
        return Err(unsigned());
    }
    let no_token = || Failure::usage("what is in JETON_TOKEN or --token-file is no token", "it is one word, of letters, digits and signs");
    bearer(token).ok_or_else(no_token)
}

/// Says where others may read a token: it is an administrator's.
fn warn_of_readers(file: &Path) {
    let mode = std::fs::metadata(file).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        static TOLD: Once = Once::new();
        let shown = file.display();
        TOLD.call_once(|| aside(&lines(&format!("Others on this machine may read the token in {shown}: `chmod 600 {shown}`."))));
    }
}

#[expect(clippy::disallowed_methods, reason = "a token is no argument, which `env` of clap would make it")]
fn from_environment() -> Option<Secret> {
    std::env::var("JETON_TOKEN").ok().map(Secret::new)
}

/// Whom this machine trusts, or the authority in this file and nobody else.
fn encrypted(ca_file: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, Failure> {
    let hint = match ca_file {
        Some(_) => "--ca-file and JETON_CA_FILE name one in PEM",
        None => "install its certificates of authorities (`ca-certificates`), or name one with --ca-file",
    };
    https::connector(ca_file).map_err(|sentence| Failure::could_not(sentence, hint))
}
