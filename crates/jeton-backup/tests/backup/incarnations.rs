//! Several incarnations of one ledger on one target: a restore tells of those that it does not come from.

use std::sync::Arc;

use jeton_backup::names::Segment;
use jeton_backup::owner::Owner;
use jeton_backup::tail::Mode;
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::store::Store;

use crate::stage::submit;
use crate::whole::Backup;

const ENDED: Mode = Mode { sync: false, is_final: true };

/// Goes on as a restored ledger does; which it was before, and how many entries it had.
fn open_next(backup: &Backup, seed: u8) -> Segment {
    open_next_knowing(backup, seed, None)
}

/// The same where so many entries of it are known, some of which were left behind.
fn open_next_knowing(backup: &Backup, seed: u8, known: Option<u64>) -> Segment {
    let before = backup.busy.store.head();
    let mut moment = Moment::new(backup.busy.now(), [seed; 32]);
    let previous = before.incarnation.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    let root = hexadecimal(&before.frontier.root()).into();
    let opened = Event::IncarnationOpened { actor: Actor::system(), known, previous, reason: "restored".into(), root, size: before.size };
    submit(&*backup.busy.store, Commit::new(&mut moment).tell(opened)).unwrap();
    Segment { incarnation: before.incarnation, from: before.size, to: before.size }
}

#[tokio::test]
async fn an_end_holds_only_until_the_next_incarnation_begins() {
    let backup = Backup::new(31, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    backup.snapshot(1).await;
    backup.busy.live(10);
    shipper.ship(ENDED).await.unwrap();
    let restored = backup.restore(None).await.0;
    assert!(restored.claim().is_complete() && restored.others.is_empty(), "{restored:?}");
    let before = open_next(&backup, 1);
    // It has begun to serve, and no snapshot of it is whole.
    let mut shipper = backup.shipper_without_memory().await;
    let began = backup.busy.store.head();
    let restored = backup.restore(None).await.0;
    assert_eq!((restored.claim().is_complete(), restored.incarnation), (false, before.incarnation));
    let named = |restored: &jeton_backup::restore::Restored| {
        restored.others.iter().map(|other| (other.incarnation, other.size, other.time)).collect::<Vec<_>>()
    };
    assert_eq!(named(&restored), [(began.incarnation, began.size, Some(began.time))]);
    // To an earlier time, too.
    backup.busy.wait(5);
    backup.busy.live(20);
    shipper.ship(ENDED).await.unwrap();
    let restored = backup.restore(Some(began.time)).await.0;
    assert_eq!((restored.claim().is_complete(), restored.others.len()), (false, 1));
    // A snapshot of its own has all of both.
    backup.snapshot(2).await;
    shipper.ship(ENDED).await.unwrap();
    let restored = backup.restore(None).await.0;
    assert!(restored.claim().is_complete() && restored.others.is_empty(), "{restored:?}");
    assert_eq!(restored.incarnation, began.incarnation);
}

#[tokio::test]
async fn an_incarnation_that_went_on_beside_its_successor_is_named() {
    let backup = Backup::new(32, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    backup.snapshot(1).await;
    shipper.ship(ENDED).await.unwrap();
    let before = open_next(&backup, 1);
    let mut shipper = backup.shipper_without_memory().await;
    backup.snapshot(2).await;
    shipper.ship(ENDED).await.unwrap();
    assert!(backup.restore(None).await.0.claim().is_complete());
    // The restored folder was a test, and the first server goes on. That its segment does not open makes it no less there.
    let went_on = Segment { to: before.to + 7, ..before };
    backup.target.put(&went_on.name(), b"x".to_vec()).await.unwrap();
    let restored = backup.restore(None).await.0;
    assert!(!restored.claim().is_complete());
    let [other] = &restored.others[..] else { panic!("{restored:?}") };
    assert_eq!((other.incarnation, other.size, other.time), (before.incarnation, went_on.to, None));
}

#[tokio::test]
async fn a_process_that_began_later_takes_the_tail_over() {
    let backup = Backup::new(33, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    shipper.ship(ENDED).await.unwrap();
    let (store, incarnation): (Arc<dyn Store>, _) = (backup.busy.clone(), backup.busy.store.head().incarnation);
    let (one, two) = (Owner::new([1; 16]), Owner::new([2; 16]));
    let begin = async |owner: &Owner| owner.begin(store.clone(), &backup.target, &backup.opening).await;
    begin(&one).await.unwrap();
    one.check_in(5, &backup.target, incarnation).await.unwrap();
    begin(&two).await.unwrap();
    two.check(&backup.target, incarnation).await.unwrap();
    one.check_in(5, &backup.target, incarnation).await.unwrap();
    assert!(one.check_in(6, &backup.target, incarnation).await.is_err(), "a second is over");
    assert!(one.check_in(6, &backup.target, incarnation).await.is_err(), "it stays so");
    assert!(begin(&one).await.is_err(), "it does not take it back");
    two.check(&backup.target, incarnation).await.unwrap();
    assert_eq!(backup.problems().await, []);
}

#[tokio::test]
async fn nobody_ships_behind_entries_that_are_not_theirs() {
    let (first, second) = (Backup::new(34, 0), Backup::new(34, 0));
    let second = Backup { target: first.target.clone(), sealing: first.sealing.clone(), opening: first.opening.clone(), ..second };
    first.busy.live(30);
    second.busy.live(30);
    assert_eq!(first.busy.store.head(), second.busy.store.head(), "one is a copy of the other");
    let begin = async |backup: &Backup| {
        let store: Arc<dyn Store> = backup.busy.clone();
        Owner::new([9; 16]).begin(store, &backup.target, &backup.opening).await.map_err(|failure| failure.to_string())
    };
    let mut shipper = first.shipper().await;
    first.busy.live(10);
    shipper.ship(ENDED).await.unwrap();
    assert!(begin(&second).await.unwrap_err().contains("lacks"));
    second.busy.below(7);
    second.busy.live(30);
    assert!(begin(&second).await.unwrap_err().contains("other entries"));
    begin(&first).await.unwrap();
}
