//! A tail of a great many segments is listed from where it is needed.

use jeton_backup::names::{Segment, TAIL};
use jeton_backup::restore::segments;
use jeton_backup::retention::prune;
use jeton_backup::segments::segments_from;
use jeton_backup::tail::Mode;
use jeton_backup::target::Target;
use jeton_store::store::Store as _;

use crate::watched::Watched;
use crate::whole::{Backup, SHIPPED};

const OF: [u8; 16] = [7; 16];

async fn put(target: &Target, from: u64, to: u64) {
    target.put(&Segment { incarnation: OF, from, to }.name(), vec![1]).await.unwrap();
}

#[tokio::test]
async fn what_lies_long_before_is_not_listed() {
    let (watched, target) = Watched::target();
    for place in 0..2_000 {
        put(&target, place * 1_000, place * 1_000 + 1_000).await;
    }
    let found = segments_from(&target, OF, 1_990_500).await.unwrap();
    assert!(found.iter().any(|stored| stored.segment.from == 1_990_000), "the one that holds the entry");
    assert_eq!(found.last().unwrap().segment.to, 2_000_000);
    assert!(watched.listed() < 100);
    // One that is larger than all others is found none the less.
    put(&target, 2_000_000, 3_000_000).await;
    put(&target, 3_000_000, 3_000_001).await;
    let check = async |from: u64, expected: u64| {
        let found = segments_from(&target, OF, from).await.unwrap();
        assert!(found.iter().any(|stored| stored.segment.from == expected), "{from}");
    };
    check(2_900_000, 2_000_000).await;
    check(2_999_999, 2_000_000).await;
    check(3_000_000, 3_000_000).await;
    check(9_000_000, 3_000_000).await;
    check(0, 0).await;
}

#[tokio::test]
async fn a_folder_lists_what_a_bucket_lists() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, folder) = (Watched::target().1, Target::folder(folder.path()).unwrap());
    for target in [&bucket, &folder] {
        assert_eq!(segments_from(target, OF, 5).await.unwrap(), []);
        for place in 0..300 {
            put(target, place * 1_000, place * 1_000 + 1_000).await;
        }
        target.put(&format!("{TAIL}/somebody"), vec![2]).await.unwrap();
    }
    for from in [0, 1, 65_536, 150_000, 299_999, 300_000] {
        assert_eq!(segments_from(&bucket, OF, from).await.unwrap(), segments_from(&folder, OF, from).await.unwrap());
    }
    let until = async |target: &Target| {
        let mut left = 3;
        let is_last = |_: &_| {
            left -= 1;
            left == 0
        };
        target.list_from(TAIL, "", is_last).await.unwrap()
    };
    assert_eq!(until(&bucket).await.len(), 3);
    assert_eq!(until(&bucket).await, until(&folder).await);
}

#[tokio::test]
async fn what_leaves_is_found_without_a_look_at_what_stays() {
    let (watched, target) = Watched::target();
    let backup = Backup { target, ..Backup::new(71, 0) };
    let mut shipper = backup.shipper().await;
    for _ in 0..5 {
        backup.busy.live(3);
        shipper.ship(SHIPPED).await.unwrap();
    }
    backup.snapshot(1).await;
    for _ in 0..60 {
        backup.busy.live(3);
        shipper.ship(SHIPPED).await.unwrap();
    }
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let before = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap();
    watched.listed();
    let left = prune(&backup.target, &backup.opening, 90 * 86_400, backup.busy.now()).await.unwrap();
    assert!((3..=6).contains(&left.segments), "{left:?}");
    assert!(watched.listed() < 25, "of {} segments", before.len());
    assert!(backup.restore(None).await.0.claim().is_complete());
}
