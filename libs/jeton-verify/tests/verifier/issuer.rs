//! An issuer over HTTP whose feed the test writes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jeton_jose::jwk::VerifyingKeys;
use jeton_jose::jws;
use jeton_oauth::client_authentication::ClientAuthentication;
use jeton_oauth::feed::FeedEvent;
use jeton_oauth::{Form, IntrospectionRequest, UsageReport, form};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

pub(crate) const CLIENT: (&str, &str) = ("orders-api", "s3cret:with%signs");

/// What the issuer answers, and what it was asked.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) answers: Arc<Answers>,
    connections: mpsc::UnboundedReceiver<Connection>,
    accepting: tokio::task::JoinHandle<()>,
}

pub(crate) struct Answers {
    pub(crate) jwk_set: Mutex<String>,
    /// What introspection says of a token; of others, that it is not active.
    pub(crate) introspection: Mutex<HashMap<String, String>>,
    /// The status of introspection.
    pub(crate) introspection_status: Mutex<StatusCode>,
    /// Introspection answers while this is true.
    pub(crate) introspection_open: watch::Sender<bool>,
    /// The status of the next connections to the feed; 200 after them.
    pub(crate) feed_statuses: Mutex<Vec<StatusCode>>,
    pub(crate) introspections: AtomicUsize,
    pub(crate) key_fetches: AtomicUsize,
    /// Fetches of the key set that carried credentials.
    authorized_key_fetches: AtomicUsize,
    /// The reports of usage that came, answered or not.
    pub(crate) reports: Mutex<Vec<UsageReport>>,
    /// The status of the next report; 200 after it.
    pub(crate) report_statuses: Mutex<Vec<StatusCode>>,
    /// The key of a client that signs; `None`: it has a secret.
    pub(crate) client_key: Mutex<Option<VerifyingKeys>>,
    /// The assertions that were spent, as their `jti`.
    pub(crate) spent: Mutex<Vec<String>>,
    feed: mpsc::UnboundedSender<Connection>,
}

/// A connection to the feed. It ends when this is dropped.
pub(crate) struct Connection {
    pub(crate) last_event_id: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) status: StatusCode,
    frames: Option<mpsc::UnboundedSender<Bytes>>,
}

impl Connection {
    pub(crate) fn close(&mut self) {
        self.frames = None;
    }

    pub(crate) fn send(&self, event: &FeedEvent) {
        self.send_bytes(event.to_bytes());
    }

    pub(crate) fn send_bytes(&self, bytes: impl Into<Bytes>) {
        // The verifier may have hung up: the test sees that elsewhere.
        let _ = self.frames.as_ref().map(|frames| frames.send(bytes.into()));
    }

    /// Waits until the verifier has hung up.
    pub(crate) async fn closed(&self) {
        self.frames.as_ref().unwrap().closed().await;
    }
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (feed, connections) = mpsc::unbounded_channel();
        let answers = Arc::new(Answers {
            jwk_set: Mutex::default(),
            introspection: Mutex::default(),
            introspection_status: Mutex::new(StatusCode::OK),
            introspection_open: watch::Sender::new(true),
            feed_statuses: Mutex::default(),
            introspections: AtomicUsize::new(0),
            key_fetches: AtomicUsize::new(0),
            authorized_key_fetches: AtomicUsize::new(0),
            reports: Mutex::default(),
            report_statuses: Mutex::default(),
            client_key: Mutex::default(),
            spent: Mutex::default(),
            feed,
        });
        let accepting = tokio::spawn(accept(listener, answers.clone()));
        Self { url, answers, connections, accepting }
    }

    /// The next connection to the feed.
    pub(crate) async fn connection(&mut self) -> Connection {
        self.connections.recv().await.unwrap()
    }

    pub(crate) fn introspections(&self) -> usize {
        self.answers.introspections.load(Ordering::SeqCst)
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.answers.key_fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn publish(&self, jwk_set: String) {
        *self.answers.jwk_set.lock().unwrap() = jwk_set;
    }

    pub(crate) fn say(&self, token: &str, answer: impl Into<String>) {
        self.answers.introspection.lock().unwrap().insert(token.to_owned(), answer.into());
    }

    pub(crate) fn introspection_status(&self, status: StatusCode) {
        *self.answers.introspection_status.lock().unwrap() = status;
    }
}

