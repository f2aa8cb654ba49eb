//! The rows, one file for what is measured together.

pub(crate) mod cryptography;
pub(crate) mod expiry;
pub(crate) mod introspect;
pub(crate) mod issue;
pub(crate) mod peer;
pub(crate) mod revoke;
pub(crate) mod start;
