//! A store that vanishes after so many requests, for each number of them: in the midst of a restore, a snapshot, a segment, and while old
//! backups leave. What is there at that moment is what a kill would leave, too.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jeton_backup::attempt::{Attempt, GOES_ON_SECONDS};
use jeton_backup::identity::Identity;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::SnapshotId;
use jeton_backup::restore::{Restore, snapshots};
use jeton_backup::retention::prune;
use jeton_backup::seal::Sealing;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::Mode;
use jeton_backup::target::Target;
use jeton_store::conformance::SCHEMA;
use jeton_store::memory::MemoryLoader;
use jeton_store::store::Store;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

use crate::joined::few_at_a_time;
use crate::stage::{rows_in, rows_of};
use crate::whole::{Backup, SHIPPED};

const DAY: i64 = 86_400;
const LAST: Mode = Mode { sync: false, is_final: true };

/// Answers so many requests, and none after them.
#[derive(Debug)]
struct Vanishing {
    inner: InMemory,
    left: AtomicU64,
}

impl Vanishing {
    fn vanishes_after(&self, requests: u64) {
        self.left.store(requests, Ordering::Relaxed);
    }

    fn is_there(&self) -> Result<()> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::Generic { store: "vanishing", source: "it is gone".into() }
}

impl fmt::Display for Vanishing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a store that vanishes")
    }
}

#[async_trait]
impl ObjectStore for Vanishing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.is_there()?;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.is_there()?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.is_there()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.is_there() {
            Ok(()) => self.inner.delete_stream(locations),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.is_there() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.is_there()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.is_there()?;
        self.inner.copy_opts(from, to, options).await
    }
}

fn on_a_vanishing_store(seed: u64) -> (Backup, Arc<Vanishing>) {
    let store = Arc::new(Vanishing { inner: InMemory::new(), left: AtomicU64::new(u64::MAX) });
    let target = Target::over(store.clone(), "a store that vanishes", Duration::from_secs(5));
    (Backup { target, ..Backup::new(seed, 0) }, store)
}

/// Tries with a store that is there for one request more each time, until it goes well; how often it did not.
async fn until_it_goes_well(store: &Vanishing, mut attempt: impl AsyncFnMut() -> std::result::Result<(), String>) -> u64 {
    let mut requests = 0;
    loop {
        store.vanishes_after(requests);
        let done = attempt().await;
        store.vanishes_after(u64::MAX);
        match done {
            Ok(()) => return requests,
            Err(words) => assert!(words.contains("it is gone") || words.contains("a store that vanishes"), "{words}"),
        }
        requests += 1;
        assert!(requests < 500, "it never goes well");
    }
}

/// That all there was until the last word of the shipper comes back, and nothing on the target is wrong.
async fn is_whole(backup: &Backup) {
    assert_eq!(backup.problems().await, vec![]);
    let (restored, loader) = backup.restore(None).await;
    assert!(restored.claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*backup.busy.store));
}

#[tokio::test]
async fn in_a_restore() {
    let (backup, store) = on_a_vanishing_store(41);
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    backup.snapshot(1).await;
    for _ in 0..3 {
        backup.busy.live(20);
        shipper.ship(SHIPPED).await.unwrap();
    }
    shipper.ship(LAST).await.unwrap();
    let failed = until_it_goes_well(&store, async || {
        let mut loader = MemoryLoader::begin(&SCHEMA);
        let restore = Restore {
            target: &backup.target,
            opening: &backup.opening,
            schema: &SCHEMA,
            until: None,
            incarnation: None,
            progress: &|_| {},
        };
        restore.run(&mut loader).await.map(drop).map_err(|failure| failure.to_string())
    })
    .await;
    assert!(failed > 5);
    is_whole(&backup).await;
}

