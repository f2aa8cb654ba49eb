//! The engine tells the same stories as the engine in memory.

use std::sync::Arc;

use jeton_store::conformance::{self, ENTROPY, SCHEMA};
use jeton_store::memory::MemoryStore;
use jeton_store::store::{Store, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore};

#[test]
fn stories_are_the_same_in_memory_and_on_disk() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let in_memory = |subscriber: Arc<dyn Subscriber>| MemoryStore::new(&SCHEMA, ENTROPY, subscriber) as Arc<dyn Store>;
        let on_disk = |subscriber: Arc<dyn Subscriber>| {
            let options = Options { log_bytes: 1 << 20, reserve_bytes: 1 << 20, ..Options::new(folder.path(), &SCHEMA, ENTROPY) };
            SqliteStore::open(options, subscriber).unwrap() as Arc<dyn Store>
        };
        let expected = conformance::run(&in_memory, seed).unwrap().0;
        let found = conformance::run(&on_disk, seed).unwrap().0;
        for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
            assert_eq!(expected, found, "line {number} of the story with seed {seed}");
        }
        assert_eq!(expected.len(), found.len(), "the story with seed {seed}");
    }
}
