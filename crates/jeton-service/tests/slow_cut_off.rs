//! A cut-off that takes long to be written: what was issued meanwhile lies before it, too.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by it, and prints what it saw")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jeton_core::commit::Sequence;
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::{Actor, CommitId};
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

/// An engine under which a second passes while a cut-off is written, as often as is said.
struct Slow {
    engine: Arc<MemoryStore>,
    clock: Arc<AtomicI64>,
    times: AtomicI64,
}

impl Store for Slow {
    fn submit(&self, batch: Vec<Submission>) {
        let cuts_off = |submission: &Submission| submission.commit.events.iter().any(|event| matches!(event, Event::CutOff { .. }));
        if batch.iter().any(cuts_off) && self.times.fetch_sub(1, Ordering::SeqCst) > 0 {
            self.clock.fetch_add(1_000_000, Ordering::SeqCst);
        }
        self.engine.submit(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.engine.note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
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

const START: i64 = 1_800_000_000_250_000;

/// From when on tokens live after a cut-off of everything, in microseconds from the start; and what the clock reads then.
fn cut_off(times: i64, before: Option<Time>) -> (i64, i64) {
    let clock = Arc::new(AtomicI64::new(START));
    let (reads, moved, throws) = (clock.clone(), clock.clone(), AtomicI64::new(0));
    let dice = move || {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&throws.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        seed
    };
    let parts = Parts {
        issuer: Issuer::parse("https://issuer.example").unwrap(),
        prefix: Prefix::default(),
        root_keys: RootKeys::new([(1, Zeroizing::new([7; 32]))]).unwrap(),
        moments: Moments::new(move || Time::from_micros(reads.load(Ordering::SeqCst)), dice),
        spawn: None,
        cached_credentials: 8,
        negatives_image: None,
        on_lost: Box::new(|fault| panic!("{fault}")),
    };
    let service = Service::open::<LoadError>(parts, |subscriber| {
        Ok(Arc::new(Slow { engine: MemoryStore::new(&SCHEMA, [3; 32], subscriber), clock: moved, times: AtomicI64::new(times) }))
    });
    let service = service.unwrap();
    let reactor = Builder::new_current_thread().build().unwrap();
    let lives_from = reactor.block_on(async {
        service.set_up(&service.moments().now()).await.unwrap();
        service.cut_off(CutOffSubject::Everything, "", before, &Actor::system(), &service.moments().now()).await.unwrap()
    });
    (lives_from.micros() - START, clock.load(Ordering::SeqCst) - START)
}

#[test]
fn everything_until_now_means_until_it_is_written() {
    assert_eq!(cut_off(0, None), (750_000, 0));
    // Dated a second ahead under the first one, as tokens are.
    assert_eq!(cut_off(1, None), (1_750_000, 1_000_000));
    // A time of the past stays what was asked for.
    assert_eq!(cut_off(1, Some(Time::from_micros(START - 10_250_000))), (-10_250_000, 1_000_000));
    // It does not go on for ever.
    assert_eq!(cut_off(100, None).1, 4_000_000);
}
