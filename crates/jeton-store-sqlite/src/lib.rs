//! The SQLite engine: one writer with group commit, readers beside it.

mod before_migration;
mod check;
mod checkpointer;
mod connection;
mod fault;
mod folder;
mod header;
mod ledger;
mod loader;
mod migration;
mod note;
mod options;
mod panic_guard;
mod purge;
mod read;
mod reader;
mod refused;
mod reserve;
mod rows;
mod shared;
mod slices;
mod start;
mod statements;
mod store;
mod transaction;
mod unopened;
mod view;
mod writer;

pub use before_migration::kept_in;
pub use check::{CheckOptions, CheckReport, Progress, audit_folder, check_folder, entries_of_folder};
pub use loader::Loader;
pub use options::Options;
pub use refused::OpenError;
pub use store::SqliteStore;
pub use unopened::Unopened;
