//! A store that says how it is used, and may refuse that anything leaves.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jeton_backup::target::Target;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

#[derive(Debug, Default)]
pub(crate) struct Watched {
    inner: InMemory,
    keeps_all: AtomicBool,
    got: AtomicU64,
    getting: AtomicU64,
    at_once: AtomicU64,
    listed: Arc<AtomicU64>,
}

impl Watched {
    /// A store, and a target over it that lists in order.
    pub(crate) fn target() -> (Arc<Watched>, Target) {
        let store = Arc::new(Watched::default());
        (store.clone(), Target::over(store, "a watched store", Duration::from_secs(5)).in_order())
    }

    /// Nothing may leave from now on, or everything may.
    pub(crate) fn keeps_all(&self, keeps_all: bool) {
        self.keeps_all.store(keeps_all, Ordering::Relaxed);
    }

    /// How many objects were read since this was asked last, and how many at once at most.
    pub(crate) fn got(&self) -> (u64, u64) {
        (self.got.swap(0, Ordering::Relaxed), self.at_once.swap(0, Ordering::Relaxed))
    }

    /// How many objects were listed since this was asked last.
    pub(crate) fn listed(&self) -> u64 {
        self.listed.swap(0, Ordering::Relaxed)
    }

    fn count(&self, listing: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.listed.clone();
        let count = move |_: &ObjectMeta| {
            listed.fetch_add(1, Ordering::Relaxed);
        };
        listing.inspect_ok(count).boxed()
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a watched store")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.got.fetch_add(1, Ordering::Relaxed);
        let getting = self.getting.fetch_add(1, Ordering::Relaxed) + 1;
        self.at_once.fetch_max(getting, Ordering::Relaxed);
        // Whoever else is to be asked at the same time is asked by now.
        tokio::task::yield_now().await;
        let found = self.inner.get_opts(location, options).await;
        self.getting.fetch_sub(1, Ordering::Relaxed);
        found
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        if self.keeps_all.load(Ordering::Relaxed) {
            let source = "nothing may leave".into();
            return stream::once(async { Err(Error::Generic { store: "watched", source }) }).boxed();
        }
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count(self.inner.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
