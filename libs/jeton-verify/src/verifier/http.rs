//! Requests to the server: bounded in time and size, and no redirect is followed.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jeton_oauth::usage_report::Proof;
use jeton_oauth::{Issuer, form};

use crate::verifier::credentials::{Credentials, Unusable};

const AGENT: &str = concat!("jeton-verify/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The server, as one client of it sees it.
pub(crate) struct Http {
    /// Below which the endpoints lie: the issuer, unless it is reached in another way. Encrypted unless it is this machine.
    base: Issuer,
    credentials: Credentials,
    connection: Connection,
}

enum Connection {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Encrypted(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// No usable answer came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer;

impl Http {
    pub(crate) fn new(base: Issuer, credentials: Credentials) -> Result<Self, Unusable> {
        let connection =
            if base.is_https() { Connection::Encrypted(encrypted()?) } else { Connection::Plain(builder().build(connector(true))) };
        Ok(Self { base, credentials, connection })
    }

    /// A form that is posted at this time to a path below the base, with the credentials.
    pub(crate) fn form(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
        parameters: &[(&str, &str)],
        now_seconds: i64,
    ) -> Result<Request<Full<Bytes>>, NoAnswer> {
        let proof = self.credentials.parameters(now_seconds).ok_or(NoAnswer)?;
        let proof = proof.iter().map(|(name, value)| (*name, value.as_str()));
        let body = form::encode(parameters.iter().copied().chain(proof));
        let headers: Vec<_> = headers.iter().cloned().chain([(CONTENT_TYPE, "application/x-www-form-urlencoded")]).collect();
        self.request(Method::POST, path, &headers, Bytes::from(body))
    }

    /// What proves in a report who sends it at this time.
    pub(crate) fn proof(&self, now_seconds: i64) -> Option<Proof> {
        self.credentials.proof(now_seconds)
    }

    /// A request to a path below the base. A secret goes along: every endpoint is the server's own.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, NoAnswer> {
        let mut request = Request::builder().method(method).uri(self.base.endpoint(path)).header(USER_AGENT, AGENT);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let mut request = request.body(Full::new(body)).map_err(|_| NoAnswer)?;
        if let Credentials::Secret(authorization) = &self.credentials {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        Ok(request)
    }

    /// The whole answer to a request, if it comes within `timeout` and its body has no more than `limit_bytes`.
    pub(crate) async fn fetch(&self, request: Request<Full<Bytes>>, limit_bytes: usize, timeout: Duration) -> Result<Answer, NoAnswer> {
        let whole = async {
            let (head, body) = self.send(request).await?.into_parts();
            let body = Limited::new(body, limit_bytes).collect().await.map_err(|_| NoAnswer)?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(timeout, whole).await.unwrap_or(Err(NoAnswer))
    }

    /// The beginning of an answer, if it comes within `timeout`.
    pub(crate) async fn open(&self, request: Request<Full<Bytes>>, timeout: Duration) -> Result<Response<Incoming>, NoAnswer> {
        tokio::time::timeout(timeout, self.send(request)).await.unwrap_or(Err(NoAnswer))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, NoAnswer> {
        let response = match &self.connection {
            Connection::Plain(client) => client.request(request).await,
            Connection::Encrypted(client) => client.request(request).await,
        };
        response.map_err(|error| {
            tracing::debug!(%error, "no answer from the server");
            NoAnswer
        })
    }
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(30)).pool_max_idle_per_host(16);
    builder
}

fn connector(plain: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.enforce_http(plain);
    connector
}

/// The cryptography is named here: the process may hold a second one, and guessing between them would end it.
fn encrypted() -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, Unusable> {
    let connector_builder = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|error| Unusable(format!("the trusted certificates of this machine cannot be read: {error}")))?;
    Ok(builder().build(connector_builder.https_only().enable_http1().wrap_connector(connector(false))))
}
