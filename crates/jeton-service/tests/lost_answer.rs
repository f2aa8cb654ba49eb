//! An answer that is lost in the engine is looked up, and meanwhile the reactor goes on.

#![expect(clippy::unwrap_used, reason = "a test fails by it, and prints what it saw")]

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::registry::LoadError;
use jeton_service::{Parts, Service};
use jeton_store::ledger::{Entry, Head};
use jeton_store::memory::MemoryStore;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Fetch, Noted, Statistics, Store, Submission, View};
use jeton_token::Prefix;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// An engine whose commits are made, and whose answers never arrive.
struct Mute {
    engine: Arc<MemoryStore>,
    looked_up_on: Arc<Mutex<Vec<ThreadId>>>,
}

impl Store for Mute {
    fn submit(&self, batch: Vec<Submission>) {
        for submission in batch {
            let (reply, mut answer) = oneshot::channel();
            self.engine.submit(vec![Submission { reply, ..submission }]);
            assert!(answer.try_recv().unwrap().is_ok(), "the engine in memory commits at once");
        }
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.engine.note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.looked_up_on.lock().unwrap().push(thread::current().id());
        self.engine.look_up(commit)
    }

    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.engine.view()
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.engine.fetch(batch);
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.engine.tail(from, limit)
    }

    fn head(&self) -> Arc<Head> {
        self.engine.head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        self.engine.drop_expired(now)
    }

    fn statistics(&self) -> Statistics {
        self.engine.statistics()
    }
}

#[test]
fn what_became_of_a_commit_is_looked_up_beside_the_reactor() {
    let looked_up_on = Arc::new(Mutex::new(Vec::new()));
    let parts = Parts {
        issuer: Issuer::parse("https://issuer.example").unwrap(),
        prefix: Prefix::default(),
        root_keys: RootKeys::new([(1, Zeroizing::new([7; 32]))]).unwrap(),
        moments: Moments::new(|| Time::from_seconds(1_800_000_000), || [5; 32]),
        spawn: None,
        cached_credentials: 8,
        negatives_image: None,
        on_lost: Box::new(|fault| panic!("{fault}")),
    };
    let threads = looked_up_on.clone();
    let service = Service::open::<LoadError>(parts, |subscriber| {
        Ok(Arc::new(Mute { engine: MemoryStore::new(&SCHEMA, [3; 32], subscriber), looked_up_on: threads }))
    });
    let service = service.unwrap();
    let reactor = Builder::new_current_thread().build().unwrap();
    reactor.block_on(service.set_up(&service.moments().now())).unwrap();
    assert!(service.store().head().size > 0);
    let threads = looked_up_on.lock().unwrap();
    assert!(!threads.is_empty(), "the answers were lost");
    assert!(!threads.contains(&thread::current().id()), "the reactor's own thread waited for the engine");
}
