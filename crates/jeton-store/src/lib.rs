//! The port to a store, its tables as data, the ledger, and the engine in memory that tests compare with.

pub mod checksum;
pub mod conformance;
pub mod find;
pub mod group;
pub mod ledger;
pub mod line;
pub mod load;
pub mod memory;
pub mod note;
pub mod occupancy;
pub mod queue;
pub mod row;
pub mod schema;
pub mod sql;
pub mod store;
pub mod table;
pub mod tally;
