//! A cut-off that takes long to be written: what was issued meanwhile lies before it, too.

#![expect(clippy::unwrap_used, reason = "a test fails by it, and prints what it saw")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_service::moments::Moments;
use jeton_store::memory::MemoryStore;
use jeton_store::store::{Store as _, Submission};
use jeton_testkit::bare::service;
use jeton_testkit::in_front::Otherwise;
use tokio::runtime::Builder;

/// An engine under which a second passes while a cut-off is written, as often as is said.
struct Slow {
    engine: Arc<MemoryStore>,
    clock: Arc<AtomicI64>,
    times: AtomicI64,
}

impl Otherwise for Slow {
    fn engine(&self) -> &MemoryStore {
        &self.engine
    }

    fn submit(&self, batch: Vec<Submission>) {
        let cuts_off = |submission: &Submission| submission.commit.events.iter().any(|event| matches!(event, Event::CutOff { .. }));
        if batch.iter().any(cuts_off) && self.times.fetch_sub(1, Ordering::SeqCst) > 0 {
            self.clock.fetch_add(1_000_000, Ordering::SeqCst);
        }
        self.engine.submit(batch);
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
    let moments = Moments::new(move || Time::from_micros(reads.load(Ordering::SeqCst)), dice);
    let service = service(moments, |engine| Slow { engine, clock: moved, times: AtomicI64::new(times) });
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
