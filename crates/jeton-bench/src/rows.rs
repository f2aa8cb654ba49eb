//! The rows, one file for what is measured together.

pub(crate) mod access_log;
pub(crate) mod api_keys;
pub(crate) mod backup;
pub(crate) mod cryptography;
pub(crate) mod expiry;
pub(crate) mod introspect;
pub(crate) mod issue;
pub(crate) mod key_peer;
pub(crate) mod key_scale;
pub(crate) mod peer;
pub(crate) mod refresh;
pub(crate) mod refusal;
pub(crate) mod revoke;
pub(crate) mod start;
pub(crate) mod turns;
pub(crate) mod usage;
pub(crate) mod verify;
