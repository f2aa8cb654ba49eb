//! Runs futures on one thread, in an order that chance chooses; any of them can be dropped at any of its awaits.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use jeton_service::gather::Spawn;

use crate::chance::Chance;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Futures that run beside each other.
#[derive(Default)]
pub(crate) struct Executor {
    tasks: BTreeMap<u64, (Task, Arc<Woken>)>,
    next: u64,
    spawned: Arc<Mutex<Vec<Task>>>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Executor {
    /// Adds a future; the number by which it can be dropped.
    pub(crate) fn add(&mut self, task: Task) -> u64 {
        self.next += 1;
        self.tasks.insert(self.next, (task, Arc::new(Woken(AtomicBool::new(true)))));
        self.next
    }

    /// What a running future starts others with.
    #[must_use]
    pub(crate) fn spawn(&self) -> Spawn {
        let spawned = self.spawned.clone();
        Arc::new(move |task| spawned.lock().unwrap_or_else(PoisonError::into_inner).push(task))
    }

    /// Polls one of the futures that can go on; its number, `None` when all wait.
    pub(crate) fn poll_one(&mut self, chance: &mut Chance) -> Option<u64> {
        let ready: Vec<u64> =
            self.tasks.iter().filter(|(_, (_, woken))| woken.0.load(Ordering::Acquire)).map(|(number, _)| *number).collect();
        let number = *chance.pick(&ready)?;
        let (task, woken) = self.tasks.get_mut(&number)?;
        woken.0.store(false, Ordering::Release);
        let waker = Waker::from(woken.clone());
        if task.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(()) {
            self.tasks.remove(&number);
        }
        self.adopt();
        Some(number)
    }

    /// Drops a future where it waits.
    pub(crate) fn cancel(&mut self, number: u64) {
        self.tasks.remove(&number);
        self.adopt();
    }

    fn adopt(&mut self) {
        let spawned = mem::take(&mut *self.spawned.lock().unwrap_or_else(PoisonError::into_inner));
        for task in spawned {
            self.add(task);
        }
    }
}
