//! A target that is away: for longer than changes are kept, at a start, and while nothing happens.

use std::sync::Arc;

use futures_util::FutureExt as _;
use jeton_backup::restore::segments;
use jeton_backup::tail::Mode;
use jeton_store::store::Store as _;

use crate::stage::{rows_in, rows_of};
use crate::whole::{Backup, SHIPPED};

/// A day longer than changes are kept.
const LONG: i64 = 4 * 86_400;

#[tokio::test]
async fn what_left_before_it_was_shipped_is_a_gap_until_the_next_snapshot() {
    for is_over in [true, false] {
        let backup = Backup::new(11, 0);
        let mut shipper = backup.shipper().await;
        backup.busy.live(40);
        backup.snapshot(1).await;
        shipper.ship(SHIPPED).await.unwrap();
        drop(shipper);
        // From here on the target is away. What is heard of groups is lost with the process.
        backup.busy.live(60);
        backup.busy.wait(if is_over { LONG } else { 0 });
        backup.busy.store.drop_expired(backup.busy.now()).unwrap();
        backup.busy.live(5);
        let mut shipper = backup.shipper_without_memory().await;
        let last = Mode { sync: false, is_final: true };
        shipper.ship(last).await.unwrap();
        assert_eq!(shipper.shipped(), backup.busy.store.head().size);
        assert_eq!(backup.restore(None).await.0.claim().is_complete(), !is_over, "a part of it lacks its changes");
        // Who ships says from where on the tail has no gap: a snapshot that ends before is not enough.
        let newest = backup.newest().await;
        assert_eq!(shipper.unbroken_from() > newest, is_over);
        // Whoever begins anew finds the same on the target.
        drop(shipper);
        let mut shipper = backup.shipper_without_memory().await;
        assert_eq!(shipper.unbroken_from() > newest, is_over);
        backup.busy.wait(2);
        backup.snapshot(2).await;
        backup.busy.live(20);
        shipper.ship(last).await.unwrap();
        let (restored, loader) = backup.restore(None).await;
        assert!(restored.claim().is_complete());
        assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
    }
}

#[tokio::test]
async fn a_run_that_ships_at_each_commit_does_not_vouch_for_one_that_did_not() {
    let backup = Backup::new(12, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(40);
    backup.snapshot(1).await;
    shipper.ship(SHIPPED).await.unwrap();
    drop(shipper);
    // Never shipped by the run that answered it.
    backup.busy.live(40);
    let mut shipper = backup.shipper_in_sync().await;
    assert!(!backup.restore(None).await.0.claim().is_complete(), "it only began");
    shipper.ship(Mode { sync: true, is_final: false }).await.unwrap();
    assert!(backup.restore(None).await.0.claim().is_complete(), "all of it is there");
}

#[tokio::test]
async fn a_target_that_goes_away_while_nothing_happens_is_noticed_within_a_minute() {
    let backup = Backup::new(13, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(10);
    for _ in 0..200 {
        shipper.ship(SHIPPED).await.unwrap();
    }
    backup.take_away();
    let mut ends = Vec::new();
    for _ in 0..60 {
        ends.push(shipper.ship(SHIPPED).await.is_ok());
    }
    assert!(ends.contains(&false), "sixty times nothing to ship, and nobody noticed");
}

/// What is there of a backup is as it was.
#[tokio::test]
async fn being_there_costs_one_object() {
    let backup = Backup::new(14, 0);
    let mut shipper = backup.shipper().await;
    let before = backup.target.list("tail").await.unwrap();
    for _ in 0..600 {
        shipper.ship(SHIPPED).await.unwrap();
    }
    assert_eq!(backup.target.list("tail").await.unwrap(), before);
    let target: Arc<_> = Arc::new(backup.target.clone());
    assert!(target.get("alive").await.unwrap().starts_with(b"jeton"));
}

#[tokio::test]
async fn a_full_segment_rings_once_whoever_ships() {
    let backup = Backup::new(13, 0);
    let mut shipper = backup.shipper().await;
    let fills = || backup.busy.unshipped.fills_a_segment().now_or_never().is_some();
    backup.busy.live(1_000);
    assert!(!fills(), "a few commits wait for their second");
    backup.busy.live(14_000);
    assert!(fills(), "about four mebibytes wait");
    // A target that is away is not asked again for each commit.
    backup.busy.live(100);
    assert!(!fills());
    shipper.ship(SHIPPED).await.unwrap();
    backup.busy.live(15_000);
    assert!(fills());
}

#[tokio::test]
async fn what_was_large_is_caught_up_in_segments_that_open() {
    let backup = Backup::new(14, 0);
    let mut shipper = backup.shipper().await;
    backup.snapshot(1).await;
    shipper.ship(SHIPPED).await.unwrap();
    drop(shipper);
    let before = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap().len();
    backup.busy.live_large(40, 300_000);
    let mut shipper = backup.shipper_without_memory().await;
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let after = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap().len();
    assert!((3..10).contains(&(after - before)), "twelve megabytes in {} segments", after - before);
    let (restored, loader) = backup.restore(None).await;
    assert!(restored.claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
}
