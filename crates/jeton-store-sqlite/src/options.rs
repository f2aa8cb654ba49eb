//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use jeton_store::queue::Limits;
use jeton_store::table::Schema;

/// What the engine is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder. Made, for its owner alone, when it does not exist.
    pub folder: PathBuf,
    /// The tables.
    pub schema: &'static Schema,
    /// The seed of salts and of a new store's incarnation: 32 random bytes, never used before.
    pub entropy: [u8; 32],
    /// How much waits, and how much one group takes.
    pub limits: Limits,
    /// The writer's page cache, in KiB.
    pub writer_cache_kib: u32,
    /// The look-up thread's page cache, in KiB.
    pub reader_cache_kib: u32,
    /// The page cache of each view's connection, in KiB.
    pub view_cache_kib: u32,
    /// What the write-ahead log is grown to before it is needed, in bytes; it is emptied into the database at half of that.
    pub log_bytes: u64,
    /// What is kept free for revocations on a full disk, in bytes.
    pub reserve_bytes: u64,
    /// Reads the clock that says how long commits wait and groups take; one that stands still measures nothing.
    pub uptime: fn() -> Duration,
}

impl Options {
    /// The usual sizes: 22 MiB of page caches at most, a log of 16 MiB, a reserve of 64 MiB, no clock.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, schema: &'static Schema, entropy: [u8; 32]) -> Options {
        Options {
            folder: folder.into(),
            schema,
            entropy,
            limits: Limits::default(),
            writer_cache_kib: 16 << 10,
            // Each group makes readers forget their pages: a larger cache would only be filled and emptied.
            reader_cache_kib: 2 << 10,
            view_cache_kib: 1 << 10,
            log_bytes: 16 << 20,
            reserve_bytes: 64 << 20,
            uptime: || Duration::ZERO,
        }
    }
}
