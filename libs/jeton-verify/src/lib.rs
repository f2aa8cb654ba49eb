#![cfg_attr(feature = "layer", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "layer"), doc = "Checks Jeton's tokens inside an API: offline, against keys and negatives that are handed in.")]

pub mod checkpoint;
pub mod clock;
pub mod fed;
pub mod feed;
pub mod fold;
pub mod negatives;
pub mod staleness;

#[cfg(feature = "layer")]
pub mod layer;
#[cfg(feature = "network")]
pub mod verifier;

mod authentication;
mod jwt;
mod keys;
mod offline;
#[cfg(feature = "network")]
mod presented;
mod refused;
mod token;

#[cfg(feature = "layer")]
pub use layer::VerifyLayer;
#[cfg(feature = "network")]
pub use presented::Presented;
#[cfg(feature = "network")]
pub use verifier::{Alert, Builder, FormerIssuer, StartError, Status, Verifier};

pub use authentication::Authentication;
pub use keys::Keys;
pub use offline::OfflineVerifier;
pub use refused::Refused;
pub use token::VerifiedToken;
