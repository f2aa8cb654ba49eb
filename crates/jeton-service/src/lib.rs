//! Use cases: load, decide, commit, publish.
//!
//! A use case is one file: it reads the [`registry`] and the store, lets a decision of `jeton-core` decide, commits what was decided, and
//! answers. What a commit changes is in the registry and on the [`feed`] before anybody hears the answer.

pub mod administrators;
pub mod apis;
pub mod audit;
pub mod authenticate;
pub mod authorize;
pub mod checkpoints;
pub mod clients;
mod credential_cache;
pub mod credentials;
mod cut_offs;
mod doctor;
pub mod durability;
mod end_cut_off;
pub mod explain;
pub mod failure;
pub mod fallen;
pub mod feed;
pub mod gather;
pub mod groups;
pub mod incarnation;
pub mod introspect;
pub mod issue;
mod key_cache;
pub mod keys;
mod last_checkpoint;
mod leaks;
mod leap;
pub mod moments;
mod narrow_durably;
mod negatives_image;
mod notices_told;
pub mod once;
pub mod ownership;
pub mod pasted;
pub mod policies;
pub mod policy_consequence;
pub mod posture;
mod publisher;
mod refill;
pub mod registry;
pub mod reported;
pub mod restored;
pub mod revoke;
pub mod roles;
mod scatter;
mod secret_standing;
mod secret_uses;
pub mod service;
pub mod setup;
pub mod signing_keys;
pub mod snapshot;
mod snapshot_cache;
pub mod sweep;
mod text_digest;
pub mod token_state;
mod transact;
pub mod usage;
pub mod users;

pub use credential_cache::{CacheUse, Proven};
pub use jeton_store::tally;
pub use service::{Parts, Service};
pub use snapshot_cache::{Snapshot, Turn};
