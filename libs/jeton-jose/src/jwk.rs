//! Keys: JSON Web Keys and their sets (RFC 7517, 7518 section 6, 8037), thumbprints (RFC 7638), and keys ready for use.
//!
//! [`Jwk`] and [`JwkSet`] are documents and hold public keys only. [`VerifyingKey`] and [`SigningKey`] are parsed once, checked for strength, bound to one algorithm, and then used many times.

mod metadata;
mod private;
mod public;
mod set;
mod signing;
mod strength;
mod verifying;
mod verifying_set;

pub use public::{Curve, Jwk, PublicParts};
pub use set::{IgnoredKey, JwkSet};
pub use signing::{RsaSize, SigningKey};
pub use verifying::VerifyingKey;
pub use verifying_set::VerifyingKeys;

/// Most bytes of one JWK as text.
pub const MAX_JWK_BYTES: usize = 16 * 1024;
/// Most bytes of a JWK Set as text.
pub const MAX_JWK_SET_BYTES: usize = 64 * 1024;
/// Most keys in a set.
pub const MAX_KEYS: usize = 100;
/// Most bytes of a `kid`, in keys as in tokens.
pub const MAX_KEY_ID_BYTES: usize = 128;
