//! Several incarnations of one ledger on one target: a restore tells of those that it does not come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use jeton_backup::names::Segment;
use jeton_backup::owner::Owner;
use jeton_backup::tail::Mode;
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::record::Value;
use jeton_store::conformance::CLIENTS;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::load::Load as _;
use jeton_store::store::Store;

use crate::stage::{Busy, rows_in, rows_of, submit};
use crate::whole::{Backup, SHIPPED};

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
    // It says since when marks are known, as a restored server does.
    let row = vec![Value::text("marks"), Value::text("known"), Value::Null, Value::Int(i64::from(seed))];
    submit(&*backup.busy.store, Commit::new(&mut moment).put(&CLIENTS, row).tell(opened)).unwrap();
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
    // It has begun to serve, and nothing of it is there yet.
    let mut shipper = backup.shipper_without_memory().await;
    let began = backup.busy.store.head();
    let restored = backup.restore(None).await.0;
    assert_eq!((restored.claim().is_complete(), restored.incarnation), (false, before.incarnation));
    let named = |restored: &jeton_backup::restore::Restored| {
        restored.others.iter().map(|other| (other.incarnation, other.size, other.time)).collect::<Vec<_>>()
    };
    assert_eq!(named(&restored), [(began.incarnation, before.to, None)]);
    backup.busy.wait(5);
    backup.busy.live(20);
    shipper.ship(ENDED).await.unwrap();
    let restored = backup.restore(Some(began.time)).await.0;
    assert_eq!((restored.claim().is_complete(), restored.others.len(), restored.incarnation), (true, 0, began.incarnation));
    assert!(restored.left_behind > 0);
    // A snapshot of its own has all of both.
    backup.snapshot(2).await;
    shipper.ship(ENDED).await.unwrap();
    let restored = backup.restore(None).await.0;
    assert!(restored.claim().is_complete() && restored.others.is_empty(), "{restored:?}");
    assert_eq!(restored.incarnation, began.incarnation);
}

/// A server on a folder that was made of the backup: it goes on in an incarnation of its own, and ships to the same target.
async fn went_on(backup: &Backup, seed: u8) -> Backup {
    let (restored, loader) = backup.restore(None).await;
    let next = Backup { busy: Busy::of(loader, restored.incarnation, seed), ..Backup::new(u64::from(seed), 0) };
    let next = Backup { target: backup.target.clone(), sealing: backup.sealing.clone(), opening: backup.opening.clone(), ..next };
    open_next(&next, seed);
    next
}

/// Serves and ships, without a snapshot.
async fn serves(backup: &Backup, mode: Mode) -> [u8; 16] {
    let mut shipper = backup.shipper().await;
    backup.busy.live(20);
    shipper.ship(mode).await.unwrap();
    backup.busy.store.head().incarnation
}

/// A backup that ended, and has a snapshot.
async fn ended(seed: u64) -> Backup {
    let backup = Backup::new(seed, 0);
    backup.busy.live(30);
    backup.snapshot(1).await;
    serves(&backup, ENDED).await;
    backup
}

#[tokio::test]
async fn a_restore_goes_on_into_what_was_opened_where_it_ends() {
    let first = ended(41).await;
    let before = first.busy.store.head().time;
    let second = went_on(&first, 2).await;
    serves(&second, SHIPPED).await;
    let restored = first.restore(None).await.0;
    assert_eq!((restored.incarnation, restored.claim().is_complete()), (second.busy.store.head().incarnation, false));
    let third = went_on(&first, 3).await;
    serves(&third, ENDED).await;
    let (restored, loader) = first.restore(None).await;
    assert!(restored.claim().is_complete() && restored.others.is_empty(), "{restored:?}");
    assert_eq!(loader.ledger().0, &third.busy.store.head().frontier);
    assert_eq!(rows_in(&loader), rows_of(&*third.busy.store));
    // One of those before is what is asked for, and the others are named.
    let asked = second.busy.store.head().incarnation;
    let (restored, loader) = first.restores(None, Some(asked)).await.unwrap();
    assert_eq!((restored.incarnation, restored.claim().is_complete(), restored.others.len()), (asked, false, 1));
    assert_eq!(rows_in(&loader), rows_of(&*second.busy.store));
    // To a time before any of them was opened there is no way into them.
    let restored = first.restore(Some(before)).await.0;
    assert_eq!((restored.claim().is_complete(), restored.others.len()), (false, 2));
    assert_eq!(first.problems().await, []);
}

#[tokio::test]
async fn of_two_that_went_on_from_one_place_both_are_named() {
    let first = ended(42).await;
    let (second, third) = (went_on(&first, 2).await, went_on(&first, 3).await);
    let both = [serves(&second, ENDED).await, serves(&third, ENDED).await];
    let restored = first.restore(None).await.0;
    assert_eq!((restored.claim().is_complete(), restored.size), (false, first.busy.store.head().size));
    let named: BTreeSet<_> = restored.others.iter().map(|other| other.incarnation).collect();
    assert_eq!(named, both.into());
    for (asked, of) in both.into_iter().zip([&second, &third]) {
        let (restored, loader) = first.restores(None, Some(asked)).await.unwrap();
        assert_eq!((restored.incarnation, restored.claim().is_complete(), restored.others.len()), (asked, false, 1));
        assert_eq!(rows_in(&loader), rows_of(&*of.busy.store));
    }
}

#[tokio::test]
async fn nothing_goes_on_from_within_a_tail_or_from_one_that_begins_again() {
    let first = ended(43).await;
    let second = went_on(&first, 2).await;
    let asked = serves(&second, ENDED).await;
    assert!(first.restore(None).await.0.claim().is_complete());
    // It begins again, and has put nothing yet.
    let mut shipper = first.shipper().await;
    let restored = first.restore(None).await.0;
    assert_eq!((restored.claim().is_complete(), restored.incarnation), (false, asked));
    first.busy.live(3);
    shipper.ship(ENDED).await.unwrap();
    let restored = first.restore(None).await.0;
    assert_eq!((restored.claim().is_complete(), restored.size), (false, first.busy.store.head().size));
    assert_eq!(restored.others.iter().map(|other| other.incarnation).collect::<Vec<_>>(), [asked]);
    let refused = first.restores(None, Some(asked)).await.err().unwrap().to_string();
    assert!(refused.contains("does not lead to where it begins"), "{refused}");
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
async fn one_that_begins_again_once_its_successor_has_a_snapshot_is_named() {
    let first = ended(44).await;
    let second = went_on(&first, 2).await;
    serves(&second, ENDED).await;
    second.snapshot(2).await;
    serves(&second, ENDED).await;
    let before = first.busy.store.head();
    let check = async |others: &[([u8; 16], u64)], when: &str| {
        let restored = first.restore(None).await.0;
        let named: Vec<_> = restored.others.iter().map(|other| (other.incarnation, other.size)).collect();
        assert_eq!((restored.claim().is_complete(), &named[..]), (others.is_empty(), others), "{when}");
        assert_eq!(restored.incarnation, second.busy.store.head().incarnation);
    };
    check(&[], "both ended").await;
    let mut shipper = first.shipper().await;
    check(&[(before.incarnation, before.size)], "the first begins again, and has put nothing").await;
    shipper.ship(ENDED).await.unwrap();
    check(&[], "it ended, and nothing came").await;
    let mut shipper = first.shipper_in_sync().await;
    check(&[], "what it acknowledges is there").await;
    first.busy.live(3);
    shipper.ship(ENDED).await.unwrap();
    check(&[(before.incarnation, first.busy.store.head().size)], "it went on").await;
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
