//! A server elsewhere: its URL, the token that says who asks, and the authority that its certificate is signed by.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::request::Builder;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use jeton_http::guarded::cause;
use jeton_oauth::Issuer;
use rustls::CertificateError;
use tower_service::Service as _;

use super::exchange::exchange;
use super::failure::Failure;
use super::options::Options;
use crate::https::{self, tls_error};

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
    /// The way to this server for whoever has this proof; or none, where what is sent proves itself. Nothing is asked yet.
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

/// Whom this machine trusts, or the authority in this file and nobody else.
fn encrypted(ca_file: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, Failure> {
    let hint = match ca_file {
        Some(_) => "--ca-file and JETON_CA_FILE name one in PEM",
        None => "install its certificates of authorities (`ca-certificates`), or name one with --ca-file",
    };
    https::connector(ca_file).map_err(|sentence| Failure::could_not(sentence, hint))
}
