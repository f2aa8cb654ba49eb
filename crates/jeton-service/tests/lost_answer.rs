//! An answer that is lost in the engine is looked up, and meanwhile the reactor goes on.

#![expect(clippy::unwrap_used, reason = "a test fails by it, and prints what it saw")]

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_service::moments::Moments;
use jeton_store::memory::MemoryStore;
use jeton_store::store::{Fault, Store as _, Submission};
use jeton_testkit::bare::service;
use jeton_testkit::in_front::Otherwise;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// An engine whose commits are made, and whose answers never arrive.
struct Mute {
    engine: Arc<MemoryStore>,
    looked_up_on: Arc<Mutex<Vec<ThreadId>>>,
}

impl Otherwise for Mute {
    fn engine(&self) -> &MemoryStore {
        &self.engine
    }

    fn submit(&self, batch: Vec<Submission>) {
        for submission in batch {
            let (reply, mut answer) = oneshot::channel();
            self.engine.submit(vec![Submission { reply, ..submission }]);
            assert!(answer.try_recv().unwrap().is_ok(), "the engine in memory commits at once");
        }
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.looked_up_on.lock().unwrap().push(thread::current().id());
        self.engine.look_up(commit)
    }
}

#[test]
fn what_became_of_a_commit_is_looked_up_beside_the_reactor() {
    let looked_up_on = Arc::new(Mutex::new(Vec::new()));
    let threads = looked_up_on.clone();
    let moments = Moments::new(|| Time::from_seconds(1_800_000_000), || [5; 32]);
    let service = service(moments, |engine| Mute { engine, looked_up_on: threads });
    let reactor = Builder::new_current_thread().build().unwrap();
    reactor.block_on(service.set_up(&service.moments().now())).unwrap();
    assert!(service.store().head().size > 0);
    let threads = looked_up_on.lock().unwrap();
    assert!(!threads.is_empty(), "the answers were lost");
    assert!(!threads.contains(&thread::current().id()), "the reactor's own thread waited for the engine");
}
