//! A snapshot that was made while the store went on, and the tail after it, make the store of the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_backup::failure::Failure;
use jeton_backup::identity::Identity;
use jeton_backup::names::{Segment, SnapshotId};
use jeton_backup::open::Opening;
use jeton_backup::owner::Owner;
use jeton_backup::problem::What;
use jeton_backup::restore::{Restore, Restored, manifest, segments, snapshots};
use jeton_backup::seal::Sealing;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::Target;
use jeton_backup::unshipped::Unshipped;
use jeton_backup::verify::verify;
use jeton_core::claim::End;
use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_store::conformance::SCHEMA;
use jeton_store::load::Load as _;
use jeton_store::memory::MemoryLoader;
use jeton_store::store::Store;

use crate::stage::{Busy, keys, note_key, rows_in, rows_of};

pub(crate) const SHIPPED: Mode = Mode { sync: false, is_final: false };

pub(crate) struct Backup {
    pub(crate) busy: Arc<Busy>,
    pub(crate) target: Target,
    pub(crate) sealing: Sealing,
    pub(crate) opening: Opening,
    pub(crate) folder: tempfile::TempDir,
}

impl Backup {
    pub(crate) fn new(seed: u64, pace: u64) -> Backup {
        Backup::sealed_for(&Identity::generate(), seed, pace)
    }

    pub(crate) fn sealed_for(identity: &Identity, seed: u64, pace: u64) -> Backup {
        let folder = tempfile::tempdir().unwrap();
        let (sealing, opening) = keys(identity);
        let target = Target::folder(&folder.path().join("backups")).unwrap();
        Backup { busy: Busy::new(seed, pace), target, sealing, opening, folder }
    }

    pub(crate) async fn shipper(&self) -> Shipper {
        self.shipper_of(self.busy.unshipped.clone(), false).await
    }

    /// Of a process that heard of nothing.
    pub(crate) async fn shipper_without_memory(&self) -> Shipper {
        self.shipper_of(Arc::default(), false).await
    }

    /// Of a server that acknowledges only what is shipped.
    pub(crate) async fn shipper_in_sync(&self) -> Shipper {
        self.shipper_of(self.busy.unshipped.clone(), true).await
    }

    async fn shipper_of(&self, unshipped: Arc<Unshipped>, is_sync: bool) -> Shipper {
        let store: Arc<dyn Store> = self.busy.clone();
        Shipper::begin(store, &SCHEMA, self.target.clone(), self.sealing.clone(), unshipped, is_sync).await.unwrap()
    }

    /// Where the newest snapshot ends.
    pub(crate) async fn newest(&self) -> Sequence {
        let id = snapshots(&self.target).await.unwrap().pop().unwrap();
        manifest(&self.target, &self.opening, &id).await.unwrap().head.size
    }

    /// Puts something in the way of the target.
    pub(crate) fn take_away(&self) {
        std::fs::remove_dir_all(self.folder.path().join("backups")).unwrap();
        std::fs::write(self.folder.path().join("backups"), "in the way").unwrap();
    }

    /// What is found to be wrong with what is on the target.
    pub(crate) async fn problems(&self) -> Vec<(String, What)> {
        let found = verify(&self.target, &self.opening, Some(&note_key()), &|_| {}).await.unwrap();
        found.problems.into_iter().map(|problem| (problem.name, problem.what)).collect()
    }

    pub(crate) async fn snapshot(&self, number: u8) -> SnapshotId {
        let id = SnapshotId::new(self.busy.now(), [number; 4]);
        let (store, progress): (Arc<dyn Store>, _) = (self.busy.clone(), |_| {});
        let snapshot = Snapshot {
            store,
            schema: &SCHEMA,
            target: &self.target,
            sealing: &self.sealing,
            id: id.clone(),
            beside: Beside::default(),
            progress: &progress,
        };
        snapshot.make(self.busy.now(), || self.busy.now()).await.unwrap();
        id
    }

