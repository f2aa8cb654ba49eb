//! Decisions by cases: what is asked, what is answered, and what must be written before anybody hears it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by them, and prints what it saw")]

mod api;
mod api_key;
mod api_key_change;
mod api_key_exception;
mod api_key_import;
mod api_key_rotation;
mod api_key_verify;
mod client;
mod exchange;
mod explain;
mod grants;
mod group;
mod key;
mod known;
mod notice;
mod person;
mod person_import;
mod policy;
mod refresh;
mod refresh_histories;
mod role;
mod secret;
mod signing_in;
mod token;
mod wants;
