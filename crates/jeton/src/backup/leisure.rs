//! Work that takes long and may take longer: on a thread of its own, which yields to requests.

use std::thread;

use jeton_backup::failure::Failure;
use rustix::process::setpriority_process;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// How nice the thread is. What it starts inherits that: packing and sealing, reading rows.
const NICE: i32 = 15;

/// Does the work on a runtime of its own, with threads of less weight than those that answer. Whatever it holds open to a target must be
/// its own, too: connections end with the runtime. Where nobody waits any more, the work ends at its next turn, and lets go of the store:
/// a server that stops could not close it.
pub(super) async fn at_leisure<T: Send + 'static>(work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let (mut told, done) = oneshot::channel();
    let started = thread::Builder::new().name("jeton-backup".into()).spawn(move || {
        // On Linux it is the calling thread's. Where it is refused, the work is done all the same.
        let _ = setpriority_process(None, NICE);
        let worked = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(async {
                tokio::select! {
                    worked = work() => worked,
                    () = told.closed() => Err(Failure::Line("nobody waits for it".into())),
                }
            }),
            Err(error) => Err(Failure::Seal(error)),
        };
        // Whoever asked may have gone.
        let _ = told.send(worked);
    });
    started.map_err(Failure::Seal)?;
    done.await.unwrap_or_else(|_| Err(Failure::Line("the thread that does it ended".into())))
}
