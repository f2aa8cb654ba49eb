//! Work that takes long and may take longer: on a thread of its own, which yields to requests.

use std::sync::Arc;
use std::thread;

use jeton_backup::failure::Failure;
use rustix::process::setpriority_process;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};

/// How nice the thread is. What it starts inherits that: packing and sealing, reading rows.
const NICE: i32 = 19;

/// Where such work is done: one piece at a time.
#[derive(Clone, Debug)]
pub(super) struct Leisure(Arc<Semaphore>);

impl Leisure {
    pub(super) fn new() -> Leisure {
        Leisure(Arc::new(Semaphore::new(1)))
    }

    /// Does the work on a runtime of its own, with threads of less weight than those that answer. Whatever it holds open to a target must be
    /// its own, too: connections end with the runtime. It is given up where nobody waits for it any more.
    pub(super) async fn spend<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.0.clone().acquire_owned().await.map_err(|_| ended())?;
        let (mut told, done) = oneshot::channel();
        let started = thread::Builder::new().name("jeton-backup".into()).spawn(move || {
            // On Linux it is the calling thread's. Where it is refused, the work is done all the same.
            let _ = setpriority_process(None, NICE);
            let worked = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(async {
                    tokio::select! {
                        worked = work() => Some(worked),
                        () = told.closed() => None,
                    }
                }),
                Err(error) => Some(Err(Failure::Seal(error))),
            };
            // What was read on its threads is over by now.
            drop(turn);
            if let Some(worked) = worked {
                let _ = told.send(worked);
            }
        });
        started.map_err(Failure::Seal)?;
        done.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Waits until what was given up is over.
    pub(super) async fn is_over(&self) {
        drop(self.0.acquire().await);
    }
}

fn ended() -> Failure {
    Failure::Line("the thread that does it ended".into())
}
