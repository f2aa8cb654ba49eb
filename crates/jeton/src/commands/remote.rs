//! A server elsewhere: its URL, the token that says who asks, and the authority that its certificate is signed by.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::request::Builder;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use jeton_oauth::Issuer;
use jeton_token::Secret;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tower_service::Service as _;
use zeroize::Zeroizing;

use super::exchange::exchange;
use super::failure::Failure;
use super::input;
use super::options::Options;

/// How long connecting may take: the handshake of TLS comes on top.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(60);

/// More certificates than any machine trusts.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The way to a server elsewhere.
pub(crate) struct Remote {
    /// Below which its paths lie. Encrypted unless it is this machine.
    server: Issuer,
    authorization: HeaderValue,
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
        let authorization = authorization(server, options)?;
        let connector = if server.is_https() {
            Connector::Encrypted(encrypted(options.ca_file.as_deref())?)
        } else {
            Connector::Plain(connector(true))
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
        request.header(AUTHORIZATION, self.authorization.clone())
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
            "put an administrator's token into JETON_TOKEN, or name a file that holds it with --token-file; who runs the server makes one",
        )
    };
    let text = match &options.token_file {
        Some(file) if file.as_path() == Path::new("-") => {
            return Err(Failure::usage("standard input belongs to the command", "name a file with --token-file, or set JETON_TOKEN"));
        }
        Some(file) => Secret::new(input::text(file, "the token")?),
        None => from_environment().ok_or_else(unsigned)?,
    };
    let token = text.expose().trim();
    if token.is_empty() {
        return Err(unsigned());
    }
    let line = Zeroizing::new(format!("Bearer {token}"));
    let is_token = token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::from_str(&line).ok().filter(|_| is_token).ok_or_else(|| {
        Failure::usage("what is in JETON_TOKEN or --token-file is no token", "it is one word, of letters, digits and signs")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[expect(clippy::disallowed_methods, reason = "a token is no argument, which `env` of clap would make it")]
fn from_environment() -> Option<Secret> {
    std::env::var("JETON_TOKEN").ok().map(Secret::new)
}

fn connector(is_plain: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector.enforce_http(is_plain);
    connector
}

/// Whom this machine trusts, or the authority in this file and nobody else. The cryptography is named: the process may hold a second one.
fn encrypted(ca_file: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, Failure> {
    let builder = match ca_file {
        Some(file) => {
            let versions = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
            let versions = versions.map_err(|error| Failure::could_not(format!("TLS cannot be spoken: {error}"), ""))?;
            let config = versions.with_root_certificates(authorities(file)?).with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
        None => HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider()).map_err(|error| {
            Failure::could_not(
                format!("whom this machine trusts cannot be read: {error}"),
                "install its certificates of authorities (`ca-certificates`), or name one with --ca-file",
            )
        })?,
    };
    Ok(builder.https_only().enable_http1().wrap_connector(connector(false)))
}

fn authorities(file: &Path) -> Result<RootCertStore, Failure> {
    let shown = file.display();
    let wrong = |what: &dyn fmt::Display| {
        Failure::could_not(format!("{shown} holds no certificate of an authority: {what}"), "--ca-file and JETON_CA_FILE name one in PEM")
    };
    let length = fs::metadata(file).map_err(|error| wrong(&error))?.len();
    if length > AUTHORITIES_BYTES_MAX {
        return Err(wrong(&"it is too large"));
    }
    let text = fs::read(file).map_err(|error| wrong(&error))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        store.add(certificate.map_err(|_| wrong(&"it is no PEM"))?).map_err(|_| wrong(&"one in it is none"))?;
    }
    if store.is_empty() { Err(wrong(&"there is none in it")) } else { Ok(store) }
}

/// What TLS has to say about a connection that failed: wrapped by those who carried it.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error gives as its source that of what it wraps.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// What lies at the bottom of an error: the layers above say only whose it was.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    crate::render::text::shown(&error.to_string())
}
