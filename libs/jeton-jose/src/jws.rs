//! JSON Web Signatures in compact form (RFC 7515 section 7.1): the only form taken and made.
//!
//! The members `jku`, `jwk`, `x5u` and `x5c` of a header are never read: keys come from the caller. Extensions (`crit`, `b64`), compression and encryption are refused.

mod compact;
mod header;
mod signer;

pub use compact::{Unverified, Verified, verify};
pub use header::Header;
pub use signer::Signer;

/// Most bytes of a token, unless the caller sets another limit.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Most bytes of a decoded header.
pub const MAX_HEADER_BYTES: usize = 1024;
