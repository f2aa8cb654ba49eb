//! Reads that may wait for a disk: beside the reactor, where there is one.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// What the work gave; `None`: it gave nothing, and the process is about to end.
pub(crate) async fn beside<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Option<R> {
    let (reply, found) = oneshot::channel();
    let work = move || drop(reply.send(work()));
    match Handle::try_current() {
        Ok(reactor) => drop(reactor.spawn_blocking(work)),
        // A simulation plays in one thread, and in one order.
        Err(_) => work(),
    }
    found.await.ok()
}
