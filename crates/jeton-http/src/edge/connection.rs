use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use tokio::time::{Instant, sleep_until};
use tower::Service;

use super::admission::Admission;
use super::deadline::after;
use super::draining::Draining;
use super::limits::Limits;
use super::listener::Transport;
use super::peer::Peer;
use super::progress::{Progress, Wait};
use super::response_body::ResponseBody;
use super::service::answer;
use super::stop::{Stop, Word};
use super::stream::WatchedStream;
use super::timer::{Ring, Timer};

/// What the connections of one listener share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) admission: Arc<Admission>,
    /// No new requests; those in flight finish.
    pub(super) draining: Draining,
    /// Nothing finishes any more.
    pub(super) aborting: Draining,
}

/// Serves one connection to its end.
///
/// hyper's part of it, with its buffers, exists while there is something to read or to write, and between requests unless memory is to be saved.
pub(super) async fn drive<T, S>(transport: T, peer: Peer, service: S, shared: Arc<Shared>)
where
    T: Transport,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let Shared { limits, admission, draining, aborting } = &*shared;
    let progress = Arc::new(Progress::default());
    let builder = builder(limits);
    let is_encrypted = transport.is_encrypted();
    let start = |stream| {
        let answering = service_fn(|request| answer(request, peer, is_encrypted, limits, &progress, service.clone()));
        Box::new(builder.serve_connection(stream, answering))
    };
    let mut awake = Some(start(WatchedStream::new(transport, Arc::clone(&progress))));
    let mut asleep = None;
    let sleep = pin!(sleep_until(after(Instant::now(), limits.shortest())));
    let mut timer = Timer::new(sleep, limits);
    let word = pin!(draining.word());
    let mut stop = Stop::new(word, draining, aborting);
    let mut overdue = false;
    let ended = poll_fn(|cx| {
        loop {
            match (stop.poll(cx), &mut awake) {
                (None, _) => {}
                (Some(Word::Drain), Some(connection)) => {
                    Pin::new(&mut **connection).graceful_shutdown();
                    continue;
                }
                (Some(_), _) => return Poll::Ready(Ok(())),
            }
            if let Some(connection) = &mut awake {
                if let Poll::Ready(ended) = Pin::new(&mut **connection).poll(cx) {
                    return Poll::Ready(ended);
                }
                if overdue && is_stuck(&progress) {
                    return Poll::Ready(Ok(()));
                }
                if progress.is_between_requests() && admission.saves_memory() {
                    asleep = awake.take().map(|connection| stop_hyper(*connection));
                }
            }
            if let Some(stream) = asleep.take_if(|stream| stream.poll_readable(cx).is_ready()) {
                awake = Some(start(stream));
                continue;
            }
            match timer.poll(&progress, limits, admission, cx) {
                Ring::No => return Poll::Pending,
                Ring::Overdue => overdue = true,
                Ring::Idle => return Poll::Ready(Ok(())),
            }
        }
    })
    .await;
    if let Err(error) = ended {
        // hyper names the kind of fault, never a value of the request.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The stream without hyper, and with what hyper had read ahead.
fn stop_hyper<T, S>(connection: http1::Connection<WatchedStream<T>, S>) -> WatchedStream<T>
where
    T: Transport,
    S: HttpService<Incoming, ResBody = ResponseBody, Error = Infallible>,
{
    let parts = connection.into_parts();
    let mut stream = parts.io;
    stream.unread(parts.read_buf);
    stream
}

/// Whether the connection itself is overdue and its last poll did not end it. Body and request are not meant: their handler answers.
fn is_stuck(progress: &Progress) -> bool {
    [Wait::Header, Wait::Write, Wait::Linger].into_iter().any(|wait| progress.is_overdue(wait))
}

fn builder(limits: &Limits) -> http1::Builder {
    /// Less is refused by hyper.
    const SMALLEST_BUFFER_BYTES: usize = 8 * 1024;
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(limits.header_bytes.max(SMALLEST_BUFFER_BYTES))
        .max_header_size(limits.header_bytes.max(1))
        .header_read_timeout(None);
    builder
}
