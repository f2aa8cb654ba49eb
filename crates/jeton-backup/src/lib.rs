//! Backups: snapshots and the ledger's tail, sealed so that stock tools open them, and what becomes of them again.
//!
//! Nothing here knows a token: rows of tables come in and rows of tables go out. `docs/backup-format.md` describes every byte.

mod ahead;
pub mod attempt;
mod before;
mod catch_up;
mod chosen;
mod connector;
mod content_line;
mod course;
pub mod drill;
pub mod entry_line;
pub mod erasure;
mod evidence;
pub mod failure;
mod fetch;
pub mod files;
mod forgetting;
pub mod identity;
pub mod join;
pub mod kept_file;
pub mod leaving;
mod lineage;
pub mod manifest;
pub mod mark;
pub mod names;
pub mod object;
pub mod open;
mod other;
pub mod others;
pub mod owner;
mod pieces;
pub mod problem;
pub mod put_back;
pub mod restore;
pub mod retention;
pub mod seal;
pub mod segments;
pub mod snapshot;
pub mod tail;
pub mod target;
mod threads;
pub mod told_erasures;
pub mod unshipped;
pub mod usage_sum;
pub mod verify;
mod went_on;
