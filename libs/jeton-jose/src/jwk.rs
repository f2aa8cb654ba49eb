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

pub use metadata::MAX_KEY_ID_BYTES;
pub use public::{Curve, Jwk, MAX_JWK_BYTES, PublicParts};
pub use set::{IgnoredKey, JwkSet, MAX_JWK_SET_BYTES, MAX_KEYS};
pub use signing::{RsaSize, SigningKey};
pub use verifying::VerifyingKey;
pub use verifying_set::VerifyingKeys;
