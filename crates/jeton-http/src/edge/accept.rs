use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use tokio::time::{sleep, timeout};
use tower::Service;

use super::admission::Admission;
use super::connection::{Shared, drive};
use super::draining::Draining;
use super::limits::Limits;
use super::listener::{Listener, Transport};
use super::refusal::SERVICE_UNAVAILABLE;

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that had not finished within [`Limits::drain`] and were dropped.
    pub aborted: usize,
}

/// Serves a listener's connections until `draining` begins; then no connection is accepted, idle ones close at once, and requests in flight have
/// [`Limits::drain`] to finish.
///
/// The service is cloned for each request: give a router whose state is set (`with_state`). It finds the [`Peer`](super::Peer) in the request's
/// extensions, and reads bodies with [`read_body`](crate::extract::read_body). Each listener has limits of its own, so whatever strangers do to the
/// public one, the operator's socket still answers.
///
/// A connection above the limit is accepted, told so and closed, rather than left in the kernel's queue: who waits there cannot tell a full server
/// from a dead one and blocks whoever comes after, while a balancer that is told goes elsewhere, and as soon as a place is free it is anybody's.
pub async fn serve<L, S>(listener: L, service: S, limits: Limits, draining: Draining) -> Drained
where
    L: Listener,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let drain = limits.drain;
    let admission = Arc::new(Admission::new(&limits));
    let shared = Arc::new(Shared { limits, admission: Arc::clone(&admission), draining: draining.clone(), aborting: Draining::new() });
    {
        let mut begun = pin!(draining.begun());
        loop {
            tokio::select! {
                biased;
                () = &mut begun => break,
                accepted = listener.accept() => match accepted {
                    Ok((mut transport, peer)) => match admission.admit(peer) {
                        Some(place) => {
                            let (service, shared) = (service.clone(), Arc::clone(&shared));
                            tokio::spawn(async move {
                                drive(transport, peer, service, shared).await;
                                drop(place);
                            });
                        }
                        None => transport.last_word(SERVICE_UNAVAILABLE),
                    },
                    Err(error) => pause(&error).await,
                },
            }
        }
    }
    drop(listener);
    finish(&admission, &shared.aborting, drain).await
}

async fn finish(admission: &Admission, aborting: &Draining, drain: Duration) -> Drained {
    if timeout(drain, admission.emptied()).await.is_ok() {
        return Drained { aborted: 0 };
    }
    let aborted = admission.open();
    tracing::warn!(aborted, "connections that did not finish in time are dropped");
    aborting.begin();
    // A handler that never yields cannot be dropped, and the process must end all the same.
    let _ = timeout(Duration::from_secs(1), admission.emptied()).await;
    Drained { aborted }
}

/// A connection that ended before it was accepted is nothing. Anything else (no file or memory left) would fail again at once.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        tracing::warn!(%error, "no connection can be accepted for now");
        sleep(Duration::from_millis(100)).await;
    }
}
