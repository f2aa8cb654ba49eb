//! Requests to the server: bounded in time and size, and no redirect is followed.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jeton_oauth::Issuer;
use jeton_oauth::client_authentication::basic_authorization;
use jeton_token::Secret;

const AGENT: &str = concat!("jeton-verify/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The server, as one client of it sees it.
pub(crate) struct Http {
    /// Below which the endpoints lie: the issuer, unless it is reached in another way. Encrypted unless it is this machine.
    base: Issuer,
    authorization: HeaderValue,
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

/// The machine's trusted certificates cannot be read, or the credentials cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

impl Http {
    pub(crate) fn new(base: Issuer, client_id: &str, client_secret: &Secret) -> Result<Self, Unusable> {
        let mut authorization = HeaderValue::from_str(basic_authorization(client_id, client_secret).expose())
            .map_err(|_| Unusable("the client's id and secret do not fit a header".to_owned()))?;
        authorization.set_sensitive(true);
        let connection =
            if base.is_https() { Connection::Encrypted(encrypted()?) } else { Connection::Plain(builder().build(connector(true))) };
        Ok(Self { base, authorization, connection })
    }

    /// A request to a path below the base. The credentials go along: every endpoint is the server's own.
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
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
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
