//! Following the revocation feed: pure, so that a test or a simulation can drive it without a network.
//!
//! [`Follower`] takes the feed's events one after another and keeps [`Knowledge`], which the checking of tokens reads. Whatever it
//! cannot understand makes it ask for a fresh snapshot, and until that has come, what it knows counts as doubtful.

mod assembly;
mod follower;
mod knowledge;
mod outdated;

pub use follower::{Fault, Follower, News};
pub use knowledge::Knowledge;
