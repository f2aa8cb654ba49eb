//! The OAuth endpoints, metadata, key set and feed, over the whole server in one process: a world with a clock and dice of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by them, and prints what it saw"
)]

mod abuse;
mod access_log;
mod account_pages;
mod administrators;
mod assertion;
mod at_rest;
mod audit_filters;
mod authorize;
mod backchannel;
mod bad_input;
mod client_authentication;
mod clock;
mod code_flow;
mod cors;
mod crowd;
mod cursors;
mod cut_off;
mod dead_text;
mod declared;
mod declared_claims;
mod delete_user;
mod device_flow;
mod disable_user;
mod doctor;
mod erasure;
mod errors;
mod explain;
mod feed;
mod fenced;
mod given_back;
mod health;
mod hostile;
mod idle;
mod introspection;
mod key_change;
mod key_import;
mod key_introspection;
mod key_life;
mod key_limits;
mod key_lists;
mod key_lookup;
mod key_rotation;
mod key_verify;
mod letters;
mod links;
mod list_filters;
mod logout;
mod malformed;
mod metadata;
mod metrics;
mod never_more;
mod notices;
mod openapi;
mod outside;
mod own_clients;
mod own_password;
mod page_forms;
mod passkeys;
mod password_hashes;
mod pasted;
mod people;
mod permissions;
mod policy;
mod pushed;
mod reauthentication;
mod refresh;
mod remembered_keys;
mod repeats;
mod reported;
mod reports;
mod revocation;
mod revoke_all;
mod second_factor;
mod secret_suspension;
mod sign_in;
mod sign_ins_listed;
mod signing_keys;
mod step_up;
mod suspensions;
mod sweep;
mod texts;
mod throttle;
mod token;
mod upstream;
mod usage;
mod user_import;
mod why;
