//! JSON Web Signatures in compact form (RFC 7515 section 7.1): the only form taken and made.
//!
//! The members `jku`, `jwk`, `x5u` and `x5c` of a header are never read: keys come from the caller. Extensions (`crit`, `b64`), compression and encryption are refused.

mod compact;
mod header;
mod signer;

pub use compact::{MAX_TOKEN_BYTES, Unverified, Verified, verify};
pub use header::{Header, MAX_HEADER_BYTES};
pub use signer::Signer;
