//! The port to a store, its tables as data, the ledger, and the engine in memory that tests compare with.

pub mod ledger;
pub mod store;
