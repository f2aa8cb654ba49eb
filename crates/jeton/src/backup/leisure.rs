//! Work that takes long and may take longer: on a thread of its own, which yields to requests.

use std::sync::Arc;
use std::thread;

use jeton_backup::failure::Failure;
use rustix::process::setpriority_process;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot, watch};

/// How nice the thread is. What it starts inherits that: packing and sealing, reading rows.
const NICE: i32 = 19;

/// Where such work is done: one piece at a time.
#[derive(Clone, Debug)]
pub(super) struct Leisure {
    turns: Arc<Semaphore>,
    ended: watch::Sender<bool>,
}

impl Leisure {
    pub(super) fn new() -> Leisure {
        Leisure { turns: Arc::new(Semaphore::new(1)), ended: watch::Sender::new(false) }
    }

    /// Gives up what is under way, and begins nothing any more.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    pub(super) fn is_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Does the work on a runtime of its own, with threads of less weight than those that answer. Whatever it holds open to a target must be
    /// its own, too: connections end with the runtime. It is given up where nobody waits for it any more, and where leisure ends.
    pub(super) async fn spend<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| ended())?;
        let ((mut told, done), mut end) = (oneshot::channel(), self.ended.subscribe());
        let started = thread::Builder::new().name("jeton-backup".into()).spawn(move || {
            // On Linux it is the calling thread's. Where it is refused, the work is done all the same.
            let _ = setpriority_process(None, NICE);
            let worked = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(async {
                    tokio::select! {
                        biased;
                        _ = end.wait_for(|is_ended| *is_ended) => None,
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
        drop(self.turns.acquire().await);
    }
}

fn ended() -> Failure {
    Failure::Refused("it was given up before it was done".into())
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_is_under_way_is_given_up_where_leisure_ends() {
        let (leisure, begun) = (Leisure::new(), Arc::new(Notify::new()));
        let its = begun.clone();
        let spending = leisure.spend(async move || {
            its.notify_one();
            std::future::pending::<Result<(), Failure>>().await
        });
        let ending = async {
            begun.notified().await;
            leisure.end();
        };
        let (given_up, ()) = tokio::join!(spending, ending);
        assert!(given_up.is_err());
        leisure.is_over().await;
        assert!(leisure.spend(async move || Ok(())).await.is_err(), "and nothing is begun any more");
    }
}
