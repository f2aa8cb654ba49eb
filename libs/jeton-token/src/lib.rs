//! The format of Jeton's tokens: prefix, version, body and checksums, and secrets that cannot be printed.
//!
//! A token is text: `<prefix>[_test]_<kind>_<body>`, for example `jtn_at_…` or `jtn_test_key_…`.
//!
//! - [`mod@format`] parses and mints it: [`Token::parse`] needs no key, [`Token::check`] needs the check key of its epoch.
//! - [`secret`] holds what must not be printed, and hashes it for storage.
//! - [`find`] finds tokens in foreign text, for scanners and for whoever hands in a leaked one.
//!
//! # The format, version 1
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1 |
//! | 2 | epoch of the root key, big endian |
//! | 16 | id: a public handle, the `jti`, never proof |
//! | 20 | secret: 160 bits |
//! | 6 | keyed check: the first bytes of HMAC-SHA256(check key, the 39 bytes above ‖ environment ‖ kind ‖ prefix) |
//!
//! These 45 bytes are written in base62 (`0-9A-Za-z`): each block of 8 bytes, a big-endian number, as 11 digits, and the last 5
//! bytes as 7 digits, leading zeros kept. Six more digits are the CRC-32 (IEEE 802.3) of all text before them, prefix included.
//! Exactly one text stands for a token.
//!
//! The secret of a refresh token (`rt`) is 4 bytes of a counter, big endian, and 16 bytes of secret: 128 bits. The counter says
//! how often the token was rotated before; it is public to whoever holds the text, and proves nothing without the secret.
#![warn(missing_docs)]

mod base62;
pub mod find;
pub mod format;
pub mod id;
pub mod kind;
pub mod prefix;
pub mod secret;

pub use find::{Finder, Found};
pub use format::{COUNTED_SECRET_LEN, Label, MAX_TOKEN_LEN, Malformed, Token};
pub use id::TokenId;
pub use kind::{Environment, Kind};
pub use prefix::Prefix;
pub use secret::{CheckKey, ClearToken, HashKey, Secret, SecretBytes, SecretHash};
