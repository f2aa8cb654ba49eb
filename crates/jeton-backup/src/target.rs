//! Where backups are kept: a folder, or a bucket that speaks S3.

use std::path::Path as FilePath;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig};

use crate::connector::Connector;
use crate::names::{ALIVE, OWNERS, TAIL};
use crate::object::SEALED_BYTES_MAX;
use crate::problem::{Problem, What};

/// A place for objects under names with `/`.
#[derive(Clone, Debug)]
pub struct Target {
    store: Arc<dyn ObjectStore>,
    shown: String,
    patience: Duration,
    /// Whether it lists names in their order, so that a list may be left before its end.
    lists_in_order: bool,
    written: Arc<[Counted; 2]>,
}

/// How many objects are taken away at once.
const DELETED_AT_ONCE: usize = 16;

/// What was written, counted: of the tail, and of all else.
#[derive(Debug, Default)]
struct Counted {
    objects: AtomicU64,
    bytes: AtomicU64,
}

/// What was written to a target since it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many objects.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// How a bucket is reached, beside what its address says.
#[derive(Clone, Default)]
pub struct Access {
    /// Who asks.
    pub access_key_id: Option<String>,
    /// What shows it.
    pub secret_access_key: Option<String>,
    /// The region; `us-east-1` where nobody says.
    pub region: Option<String>,
    /// Another server than Amazon's, such as `http://127.0.0.1:8333`.
    pub endpoint: Option<String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Access").field("endpoint", &self.endpoint).field("region", &self.region).finish_non_exhaustive()
    }
}

/// An object as a list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Access {
    /// What is not said is asked of the variables that every program for S3 knows.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "these names are not Jeton's: every program for S3 reads them")]
    pub fn or_environment(self) -> Access {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Access {
            access_key_id: self.access_key_id.or_else(|| variable("AWS_ACCESS_KEY_ID")),
            secret_access_key: self.secret_access_key.or_else(|| variable("AWS_SECRET_ACCESS_KEY")),
            region: self.region.or_else(|| variable("AWS_REGION")),
            endpoint: self.endpoint.or_else(|| variable("AWS_ENDPOINT_URL")),
        }
    }
}

