//! The management API on the real service: what it does, what it says, and what it refuses.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

mod apis;
mod asking;
mod clients;
mod cut_offs;
mod documented;
mod ledger;
mod people;
mod policies;
mod policy_exceptions;
mod refused;
mod roles;
mod signing_keys;
mod tokens;
mod usage;
mod watched;

const ORDERS: &str = "https://orders.example";
