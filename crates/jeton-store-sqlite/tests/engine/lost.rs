//! An engine that lost its footing: whoever waits is told, nothing is acknowledged or looked up any more, and the process is told last.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jeton_core::commit::{Commit, Sequence};
use jeton_core::moment::Time;
use jeton_store::store::{CommitError, Fault, FaultKind, Group, Store, Submission, Subscriber};
use jeton_store_sqlite::SqliteStore;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::stage::{Maker, NOW, options};

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(20);

type Answer = oneshot::Receiver<Result<Sequence, CommitError>>;
/// What somebody who waits had heard, or that it was nothing.
type Heard = Result<Result<Sequence, CommitError>, TryRecvError>;

/// A subscriber that cannot take up the first group, once it is told how that shows.
struct Stumbling {
    reached: Mutex<Sender<()>>,
    stumble: Mutex<Receiver<fn() -> Fault>>,
    /// Those who wait, and what each had heard when the loss was told.
    waiting: Mutex<Vec<Answer>>,
    heard: Mutex<Sender<(Fault, Vec<Heard>)>>,
}

impl Subscriber for Stumbling {
    fn applied(&self, _group: &Group<'_>) -> Result<(), Fault> {
        self.reached.lock().unwrap().send(()).unwrap();
        let stumble = self.stumble.lock().unwrap().recv().unwrap();
        Err(stumble())
    }

    fn lost(&self, fault: &Fault) {
        let heard = self.waiting.lock().unwrap().iter_mut().map(Answer::try_recv).collect();
        self.heard.lock().unwrap().send((fault.clone(), heard)).unwrap();
    }
}

fn submission(commit: Commit) -> (Submission, Answer) {
    let (reply, answer) = oneshot::channel();
    (Submission { commit, owner: Arc::from("owner"), reply }, answer)
}

/// A group is durable and then not taken up, while another commit waits.
fn check(stumble: fn() -> Fault, kind: FaultKind) {
    let folder = tempfile::tempdir().unwrap();
    let ((reached, is_reached), (go_on, goes_on), (heard, hears)) = (channel(), channel(), channel());
    let subscriber = Arc::new(Stumbling {
        reached: Mutex::new(reached),
        stumble: Mutex::new(goes_on),
        waiting: Mutex::default(),
        heard: Mutex::new(heard),
    });
    let store = SqliteStore::open(options(folder.path(), 1), Arc::clone(&subscriber) as Arc<_>).unwrap();
    let mut maker = Maker::new(3);
    let first = maker.client(1);
    let id = first.id;
    let (first, first_answer) = submission(first);
    store.submit(vec![first]);
    is_reached.recv().unwrap();
    let (second, second_answer) = submission(maker.client(2));
    store.submit(vec![second]);
    subscriber.waiting.lock().unwrap().push(second_answer);
    assert!(store.look_up(id).unwrap().is_some(), "it is durable");
    go_on.send(stumble).unwrap();

    let (fault, heard) = hears.recv_timeout(PATIENCE).expect("the loss is told");
    assert_eq!(fault.kind, kind, "{fault}");
    assert_eq!(heard, [Ok(Err(CommitError::Fault(fault.clone())))], "whoever waited was told first");
    assert!(!matches!(first_answer.blocking_recv(), Ok(Ok(_))), "it is not acknowledged");
    assert_eq!(store.look_up(id), Err(fault.clone()), "nobody took it up: it counts as made only after a restart");
    let (third, third_answer) = submission(maker.client(3));
    store.submit(vec![third]);
    assert_eq!(third_answer.blocking_recv(), Ok(Err(CommitError::Fault(fault.clone()))));
    assert_eq!(store.drop_expired(Time::from_seconds(NOW)), Err(fault));
}

#[test]
fn a_group_that_cannot_be_taken_up_ends_the_engine() {
    check(|| Fault::new(FaultKind::Damaged, "a row that cannot be read"), FaultKind::Damaged);
}

#[test]
fn a_panic_of_the_writer_ends_the_engine() {
    check(|| panic!("planted"), FaultKind::Engine);
}
