//! JSON Web Keys, Signatures and Tokens (RFC 7515, 7517, 7519, 7638, 8037, 9068) on aws-lc-rs, strict per RFC 8725.
//!
//! Three steps, each with its own types: a key is parsed once ([`jwk`]), a compact token is taken apart and its signature checked against keys we chose ([`jws`]), its claims are read into a type and judged ([`jwt`]). The algorithm belongs to the key; a token can only agree or be refused.
//!
//! ```
//! use jeton_jose::jwk::{SigningKey, VerifyingKeys};
//! use jeton_jose::jws::{self, Signer};
//! use jeton_jose::{Algorithm, TokenError};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Arc::new(SigningKey::generate(Algorithm::Es256)?);
//! let keys = VerifyingKeys::new(vec![key.verifying_key()?])?;
//! let token = Signer::new(key, "JWT").sign(br#"{"sub":"worker"}"#)?;
//!
//! let verified = jws::verify(&token, &keys, jws::MAX_TOKEN_BYTES)?;
//! assert_eq!(verified.payload, br#"{"sub":"worker"}"#);
//! assert_eq!(jws::verify("a.b.c", &keys, jws::MAX_TOKEN_BYTES).err(), Some(TokenError::Encoding(jeton_jose::Segment::Header)));
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here reads a clock: time is handed in as seconds since 1970-01-01T00:00:00Z.

pub mod base64url;
#[cfg(feature = "hostile")]
pub mod hostile;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod jwt;

mod algorithm;
mod error;

pub use algorithm::{Algorithm, Family};
pub use error::{KeyError, Segment, TokenError};
