//! Usage: noted beside commits, outside the ledger, there after a restart, and gone with its time.

use jeton_core::moment::Time;
use jeton_core::record::Value;
use jeton_store::conformance::COUNTS;
use jeton_store::store::{FaultKind, Store};

use crate::stage::{Maker, NOW, note, open, submit};

#[test]
fn what_was_noted_is_there_after_a_restart_and_leaves_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let head = store.head();
    note(&*store, NOW).unwrap();
    assert_eq!((store.head(), store.statistics().groups), (head, 0), "no group and no entry");
    drop(store);
    let store = open(folder.path());
    let count = |store: &dyn Store| store.view().unwrap().starting_with(&COUNTS, &vec![Value::Int(NOW)], 1_000).unwrap().len();
    assert_eq!(count(&*store), 400);
    assert_eq!(store.drop_expired(Time::from_seconds(NOW + 600 + 1_200 - 601)).unwrap(), 0);
    assert_eq!(store.drop_expired(Time::from_seconds(NOW + 600 + 1_200)).unwrap(), 400);
    assert_eq!(count(&*store), 0);
}

#[test]
fn groups_go_on_while_usage_is_noted_and_what_is_no_usage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    std::thread::scope(|scope| {
        let noting = scope.spawn(|| (0..20).map(|turn| note(&*store, NOW + 600 * turn)).collect::<Result<Vec<_>, _>>());
        let mut maker = Maker::new(3);
        while !noting.is_finished() {
            assert!(submit(&*store, [maker.issue().1]).iter().all(Result::is_ok));
        }
        noting.join().unwrap().unwrap();
    });
    let (reply, answer) = tokio::sync::oneshot::channel();
    store.note(Maker::new(4).client(1).writes.into(), reply);
    assert_eq!(answer.blocking_recv().unwrap().unwrap_err().kind, FaultKind::Engine);
}
