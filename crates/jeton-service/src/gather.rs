//! Gathers what the requests of one turn of the reactor hand over, so that the engine is woken once for all of them.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// Starts a future beside the one that runs: `tokio::spawn`, or a simulation's own.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// What was handed over in this turn.
pub struct Gather<T> {
    waiting: Arc<Mutex<Vec<T>>>,
    deliver: Arc<dyn Fn(Vec<T>) + Send + Sync>,
    spawn: Option<Spawn>,
}

impl<T: Send + 'static> Gather<T> {
    /// Gathers until the turn is over, then delivers; without `spawn`, delivers each at once.
    pub fn new(spawn: Option<Spawn>, deliver: impl Fn(Vec<T>) + Send + Sync + 'static) -> Gather<T> {
        Gather { waiting: Arc::default(), deliver: Arc::new(deliver), spawn }
    }

    /// Hands one over.
    pub fn hand_over(&self, item: T) {
        let Some(spawn) = &self.spawn else {
            return (self.deliver)(vec![item]);
        };
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(item);
            waiting.len() == 1
        };
        if is_first {
            let (waiting, deliver) = (self.waiting.clone(), self.deliver.clone());
            spawn(Box::pin(async move {
                // One more turn of the reactor: whoever is ready now hands over first.
                let mut has_yielded = false;
                poll_fn(|context| {
                    if mem::replace(&mut has_yielded, true) {
                        return Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                deliver(mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)));
            }));
        }
    }
}
