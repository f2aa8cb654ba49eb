//! The ledger: numbered, chained entries under one Merkle tree (RFC 6962 section 2.1).

pub mod audit;
pub mod checkpoint;
pub mod comparison;
pub mod entry;
pub mod head;
pub mod merkle;
pub mod proof;

pub use entry::{Entry, commitment, issued_leaf};
pub use head::Head;
pub use merkle::{Frontier, Hash};