impl Answers {
    pub(crate) fn authorized_key_fetches(&self) -> usize {
        self.authorized_key_fetches.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let answers = answers.clone();
        let service = service_fn(move |request| answer(request, answers.clone()));
        // A verifier that hangs up is no error.
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn answer(request: Request<Incoming>, answers: Arc<Answers>) -> Result<Response<Pieces>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(match head.uri.path() {
        "/.well-known/jwks.json" => key_set(&head.headers, &answers),
        "/oauth/introspect" => introspect(&head.headers, &body, &answers).await,
        "/api/v1/revocations/feed" => {
            assert_eq!(head.method, http::Method::POST);
            assert_authenticated(&head.headers, &body, &answers);
            let (frames, pieces) = mpsc::unbounded_channel();
            let status = answers.feed_statuses.lock().unwrap().pop().unwrap_or(StatusCode::OK);
            let last_event_id = head.headers.get("last-event-id").map(|value| value.to_str().unwrap().to_owned());
            let audience = Form::parse(&body).unwrap().get("audience").map(str::to_owned);
            let _ = answers.feed.send(Connection { last_event_id, audience, status, frames: Some(frames) });
            let pieces = if status == StatusCode::OK { Pieces::Coming(pieces) } else { Pieces::Whole(None) };
            Response::builder().status(status).header("content-type", "text/event-stream").body(pieces).unwrap()
        }
        "/api/v1/usage/reports" => {
            let report = UsageReport::parse(&body).unwrap();
            // As of a form.
            let assertion = report.proof.client_assertion.as_ref().map(|assertion| assertion.expose().to_owned());
            let members = [("client_assertion_type", report.proof.client_assertion_type.clone()), ("client_assertion", assertion)];
            let form = form::encode(members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
            assert_authenticated(&head.headers, form.as_bytes(), &answers);
            answers.reports.lock().unwrap().push(report);
            let status = answers.report_statuses.lock().unwrap().pop().unwrap_or(StatusCode::OK);
            Response::builder().status(status).body(Pieces::Whole(Some("{}".into()))).unwrap()
        }
        "/elsewhere" => panic!("a redirect was followed"),
        _ => Response::builder().status(404).body(Pieces::Whole(None)).unwrap(),
    })
}

fn key_set(headers: &HeaderMap, answers: &Answers) -> Response<Pieces> {
    answers.key_fetches.fetch_add(1, Ordering::SeqCst);
    if headers.contains_key("authorization") {
        answers.authorized_key_fetches.fetch_add(1, Ordering::SeqCst);
    }
    let set = answers.jwk_set.lock().unwrap().clone();
    if let Some(location) = set.strip_prefix("redirect:") {
        return Response::builder().status(302).header("location", location).body(Pieces::Whole(None)).unwrap();
    }
    let tag = format!("\"{:x}\"", set.len());
    if headers.get("if-none-match").is_some_and(|known| known == &tag) {
        return Response::builder().status(304).body(Pieces::Whole(None)).unwrap();
    }
    Response::builder().header("etag", tag).header("cache-control", "max-age=900").body(Pieces::Whole(Some(set.into()))).unwrap()
}

async fn introspect(headers: &HeaderMap, body: &[u8], answers: &Answers) -> Response<Pieces> {
    assert_authenticated(headers, body, answers);
    answers.introspections.fetch_add(1, Ordering::SeqCst);
    answers.introspection_open.subscribe().wait_for(|open| *open).await.unwrap();
    let form = Form::parse(body).unwrap();
    let token = IntrospectionRequest::parse(&form).unwrap().token.to_owned();
    let said = answers.introspection.lock().unwrap().get(&token).cloned().unwrap_or_else(|| r#"{"active":false}"#.to_owned());
    let status = *answers.introspection_status.lock().unwrap();
    let response = Response::builder().status(status).header("cache-control", "no-store").header("location", "/elsewhere");
    response.body(Pieces::Whole(Some(said.into()))).unwrap()
}

fn assert_authenticated(headers: &HeaderMap, body: &[u8], answers: &Answers) {
    let form = Form::parse(body).unwrap();
    let values = headers.get_all("authorization").iter().map(http::HeaderValue::as_bytes);
    let (client_id, client_secret) = CLIENT;
    if let Some(keys) = &*answers.client_key.lock().unwrap() {
        let presented = ClientAuthentication::parse(values, &form).unwrap();
        let ClientAuthentication::PrivateKeyJwt { assertion, .. } = presented else { panic!("{}", presented.method()) };
        let verified = jws::verify(assertion.expose(), keys, 8_192).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&verified.payload).unwrap();
        let host = headers.get("host").unwrap().to_str().unwrap();
        let claim = |name: &str| claims.get(name).cloned().unwrap_or_default();
        assert_eq!(
            [claim("iss"), claim("sub"), claim("aud")],
            [client_id, client_id, &format!("http://{host}")].map(serde_json::Value::from)
        );
        assert_eq!(claim("exp").as_i64().unwrap() - claim("iat").as_i64().unwrap(), 60);
        let (jti, mut spent) = (claim("jti").as_str().unwrap().to_owned(), answers.spent.lock().unwrap());
        assert!(!spent.contains(&jti), "an assertion was used twice");
        spent.push(jti);
        return;
    }
    let expected = ClientAuthentication::Basic { client_id: client_id.to_owned(), client_secret: client_secret.into() };
    assert_eq!(ClientAuthentication::parse(values, &form).unwrap(), expected);
}

/// A body that is there, or comes piece by piece.
enum Pieces {
    Whole(Option<Bytes>),
    Coming(mpsc::UnboundedReceiver<Bytes>),
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Coming(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }
}
