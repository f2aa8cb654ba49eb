//! The server that the tests use.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use http_body::Frame;
use jeton_http::edge::{BodyError, Drained, Draining, Limits, Peer, listen_tcp, serve};
use jeton_http::extract::read_body;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::client::{Client, GET};

const CLIENT_BODY_BYTES: u64 = 1_000;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) draining: Draining,
    pub(crate) served: JoinHandle<Drained>,
    pub(crate) release: Arc<Notify>,
    pub(crate) events: mpsc::UnboundedReceiver<&'static str>,
}

#[derive(Clone)]
struct App {
    draining: Draining,
    release: Arc<Notify>,
    events: mpsc::UnboundedSender<&'static str>,
}

impl Server {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let app = App { draining: Draining::new(), release: Arc::default(), events: sender };
        let (draining, release) = (app.draining.clone(), Arc::clone(&app.release));
        let served = tokio::spawn(serve(listener, app.router(), limits, draining.clone()));
        Self { address, draining, served, release, events }
    }

    pub(crate) async fn connect(&self) -> Client<TcpStream> {
        Client::connect(self.address).await
    }

    pub(crate) async fn is_well(&self) {
        let mut client = self.connect().await;
        client.send(GET).await;
        assert_eq!(client.response().await.status, 200);
    }
}

pub(crate) fn router(draining: Draining) -> Router {
    App { draining, release: Arc::default(), events: mpsc::unbounded_channel().0 }.router()
}

impl App {
    fn router(self) -> Router {
        Router::new()
            .route("/", get(async || "hello"))
            .route("/echo", post(async |body: Body| reply(read_body(body, CLIENT_BODY_BYTES).await)))
            .route("/drain", post(async |body: Body| reply(read_body(body, u64::MAX).await.map(|_| Bytes::new()))))
            .route("/ignore", post(async || "ignored"))
            .route("/named/{name}", get(async |name: axum::extract::Path<String>| name.0))
            .route("/peer", get(async |peer: Extension<Peer>| format!("{:?}", peer.0)))
            .route("/panic", get(panics))
            .route("/panic-later", get(panics_later))
            .route("/wait", get(wait))
            .route("/stream", get(stream))
            .route("/endless", get(async |State(app): State<App>| Body::new(Endless(app.events))))
            .with_state(self)
    }
}

fn reply(body: Result<Bytes, BodyError>) -> axum::response::Response {
    match body {
        Ok(body) => body.into_response(),
        Err(BodyError::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, "").into_response(),
        Err(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "").into_response(),
        Err(BodyError::Broken) => (StatusCode::BAD_REQUEST, "").into_response(),
    }
}

async fn panics() -> &'static str {
    panic!("a secret")
}

async fn panics_later() -> &'static str {
    tokio::task::yield_now().await;
    panic!("a secret")
}

async fn wait(State(app): State<App>) -> &'static str {
    app.events.send("waiting").unwrap();
    app.release.notified().await;
    "released"
}

async fn stream(State(app): State<App>) -> Body {
    Body::from_stream(futures_util::stream::once(async move {
        tokio::select! {
            () = app.release.notified() => {}
            () = app.draining.begun() => {}
        }
        Ok::<_, Infallible>("last")
    }))
}

struct Endless(mpsc::UnboundedSender<&'static str>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'a'; 64 * 1024])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.send("stream dropped");
    }
}
