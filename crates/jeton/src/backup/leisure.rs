//! Work that takes long and may take longer: on a thread of its own, which yields to requests.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jeton_backup::failure::Failure;
use rustix::process::setpriority_process;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

/// How nice the thread is. What it starts inherits that: packing and sealing, reading rows.
const NICE: i32 = 19;

/// How long a piece may take, and wait for the one before it: a disk of a network may never answer.
const PATIENCE: Duration = Duration::from_secs(12 * 3_600);

/// Where such work is done: one piece at a time.
#[derive(Clone, Debug)]
pub(super) struct Leisure {
    turns: Arc<Semaphore>,
    ended: watch::Sender<bool>,
    patience: Duration,
}

impl Leisure {
    pub(super) fn new() -> Leisure {
        Leisure { turns: Arc::new(Semaphore::new(1)), ended: watch::Sender::new(false), patience: PATIENCE }
    }

    /// Another one, which ends with this one: what hangs in the one holds up nothing in the other.
    pub(super) fn beside(&self) -> Leisure {
        Leisure { turns: Arc::new(Semaphore::new(1)), ..self.clone() }
    }

    /// Gives up what is under way, and begins nothing any more.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    pub(super) fn is_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Does the work on a runtime of its own, with threads of less weight than those that answer. Whatever it holds open to a target must be
    /// its own, too: connections end with the runtime. It is given up where nobody waits for it any more, where leisure ends, and where it
    /// takes for ever.
    pub(super) async fn spend<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        timeout(self.patience, self.spend_all(work)).await.unwrap_or_else(|_| Err(late(self.patience)))
    }

    async fn spend_all<T: Send + 'static>(&self, work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
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

fn late(patience: Duration) -> Failure {
    Failure::Refused(format!("it was not over within {} h: is the target a disk that does not answer?", patience.as_secs() / 3_600))
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
    #[tokio::test]
    async fn what_hangs_is_given_up_in_the_end_and_holds_up_nothing_beside_it() {
        let hanging = Leisure { patience: Duration::from_millis(1), ..Leisure::new() };
        let (let_go, hangs) = std::sync::mpsc::channel::<()>();
        let given_up = hanging.spend(async move || {
            // As a disk that does not answer: nobody can break it off.
            let _ = hangs.recv();
            Ok(())
        });
        assert!(given_up.await.unwrap_err().to_string().contains("was not over within"));
        assert!(hanging.spend(async move || Ok(())).await.is_err(), "its thread is not free");
        let beside = Leisure { patience: PATIENCE, ..hanging.beside() };
        assert_eq!(beside.spend(async move || Ok(7)).await.ok(), Some(7));
        drop(let_go);
        hanging.is_over().await;
        hanging.end();
        assert!(beside.spend(async move || Ok(())).await.is_err(), "one ends with the other");
    }
}
