#![doc = include_str!("../README.md")]

pub mod checkpoint;
pub mod clock;
pub mod feed;
pub mod fold;
pub mod negatives;
pub mod staleness;

mod jwt;
mod keys;
mod offline;
mod refused;
mod token;

pub use keys::Keys;
pub use offline::OfflineVerifier;
pub use refused::Refused;
pub use token::VerifiedToken;
