//! Stores of objects that lie, forget, and take their time: what they said they kept is found to be missing, and they hold nobody up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jeton_backup::problem::What;
use jeton_backup::restore::{segments, snapshots};
use jeton_backup::tail::Mode;
use jeton_backup::target::Target;
use jeton_backup::verify::{Put, missing};
use jeton_store::store::Store as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

use crate::joined::few_at_a_time;
use crate::whole::{Backup, SHIPPED};

/// Keeps what it is given, unless it is told to lie or to be slow.
#[derive(Debug, Default)]
struct Liar {
    inner: InMemory,
    lies: AtomicBool,
    is_slow: AtomicBool,
}

impl fmt::Display for Liar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a liar")
    }
}

#[async_trait]
impl ObjectStore for Liar {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.is_slow.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.lies.load(Ordering::Relaxed) {
            return Ok(PutResult { e_tag: Some("\"1\"".into()), version: None, extensions: Default::default() });
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn on_a_liar() -> (Backup, Arc<Liar>) {
    let liar = Arc::new(Liar::default());
    let target = Target::over(liar.clone(), "a liar", Duration::from_millis(50));
    (Backup { target, ..Backup::new(21, 0) }, liar)
}

impl Backup {
    /// What a server of this process knows to be there.
    async fn missing(&self, shipped: u64, newest: Option<String>) -> Vec<(String, What)> {
        let put = Put { incarnation: self.busy.store.head().incarnation, shipped, newest };
        missing(&self.target, &put).await.unwrap().into_iter().map(|problem| (problem.name, problem.what)).collect()
    }
}

#[tokio::test]
async fn what_a_store_said_it_kept_and_did_not_is_named() {
    let (backup, liar) = on_a_liar();
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    backup.snapshot(1).await;
    let kept = snapshots(&backup.target).await.unwrap()[0].to_string();
    backup.busy.live(30);
    let honest = shipper.ship(SHIPPED).await.unwrap();
    assert_eq!(backup.missing(honest, Some(kept.clone())).await, vec![]);
    liar.lies.store(true, Ordering::Relaxed);
    backup.busy.live(30);
    let lied = shipper.ship(SHIPPED).await.unwrap();
    backup.busy.wait(2);
    let lost = backup.snapshot(2).await;
    liar.lies.store(false, Ordering::Relaxed);
    // Nothing on the target tells of it; whoever put it there knows.
    assert_eq!(backup.problems().await, vec![]);
    let named = backup.missing(lied, Some(lost.to_string())).await;
    let incarnation = backup.busy.store.head().incarnation;
    let hole = jeton_backup::names::Segment { incarnation, from: honest, to: lied }.name();
    assert_eq!(named, vec![(lost.manifest(), What::Missing), (hole.clone(), What::Missing)]);
    // Once more is shipped, the hole is seen by whoever looks, and a restore is not called complete.
    backup.busy.live(30);
    shipper.ship(Mode { sync: true, is_final: true }).await.unwrap();
    assert_eq!(backup.problems().await, vec![(hole, What::Missing)]);
    let (restored, _) = backup.restore(None).await;
    assert_eq!((restored.claim().is_complete(), restored.size), (false, honest));
}

#[tokio::test]
async fn a_store_that_forgets_parts_is_found_out() {
    let (backup, liar) = on_a_liar();
    backup.busy.live(30);
    let id = backup.snapshot(1).await;
    backup.target.delete(&id.part(1)).await.unwrap();
    assert_eq!(backup.problems().await, vec![(id.part(1), What::Missing)]);
    drop(liar);
}

#[tokio::test]
async fn a_store_that_says_nothing_is_away() {
    let (backup, liar) = on_a_liar();
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    let before = segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap();
    liar.is_slow.store(true, Ordering::Relaxed);
    let failure = shipper.ship(SHIPPED).await.unwrap_err().to_string();
    assert!(failure.contains("a liar did not answer"), "{failure}");
    liar.is_slow.store(false, Ordering::Relaxed);
    let mut shipper = backup.shipper().await;
    assert_eq!(shipper.ship(SHIPPED).await.unwrap(), backup.busy.store.head().size);
    assert!(segments(&backup.target, backup.busy.store.head().incarnation).await.unwrap().len() > before.len());
    assert_eq!(backup.problems().await, vec![]);
}

#[tokio::test]
async fn nothing_leaves_for_what_a_store_said_it_kept_and_did_not() {
    let (backup, liar) = on_a_liar();
    let mut shipper = backup.shipper().await;
    backup.busy.live(30);
    backup.snapshot(1).await;
    for _ in 0..20 {
        backup.busy.live(3);
        shipper.ship(SHIPPED).await.unwrap();
    }
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let before = backup.tail().await;
    liar.lies.store(true, Ordering::Relaxed);
    let failure = backup.join(&few_at_a_time(), 0).await.unwrap_err().to_string();
    assert!(failure.contains("is not there"), "{failure}");
    assert_eq!(backup.tail().await, before);
    liar.lies.store(false, Ordering::Relaxed);
    assert!(backup.restore(None).await.0.claim().is_complete());
    assert!(backup.join(&few_at_a_time(), 0).await.unwrap().made > 0);
}
