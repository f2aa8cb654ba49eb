//! The canary is refused where revocations are, and nowhere else: an engine that lies is seen, and a feed that does not tell.

#![expect(clippy::unwrap_used, reason = "a test fails by it, and prints what it saw")]

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use jeton_core::event::Event;
use jeton_core::moment::Time;
use jeton_service::Service;
use jeton_service::canary::Sent;
use jeton_service::moments::Moments;
use jeton_store::ledger::Head;
use jeton_store::memory::MemoryStore;
use jeton_store::store::{CommitError, Fault, FaultKind, Store as _, Submission};
use jeton_testkit::bare::service;
use jeton_testkit::in_front::Otherwise;

/// An engine that can be told to do other than it should.
struct Liar {
    engine: Arc<MemoryStore>,
    does: Arc<AtomicU8>,
    /// Whose feed forgets.
    service: Arc<OnceLock<Weak<Service>>>,
}

const RIGHT: u8 = 0;
/// Answers that it is done, and does nothing.
const LIES: u8 = 1;
const FAILS: u8 = 2;
const BUSY: u8 = 3;
/// Does it, and the feed forgets it before anybody asks.
const DROPPED: u8 = 4;
/// The same, and says so: whoever follows has to begin anew.
const GONE: u8 = 5;

impl Otherwise for Liar {
    fn engine(&self) -> &MemoryStore {
        &self.engine
    }

    fn submit(&self, batch: Vec<Submission>) {
        let answer = match self.does.load(Ordering::Relaxed) {
            LIES => Ok(self.engine.head().size),
            FAILS => Err(CommitError::Fault(Fault::new(FaultKind::Engine, "it broke"))),
            BUSY => Err(CommitError::Busy),
            does => {
                self.engine.submit(batch);
                return self.forget(does);
            }
        };
        batch.into_iter().for_each(|submission| submission.reply.send(answer.clone()).unwrap());
    }
}

impl Liar {
    fn forget(&self, does: u8) {
        let Some(service) = self.service.get().and_then(Weak::upgrade) else { return };
        let mut head = Head::clone(&self.engine.head());
        match does {
            DROPPED => service.feed().begin(&head),
            GONE => {
                head.size += 1;
                service.feed().begin(&head);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_engine_that_lies_or_fails_is_seen_by_the_canary_and_told_once() {
    let does = Arc::new(AtomicU8::new(RIGHT));
    let (told, itself) = (does.clone(), Arc::new(OnceLock::new()));
    let seed = std::sync::atomic::AtomicU8::new(0);
    let moments = Moments::new(|| Time::from_seconds(1_800_000_000), move || [seed.fetch_add(1, Ordering::Relaxed); 32]);
    let service = Arc::new(service(moments, |engine| Liar { engine, does: told, service: itself.clone() }));
    itself.set(Arc::downgrade(&service)).unwrap();
    service.set_up(&service.moments().now()).await.unwrap();
    let send = async |what: u8| {
        does.store(what, Ordering::Relaxed);
        let sent = service.send_canary(&service.moments().now()).await;
        let event = service.note_canary(&sent, service.moments().time());
        (sent, event)
    };
    assert_eq!(send(RIGHT).await, (Sent::Refused, None));
    let (sent, event) = send(LIES).await;
    assert_eq!(sent, Sent::Failed("a token that was revoked is accepted".to_owned()));
    assert!(matches!(event, Some(Event::CanaryFailed { .. })), "{event:?}");
    let (sent, event) = send(FAILS).await;
    assert!(matches!(&sent, Sent::Failed(why) if why.contains("it broke")), "{sent:?}");
    assert_eq!(event, None, "it was told that the canary fails");
    assert_eq!(send(BUSY).await, (Sent::NoTurn, None));
    assert!(service.canary_seen().failed.is_some(), "without a turn nothing was seen");
    assert_eq!(send(RIGHT).await, (Sent::Refused, None));
    assert_eq!(service.canary_seen().failed, None);
    // The server refuses it itself; a verifier that is not told does not.
    let (sent, event) = send(DROPPED).await;
    assert_eq!(sent, Sent::Failed("a verifier that follows the feed accepts a token that was revoked".to_owned()));
    assert!(matches!(event, Some(Event::CanaryFailed { .. })), "{event:?}");
    assert_eq!(send(RIGHT).await, (Sent::Refused, None));
    assert_eq!(send(GONE).await, (Sent::NoTurn, None));
}
