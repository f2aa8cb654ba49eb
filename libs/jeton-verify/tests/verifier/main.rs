//! A verifier against an issuer that speaks the real wire, scripted event by event.
#![cfg(feature = "layer")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod clock;
mod fixture;
mod follower;
mod issuer;
mod ledger;

mod former;
mod hostile;
mod keys;
mod layer;
mod opaque;
mod reports;
mod revocation;
mod staleness;
