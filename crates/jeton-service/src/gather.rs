//! Gathers what the requests of a few turns of the reactor hand over, so that the engine is woken once for all of them.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::yield_now;

/// Starts a future beside the one that runs: `tokio::spawn`, or a simulation's own.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// As long as each turn of the reactor brings more, it is waited for: a group of twice the size costs half the fsyncs. So many turns, each
/// some microseconds, at most.
const TURNS_MAX: usize = 8;
/// As many as a group takes.
const ENOUGH: usize = 256;

/// What was handed over in these turns.
pub struct Gather<T> {
    waiting: Arc<Mutex<Vec<T>>>,
    deliver: Arc<dyn Fn(Vec<T>) + Send + Sync>,
    spawn: Option<Spawn>,
}

impl<T: Send + 'static> Gather<T> {
    /// Gathers until a turn brings nothing more, then delivers; without `spawn`, delivers each at once.
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
                let mut before = 1;
                for _ in 0..TURNS_MAX {
                    // Whoever is ready now hands over first.
                    yield_now().await;
                    let count = waiting.lock().unwrap_or_else(PoisonError::into_inner).len();
                    if count == before || count >= ENOUGH {
                        break;
                    }
                    before = count;
                }
                deliver(mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)));
            }));
        }
    }
}