impl Target {
    /// A folder, which is made when it is not there. What is put there is on the disk before it is said to be.
    ///
    /// # Errors
    /// In words, when the folder cannot be made.
    pub fn folder(path: &FilePath) -> Result<Target, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the backup folder {} cannot be used: {error}", path.display());
        make_folder(path).map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| failed(&error))?.with_fsync(true);
        Ok(Target::over(Arc::new(store), &path.display().to_string(), Duration::from_secs(60)))
    }

    /// Whatever keeps objects, named so for people.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>, shown: &str, patience: Duration) -> Target {
        Target { store, shown: shown.into(), patience, lists_in_order: false, written: Arc::default() }
    }

    /// A bucket: `s3://bucket/prefix`.
    ///
    /// # Errors
    /// In words, when the address is none.
    pub fn bucket(address: &str, access: Access, patience: Duration) -> Result<Target, String> {
        let rest = address.strip_prefix("s3://").ok_or("a bucket is given as s3://bucket/prefix")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err("a bucket is given as s3://bucket/prefix".into());
        }
        let plain = access.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let retries = RetryConfig { max_retries: 3, retry_timeout: patience, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(access.region.unwrap_or_else(|| "us-east-1".into()))
            .with_http_connector(Connector::new(patience))
            .with_client_options(ClientOptions::new().with_allow_http(plain))
            .with_retry(retries);
        if let Some(endpoint) = access.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let (Some(id), Some(secret)) = (access.access_key_id, access.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|error| format!("the bucket {address} cannot be used: {error}"))?;
        let store: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(store, prefix.trim_matches('/')));
        Ok(Target::over(store, address, patience).in_order())
    }

    /// The same place, which is known to list names in their order.
    #[must_use]
    pub fn in_order(self) -> Target {
        Target { lists_in_order: true, ..self }
    }

    /// The same place, for people.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Puts an object. One of this name is replaced.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), Problem> {
        let (path, bytes) = (Path::from(name), content.len() as u64);
        self.within(name, self.store.put(&path, content.into())).await?;
        self.count(name, bytes);
        Ok(())
    }

    /// Puts an object, where none of this name is: `false` when there is one.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn put_new(&self, name: &str, content: Vec<u8>) -> Result<bool, Problem> {
        let (path, bytes) = (Path::from(name), content.len() as u64);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let putting = async {
            match self.store.put_opts(&path, content.into(), options).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        let is_new = self.within(name, putting).await?;
        if is_new {
            self.count(name, bytes);
        }
        Ok(is_new)
    }

    /// What was written of the ledger's tail, and of snapshots, since this target was named.
    #[must_use]
    pub fn written(&self) -> (Written, Written) {
        let read =
            |counted: &Counted| Written { objects: counted.objects.load(Ordering::Relaxed), bytes: counted.bytes.load(Ordering::Relaxed) };
        let [tail, snapshots] = &*self.written;
        (read(tail), read(snapshots))
    }

    /// The same place, whose writes count for another as well: it is reached over connections of its own.
    #[must_use]
    pub fn counted_with(self, other: &Target) -> Target {
        Target { written: other.written.clone(), ..self }
    }

    fn count(&self, name: &str, bytes: u64) {
        if name == ALIVE || name.starts_with(OWNERS) {
            return;
        }
        let [tail, snapshots] = &*self.written;
        let counted = if name.starts_with(TAIL) { tail } else { snapshots };
        counted.objects.fetch_add(1, Ordering::Relaxed);
        counted.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn get(&self, name: &str) -> Result<Bytes, Problem> {
        let path = Path::from(name);
        let getting = async {
            let found = self.store.get(&path).await?;
            // No more is read than Jeton ever wrote: a store may keep anything under our names.
            if found.meta.size > SEALED_BYTES_MAX { Ok(None) } else { found.bytes().await.map(Some) }
        };
        let found = self.within(name, getting).await?;
        found.ok_or_else(|| Problem::new(name, What::TooLarge))
    }

    /// Whether there is an object of this name.
    ///
    /// # Errors
    /// [`Problem`]: the target does not say.
    pub async fn has(&self, name: &str) -> Result<bool, Problem> {
        match self.within(name, self.store.head(&Path::from(name))).await {
            Ok(_) => Ok(true),
            Err(Problem { what: What::Missing, .. }) => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// The objects under a prefix, in the order of their names.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Problem> {
        let path = Path::from(prefix);
        self.collect(prefix, self.store.list(Some(&path)), |_| false).await
    }

    /// The objects under a prefix whose names come behind another, in order; up to the first that is the last one asked for.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn list_from(&self, prefix: &str, after: &str, is_last: impl FnMut(&Listed) -> bool) -> Result<Vec<Listed>, Problem> {
        let (path, after) = (Path::from(prefix), Path::from(after));
        self.collect(prefix, self.store.list_with_offset(Some(&path), &after), is_last).await
    }

    /// What lies right below a prefix and has objects below itself: the last part of each name, in order.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, Problem> {
        let path = Path::from(prefix);
        let found = self.within(prefix, self.store.list_with_delimiter(Some(&path))).await?;
        let mut names: Vec<String> = found.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn collect(
        &self,
        prefix: &str,
        listing: BoxStream<'static, object_store::Result<ObjectMeta>>,
        mut is_last: impl FnMut(&Listed) -> bool,
    ) -> Result<Vec<Listed>, Problem> {
        let listing = listing.map_ok(|found| Listed { name: found.location.to_string(), bytes: found.size });
        let (mut listing, mut listed) = (pin!(listing), Vec::new());
        // Of a long list a page may take its time, and the next one too.
        while let Some(found) = self.within(prefix, listing.try_next()).await? {
            let is_enough = self.lists_in_order && is_last(&found);
            listed.push(found);
            if is_enough {
                break;
            }
        }
        listed.sort_by(|left, right| left.name.cmp(&right.name));
        if !self.lists_in_order
            && let Some(last) = listed.iter().position(is_last)
        {
            listed.truncate(last.saturating_add(1));
        }
        Ok(listed)
    }

    /// Takes objects away, several at a time, until one of them does not go.
    ///
    /// # Errors
    /// [`Problem`]; others may have gone.
    pub async fn delete_all(&self, names: Vec<String>) -> Result<(), Problem> {
        let deleting = stream::iter(names).map(move |name| async move { self.delete(&name).await });
        deleting.buffer_unordered(DELETED_AT_ONCE).try_collect().await
    }

    /// Takes an object away; one that is not there is none the less gone.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn delete(&self, name: &str) -> Result<(), Problem> {
        let path = Path::from(name);
        let deleting = async {
            match self.store.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                done => done,
            }
        };
        self.within(name, deleting).await
    }

    /// Waits no longer than is reasonable: a target that says nothing is away.
    async fn within<T>(&self, name: &str, work: impl Future<Output = object_store::Result<T>>) -> Result<T, Problem> {
        match tokio::time::timeout(self.patience, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(object_store::Error::NotFound { .. })) => Err(Problem::new(name, What::Missing)),
            Ok(Err(error)) => Err(Problem::new(name, What::Target(format!("{}: {error}", self.shown)))),
            Err(_) => {
                let seconds = self.patience.as_secs();
                Err(Problem::new(name, What::Target(format!("{} did not answer for {seconds} s", self.shown))))
            }
        }
    }
}

/// A folder for the owner alone.
fn make_folder(path: &FilePath) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