#[tokio::test]
async fn in_a_snapshot() {
    let (backup, store) = on_a_vanishing_store(42);
    let mut shipper = backup.shipper().await;
    backup.busy.live(60);
    backup.snapshot(1).await;
    let mut number = 2;
    let failed = until_it_goes_well(&store, async || {
        backup.busy.wait(1);
        backup.busy.live(3);
        number += 1;
        let (live, progress): (Arc<dyn Store>, _) = (backup.busy.clone(), |_| {});
        let snapshot = Snapshot {
            store: live,
            schema: &SCHEMA,
            target: &backup.target,
            sealing: &backup.sealing,
            id: SnapshotId::new(backup.busy.now(), [number; 4]),
            beside: Beside::default(),
            progress: &progress,
        };
        let made = snapshot.make(backup.busy.now(), || backup.busy.now()).await;
        made.map(drop).map_err(|failure| failure.to_string())
    })
    .await;
    assert!(failed > 0);
    assert_eq!(snapshots(&backup.target).await.unwrap().len(), 2, "only what came to its end is one");
    shipper.ship(LAST).await.unwrap();
    is_whole(&backup).await;
}

/// A snapshot of this number, made by what is lent it.
fn numbered(backup: &Backup, number: u8) -> Snapshot<'_> {
    let store: Arc<dyn Store> = backup.busy.clone();
    let id = SnapshotId::new(backup.busy.now(), [number; 4]);
    let (target, sealing) = (&backup.target, &backup.sealing);
    Snapshot { store, schema: &SCHEMA, target, sealing, id, beside: Beside::default(), progress: &|_| {} }
}

/// Begins one whose target goes away after so many parts.
async fn broken_off(backup: &Backup, store: &Vanishing, (number, parts): (u8, u64)) -> Attempt {
    let snapshot = numbered(backup, number);
    let mut attempt = snapshot.begin(backup.busy.now()).unwrap();
    store.vanishes_after(parts);
    let failure = snapshot.write(&mut attempt, || backup.busy.now()).await.unwrap_err();
    store.vanishes_after(u64::MAX);
    assert!(Attempt::is_kept_after(&failure), "{failure}");
    attempt
}

#[tokio::test]
async fn in_a_snapshot_that_is_gone_on_with_behind_the_last_part() {
    let (backup, store) = on_a_vanishing_store(46);
    let mut shipper = backup.shipper().await;
    backup.busy.live(40);
    backup.busy.live_large(14, 1 << 20);
    backup.snapshot(1).await;
    for (number, parts) in [(2, 0), (3, 1), (4, 3)] {
        backup.busy.wait(1);
        let mut attempt = broken_off(&backup, &store, (number, parts)).await;
        // What is there goes on meanwhile.
        backup.busy.live(50);
        backup.busy.wait(600);
        backup.busy.live(50);
        assert!(attempt.may_go_on(&backup.busy.head(), &backup.sealing, backup.busy.now()));
        assert!(attempt.is_there(&backup.target).await.unwrap());
        let (before, snapshot) = (backup.target.written().1.objects, Snapshot { id: attempt.id().clone(), ..numbered(&backup, number) });
        let manifest: Manifest = snapshot.write(&mut attempt, || backup.busy.now()).await.unwrap();
        let put = backup.target.written().1.objects - before;
        assert_eq!(put, manifest.parts.len() as u64 - parts, "only the rest is put");
        assert!(manifest.parts.len() > 3);
        snapshot.finish(&manifest).await.unwrap();
        shipper.ship(SHIPPED).await.unwrap();
        backup.busy.live(20);
        shipper.ship(LAST).await.unwrap();
        is_whole(&backup).await;
    }
}

