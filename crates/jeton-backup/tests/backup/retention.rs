//! What leaves a target, and what stays however old it is.

use jeton_backup::names::{SNAPSHOTS, SnapshotId};
use jeton_backup::restore::{segments, snapshots};
use jeton_backup::retention::{Keeping, prune, take_back};
use jeton_backup::tail::Mode;
use jeton_store::store::Store as _;

use crate::stage::{rows_in, rows_of};
use crate::whole::{Backup, SHIPPED};

const DAY: i64 = 86_400;

#[tokio::test]
async fn old_snapshots_leave_with_their_tail_and_the_newest_two_stay() {
    let backup = Backup::new(31, 0);
    let mut shipper = backup.shipper().await;
    let mut made = Vec::new();
    for number in 1..=4 {
        backup.busy.live(20);
        made.push(backup.snapshot(number).await);
        backup.busy.live(20);
        shipper.ship(SHIPPED).await.unwrap();
        backup.busy.wait(DAY);
    }
    let incarnation = backup.busy.store.head().incarnation;
    let before = segments(&backup.target, incarnation).await.unwrap().len();
    let left = prune(&backup.target, &backup.opening, 90 * DAY, backup.busy.now()).await.unwrap();
    assert_eq!((left.snapshots, left.segments > 0), (0, true), "what was before the first of them is of no use");
    // A year later all are old.
    backup.busy.wait(365 * DAY);
    let left = prune(&backup.target, &backup.opening, 30 * DAY, backup.busy.now()).await.unwrap();
    assert_eq!(left.snapshots, 2);
    assert_eq!(snapshots(&backup.target).await.unwrap(), made[2..]);
    assert!(segments(&backup.target, incarnation).await.unwrap().len() < before);
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let (restored, loader) = backup.restore(None).await;
    assert!(restored.claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
}

#[tokio::test]
async fn what_a_snapshot_left_that_came_to_no_end_leaves_with_a_later_one() {
    let backup = Backup::new(32, 0);
    backup.busy.live(20);
    let (early, late) = (SnapshotId::new(backup.busy.now(), [9; 4]), SnapshotId::new(backup.busy.now(), [8; 4]));
    for id in [&early, &late] {
        backup.target.put(&id.part(1), vec![1]).await.unwrap();
        backup.target.put(&id.part(2), vec![2]).await.unwrap();
    }
    // Whoever made one knows that it will not be ended.
    take_back(&backup.target, &late).await.unwrap();
    backup.busy.wait(60);
    let whole = backup.snapshot(1).await;
    let there = async || {
        let listed = backup.target.list(SNAPSHOTS).await.unwrap();
        let mut ids: Vec<String> = listed.iter().map(|object| object.name.split('/').nth(1).unwrap().to_owned()).collect();
        ids.dedup();
        ids
    };
    assert_eq!(there().await, [early.to_string(), whole.to_string()]);
    prune(&backup.target, &backup.opening, 30 * DAY, backup.busy.now()).await.unwrap();
    assert_eq!(there().await.len(), 2, "somebody may be at it");
    backup.busy.wait(3_600);
    let left = prune(&backup.target, &backup.opening, 30 * DAY, backup.busy.now()).await.unwrap();
    assert_eq!((there().await, left.snapshots), (vec![whole.to_string()], 1));
}

#[tokio::test]
async fn the_last_snapshot_that_a_drill_proved_stays_until_another_one_is_proven() {
    let backup = Backup::new(33, 0);
    let mut shipper = backup.shipper().await;
    let mut made = Vec::new();
    for number in 1..=5 {
        backup.busy.live(20);
        made.push(backup.snapshot(number).await);
        backup.busy.live(20);
        shipper.ship(SHIPPED).await.unwrap();
        backup.busy.wait(DAY);
    }
    backup.busy.wait(365 * DAY);
    let keeping = Keeping { seconds: 30 * DAY, proven: Some(made[1].to_string()) };
    prune(&backup.target, &backup.opening, keeping, backup.busy.now()).await.unwrap();
    assert_eq!(snapshots(&backup.target).await.unwrap(), [&made[1..2], &made[3..]].concat());
    // Whoever finds the others damaged goes on from it: its tail is there.
    for id in &made[3..] {
        backup.target.delete(&id.manifest()).await.unwrap();
    }
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let (restored, loader) = backup.restore(None).await;
    assert!(restored.claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
}

/// Puts one bit of an object wrong.
async fn flip(backup: &Backup, name: &str) {
    let mut bytes = backup.target.get(name).await.unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    backup.target.put(name, bytes).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_does_not_open_stops_nothing() {
    let backup = Backup::new(34, 0);
    let mut shipper = backup.shipper().await;
    let mut made = Vec::new();
    for number in 1..=4 {
        backup.busy.live(20);
        made.push(backup.snapshot(number).await);
        shipper.ship(SHIPPED).await.unwrap();
        backup.busy.wait(DAY);
    }
    backup.busy.live(20);
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    // The newest is damaged, and somebody's file has the name of one that is newer still.
    let foreign = SnapshotId::new(backup.busy.now().plus_seconds(1_000 * DAY), [0; 4]);
    backup.target.put(&foreign.manifest(), b"x".to_vec()).await.unwrap();
    flip(&backup, &made[3].manifest()).await;
    let (restored, loader) = backup.restore(None).await;
    let passed_over: Vec<_> = restored.passed_over.iter().map(|problem| problem.name.clone()).collect();
    assert_eq!(passed_over, [foreign.manifest(), made[3].manifest()]);
    assert_eq!(
        (restored.manifest.snapshot.clone(), restored.claim().is_complete()),
        (made[2].to_string(), true),
        "the tail goes on from an older one"
    );
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
    // What leaves leaves all the same, but two that open stay; and nobody takes away what cannot be read.
    backup.busy.wait(365 * DAY);
    let left = prune(&backup.target, &backup.opening, 30 * DAY, backup.busy.now()).await.unwrap();
    assert_eq!((left.snapshots, left.unread.len()), (1, 2));
    let stay = [&made[1..], &[foreign]].concat();
    assert_eq!(snapshots(&backup.target).await.unwrap(), stay);
    assert_eq!(rows_in(&backup.restore(None).await.1), rows_of(&*backup.busy.store));
}
