//! Checks Jeton's tokens inside an API: offline, with revocations pushed to it.

pub mod negatives;