#[tokio::test]
async fn in_a_snapshot_that_is_not_gone_on_with() {
    let (backup, store) = on_a_vanishing_store(47);
    backup.busy.live_large(14, 1 << 20);
    let attempt = broken_off(&backup, &store, (2, 2)).await;
    let (head, now, sealing) = (backup.busy.head(), backup.busy.now(), &backup.sealing);
    assert!(attempt.may_go_on(&head, sealing, now));
    let mut another = (*head).clone();
    another.incarnation[0] ^= 1;
    assert!(!attempt.may_go_on(&another, sealing, now), "another incarnation has other entries");
    let mut recipients = sealing.recipients.clone();
    recipients.push(Identity::generate().recipient());
    assert!(!attempt.may_go_on(&head, &Sealing { recipients, ..sealing.clone() }, now), "whoever is to open it could not");
    assert!(!attempt.may_go_on(&head, sealing, now.plus_seconds(GOES_ON_SECONDS)), "what it needs may have left");
    assert!(!attempt.may_go_on(&head, sealing, now.plus_seconds(-1)));
    let listed = backup.target.list("snapshots").await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(attempt.is_there(&backup.target).await.unwrap());
    let whole = backup.target.get(&listed[0].name).await.unwrap();
    backup.target.put(&listed[0].name, whole[1..].to_vec()).await.unwrap();
    assert!(!attempt.is_there(&backup.target).await.unwrap(), "a part has another size");
    backup.target.put(&listed[0].name, whole.to_vec()).await.unwrap();
    backup.target.delete(&listed[1].name).await.unwrap();
    assert!(!attempt.is_there(&backup.target).await.unwrap(), "a part has gone");
}

#[tokio::test]
async fn in_a_segment() {
    let (backup, store) = on_a_vanishing_store(43);
    drop(backup.shipper().await);
    backup.busy.live(30);
    backup.snapshot(1).await;
    let failed = until_it_goes_well(&store, async || {
        backup.busy.live(5);
        // As a server does: after a failure it is looked up again what is there.
        let live: Arc<dyn Store> = backup.busy.clone();
        let (target, sealing, unshipped) = (backup.target.clone(), backup.sealing.clone(), backup.busy.unshipped.clone());
        let begun = jeton_backup::tail::Shipper::begin(live, &SCHEMA, target, sealing, unshipped, false).await;
        let mut shipper = begun.map_err(|failure| failure.to_string())?;
        shipper.ship(LAST).await.map(drop).map_err(|failure| failure.to_string())
    })
    .await;
    assert!(failed > 2);
    is_whole(&backup).await;
}

#[tokio::test]
async fn while_segments_are_joined() {
    let (backup, store) = on_a_vanishing_store(45);
    let mut shipper = backup.shipper().await;
    backup.busy.live(20);
    backup.snapshot(1).await;
    for _ in 0..30 {
        backup.busy.live(3);
        shipper.ship(SHIPPED).await.unwrap();
    }
    shipper.ship(LAST).await.unwrap();
    let before = backup.tail().await;
    let failed = until_it_goes_well(&store, async || {
        let joined = backup.join(&few_at_a_time(), 0).await;
        // Wherever it ended, what is there is whole.
        store.vanishes_after(u64::MAX);
        is_whole(&backup).await;
        let joined = joined.map_err(|failure| failure.to_string())?;
        joined.kept.map_or(Ok(()), |problem| Err(problem.to_string()))
    })
    .await;
    assert!(failed > 10, "{failed}");
    let after = backup.tail().await;
    assert!(after.len() < before.len() / 3, "{after:?}");
    assert_eq!((before.last(), before.first().unwrap().from), (after.last(), after.first().unwrap().from));
}

#[tokio::test]
async fn while_old_backups_leave() {
    let (backup, store) = on_a_vanishing_store(44);
    let mut shipper = backup.shipper().await;
    let mut made = Vec::new();
    for number in 1..=5 {
        backup.busy.live(20);
        made.push(backup.snapshot(number).await);
        for _ in 0..2 {
            backup.busy.live(10);
            shipper.ship(SHIPPED).await.unwrap();
        }
        backup.busy.wait(DAY);
    }
    shipper.ship(LAST).await.unwrap();
    backup.busy.wait(365 * DAY);
    let failed = until_it_goes_well(&store, async || {
        let left = prune(&backup.target, &backup.opening, 30 * DAY, backup.busy.now()).await;
        // Wherever it ended, what is left is whole.
        store.vanishes_after(u64::MAX);
        is_whole(&backup).await;
        left.map(drop).map_err(|failure| failure.to_string())
    })
    .await;
    assert!(failed > 4);
    assert_eq!(snapshots(&backup.target).await.unwrap(), made[3..]);
    let parts = backup.target.list("snapshots").await.unwrap();
    assert!(parts.iter().all(|object| made[3..].iter().any(|id| object.name.contains(&id.to_string()))), "{parts:?}");
}
