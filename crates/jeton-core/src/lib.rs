//! Jeton's rules: pure decisions from facts to commits, without I/O, clock or dice.

pub mod api;
pub mod api_key;
pub mod checkpoint;
pub mod client;
pub mod commit;
pub mod deployment;
pub mod event;
pub mod group;
pub mod id;
pub mod key;
pub mod moment;
mod name;
pub mod network;
pub mod outcome;
pub mod owner;
pub mod permission;
pub mod person;
pub mod policy;
pub mod rate;
pub mod record;
pub mod refusal;
pub mod rights;
pub mod role;
pub mod root_key;
pub mod schema;
pub mod token;
pub mod usage;
