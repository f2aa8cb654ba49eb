//! Backups: snapshots and the ledger's tail, sealed so that stock tools open them, and what becomes of them again.
//!
//! Nothing here knows a token: rows of tables come in and rows of tables go out. `docs/backup-format.md` describes every byte.

mod connector;
pub mod identity;
pub mod object;
pub mod open;
pub mod problem;
pub mod seal;
pub mod target;