    pub(crate) async fn restore(&self, until: Option<Time>) -> (Restored, MemoryLoader) {
        self.restores(until, None).await.unwrap()
    }

    /// The same of one incarnation.
    pub(crate) async fn restores(&self, until: Option<Time>, incarnation: Option<[u8; 16]>) -> Result<(Restored, MemoryLoader), Failure> {
        let mut loader = MemoryLoader::begin(&SCHEMA);
        let restore = Restore { target: &self.target, opening: &self.opening, schema: &SCHEMA, until, incarnation, progress: &|_| {} };
        let restored = restore.run(&mut loader).await?;
        Ok((restored, loader))
    }
}

#[tokio::test]
async fn what_is_heard_of_groups_is_what_the_store_holds_of_them() {
    for seed in 0..20 {
        let heard = Backup::new(seed, 0);
        let read = Backup { busy: heard.busy.clone(), ..Backup::new(seed, 0) };
        let mut hears = heard.shipper().await;
        let store: Arc<dyn Store> = read.busy.clone();
        let mut reads = Shipper::begin(store, &SCHEMA, read.target.clone(), read.sealing.clone(), Arc::default(), false).await.unwrap();
        heard.busy.live(10);
        heard.snapshot(0).await;
        read.snapshot(0).await;
        heard.busy.live(60);
        hears.ship(SHIPPED).await.unwrap();
        if heard.busy.below(2) == 0 {
            // Who begins anew finds what it took and lost in the store.
            heard.busy.live(30);
            hears = heard.shipper().await;
        }
        heard.busy.live(60);
        heard.busy.tell_changes_anew();
        let last = Mode { sync: false, is_final: true };
        assert_eq!(hears.ship(last).await.unwrap(), reads.ship(last).await.unwrap());
        let ((_, heard), (_, read)) = (heard.restore(None).await, read.restore(None).await);
        assert_eq!(rows_in(&heard), rows_in(&read), "seed {seed}");
        assert_eq!(heard.ledger(), read.ledger(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_store_that_went_on_meanwhile_is_made_again_as_it_was_at_the_end() {
    for seed in 0..40 {
        let backup = Backup::new(seed, 6);
        let mut shipper = backup.shipper().await;
        backup.busy.live(60);
        for number in 0..2 {
            backup.snapshot(number).await;
            backup.busy.live(backup.busy.below(30));
            shipper.ship(SHIPPED).await.unwrap();
        }
        backup.busy.pace.store(0, Ordering::Relaxed);
        shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
        let (restored, loader) = backup.restore(None).await;
        assert_eq!(restored.size, shipper.shipped(), "seed {seed}");
        assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store), "seed {seed}");
        assert_eq!(loader.ledger().0, &backup.busy.store.head().frontier, "seed {seed}");
        assert!(restored.claim().is_complete(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_tail_is_complete_only_if_it_was_shipped_to_the_end_or_at_each_commit() {
    let check = async |mode: Mode, lost: bool, expected: bool| {
        let backup = Backup::new(7, 0);
        let mut shipper = backup.shipper().await;
        backup.busy.live(30);
        backup.snapshot(1).await;
        for _ in 0..3 {
            backup.busy.live(20);
            shipper.ship(Mode { is_final: false, ..mode }).await.unwrap();
        }
        shipper.ship(mode).await.unwrap();
        if lost {
            let all = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap();
            backup.target.delete(&all[1].name()).await.unwrap();
        }
        let (restored, _) = backup.restore(None).await;
        assert_eq!(restored.claim().is_complete(), expected, "{mode:?}, one lost: {lost}");
    };
    check(Mode { sync: false, is_final: false }, false, false).await;
    check(Mode { sync: false, is_final: true }, false, true).await;
    check(Mode { sync: true, is_final: false }, false, true).await;
    check(Mode { sync: true, is_final: true }, true, false).await;
}

#[tokio::test]
async fn an_earlier_time_takes_back_what_was_given_and_not_what_was_taken() {
    for seed in 0..20 {
        let backup = Backup::new(seed, 0);
        let mut shipper = backup.shipper().await;
        backup.busy.live(40);
        backup.snapshot(1).await;
        backup.busy.live(40);
        shipper.ship(SHIPPED).await.unwrap();
        let (until, then, size) = (backup.busy.now(), rows_of(&*backup.busy.store), backup.busy.store.head().size);
        backup.busy.live(60);
        shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
        let late = backup.busy.store.tail(0, 9_999).unwrap().into_iter().filter(|entry| entry.time > until).count();
        let (restored, loader) = backup.restore(Some(until)).await;
        assert_eq!(restored.left_behind, late as u64, "seed {seed}");
        if restored.size == size {
            assert_eq!(rows_in(&loader), then, "seed {seed}");
        }
        // What was spent by commits that tell nothing is taken again, too.
        let untold = restored.narrowing.iter().filter(|commit| commit.entries.is_empty());
        assert!(untold.clone().count() > 0 && untold.clone().all(|commit| commit.change.puts.iter().all(|put| put.table.name == "grant")));
        let narrowing = restored.narrowing.iter().flat_map(|commit| &commit.entries).map(|entry| &*entry.kind);
        assert!(narrowing.clone().all(|kind| matches!(kind, "token.revoked" | "client.deleted" | "client.updated")), "seed {seed}");
        let told = backup.busy.store.tail(restored.size, 9_999).unwrap();
        let narrow = told.iter().filter(|entry| matches!(&*entry.kind, "token.revoked" | "client.deleted" | "client.updated")).count();
        assert_eq!(narrowing.count(), narrow, "seed {seed}");
    }
}

#[tokio::test]
async fn what_is_damaged_missing_or_cut_off_is_named_and_nothing_is_made_of_it() {
    let backup = Backup::new(3, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(40);
    backup.snapshot(1).await;
    backup.busy.live(40);
    shipper.ship(SHIPPED).await.unwrap();
    let id = snapshots(&backup.target).await.unwrap().remove(0);
    let segment = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap().pop().unwrap();
    for name in [id.manifest(), id.part(1), segment.name()] {
        let whole = backup.target.get(&name).await.unwrap().to_vec();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 4;
        for wrong in [flipped, whole[..middle].to_vec(), Vec::new()] {
            backup.target.put(&name, wrong).await.unwrap();
            let mut loader = MemoryLoader::begin(&SCHEMA);
            let restore = Restore {
                target: &backup.target,
                opening: &backup.opening,
                schema: &SCHEMA,
                until: None,
                incarnation: None,
                progress: &|_| {},
            };
            let failure = restore.run(&mut loader).await.unwrap_err().to_string();
            assert!(failure.contains(&name), "{failure}");
        }
        backup.target.put(&name, whole).await.unwrap();
    }
    backup.restore(None).await;
}

#[tokio::test]
async fn a_folder_that_was_put_back_ships_nothing_over_what_is_there() {
    let backup = Backup::new(5, 0);
    let mut shipper = backup.shipper().await;
    backup.busy.live(40);
    shipper.ship(SHIPPED).await.unwrap();
    let before: Arc<dyn Store> = Busy::new(5, 0);
    let unshipped = backup.busy.unshipped.clone();
    let refused = Shipper::begin(before, &SCHEMA, backup.target.clone(), backup.sealing.clone(), unshipped, false).await;
    assert!(refused.err().unwrap().to_string().contains("put back to an earlier state"));
}

/// What is only called like a segment stops nobody; what is one does.
#[tokio::test]
async fn whoever_may_write_to_a_target_stops_no_server_by_a_name() {
    let backup = Backup::new(5, 0);
    let mut shipper = backup.shipper().await;
    backup.snapshot(1).await;
    backup.busy.live(10);
    let end = shipper.ship(SHIPPED).await.unwrap();
    let begin = async |store: Arc<dyn Store>| {
        let (keys, unshipped) = ((backup.sealing.clone(), Some(&backup.opening)), Arc::default());
        Shipper::begin_after(0, store, &SCHEMA, backup.target.clone(), keys, unshipped, false).await
    };
    let store: Arc<dyn Store> = backup.busy.clone();
    let segment = Segment { incarnation: store.head().incarnation, from: end, to: end + 50 };
    backup.target.put(&segment.name(), b"nothing".to_vec()).await.unwrap();
    assert_eq!(begin(store.clone()).await.unwrap().shipped(), end, "it goes on where it was");
    // Once the ledger is past its end it says nothing of what was shipped, either.
    backup.busy.live(90);
    assert!(store.head().size > segment.to, "the ledger is past it");
    let mut again = begin(store.clone()).await.unwrap();
    assert_eq!((again.shipped(), again.unopened()), (end, &[segment][..]));
    again.ship(SHIPPED).await.unwrap();
    assert!(backup.problems().await.iter().any(|(name, _)| *name == segment.name()), "verify names it");
    std::fs::remove_file(backup.folder.path().join("backups").join(segment.name())).unwrap();
    assert_eq!(backup.restore(None).await.0.size, store.head().size, "all of it was shipped");
    // What has the very name of the segment that is due is written over.
    let end = again.shipped();
    backup.busy.live(3);
    let due = Segment { incarnation: segment.incarnation, from: end, to: store.head().size };
    backup.target.put(&due.name(), b"nothing".to_vec()).await.unwrap();
    let mut again = begin(store.clone()).await.unwrap();
    again.ship(SHIPPED).await.unwrap();
    assert_eq!(backup.problems().await, []);
    assert_eq!(backup.restore(None).await.0.size, store.head().size);
    let owner = Owner::new([1; 16]);
    owner.begin(store, &backup.target, &backup.opening).await.unwrap();
    let before: Arc<dyn Store> = Busy::new(5, 0);
    assert!(matches!(begin(before).await, Err(Failure::Parted(_))), "what opens counts");
}

/// What is only called like a segment is not taken for shipped once the ledger has grown past it, and hides nothing from a restore.
#[tokio::test]
async fn what_is_only_called_like_a_segment_is_not_taken_for_shipped() {
    // Until where they go beyond what was shipped, and from where.
    for names in [&[(0, 3)][..], &[(0, 3), (3, 7)], &[(2, 4)], &[(0, 1), (0, 2), (1, 6)], &[(-4, 5)], &[(5, 5), (0, 5)]] {
        let backup = Backup::new(5, 0);
        let mut shipper = backup.shipper().await;
        backup.busy.live(10);
        backup.snapshot(1).await;
        let end = shipper.ship(SHIPPED).await.unwrap();
        let store: Arc<dyn Store> = backup.busy.clone();
        let incarnation = store.head().incarnation;
        let mut put = Vec::new();
        for (from, to) in names {
            let segment = Segment { incarnation, from: end.strict_add_signed(*from), to: end + to };
            backup.target.put(&segment.name(), b"nothing".to_vec()).await.unwrap();
            put.push(segment.name());
        }
        backup.busy.live(20);
        let (keys, unshipped) = ((backup.sealing.clone(), Some(&backup.opening)), Arc::default());
        let owner = Owner::new([1; 16]);
        owner.begin(store.clone(), &backup.target, &backup.opening).await.unwrap();
        let mut again = Shipper::begin_after(0, store.clone(), &SCHEMA, backup.target.clone(), keys, unshipped, false).await.unwrap();
        assert_eq!(again.shipped(), end, "{names:?}: nothing behind it was shipped");
        assert!(!again.unopened().is_empty(), "{names:?}");
        assert_eq!(again.ship(SHIPPED).await.unwrap(), store.head().size);
        let problems = backup.problems().await;
        assert!(put.iter().filter(|name| problems.iter().any(|(problem, _)| problem == *name)).count() >= names.len() - 1, "{problems:?}");
        let (restored, loader) = backup.restore(None).await;
        assert_eq!((restored.size, restored.end), (store.head().size, End::Unsaid), "{names:?}");
        assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store), "{names:?}");
    }
}
