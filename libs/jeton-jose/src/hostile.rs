//! Tokens that must be refused, for the tests of whoever accepts tokens (feature `hostile`).
//!
//! From one genuine key and one set of claims come several hundred distinct tokens that an attacker, a broken peer or another kind of token could present. A test hands each to its own door and expects a refusal; [`controls`] must be accepted, or the test proves nothing.
//!
//! Not among them is the ECDSA signature with s replaced by n − s: it is a genuine signature of the same content, made into another text. Who identifies tokens by `jti` is not touched by it.

mod forge;
mod forged;
mod malformed;
mod shape;
mod signed;

pub use shape::{Kind, Shape};

use crate::error::KeyError;
use crate::jwk::SigningKey;
use crate::jwt::AccessTokenClaims;
use forge::Forge;
use std::collections::HashSet;

/// Tokens to refuse, made from a key of an asymmetric algorithm and from claims that are valid at `now_seconds`.
///
/// # Errors
/// [`KeyError`] when the key cannot sign or is an HMAC key.
pub fn shapes(key: &SigningKey, claims: &AccessTokenClaims, now_seconds: i64) -> Result<Vec<Shape>, KeyError> {
    let forge = Forge::new(key, claims, now_seconds)?;
    let mut shapes = forged::shapes(&forge)?;
    shapes.extend(malformed::shapes(&forge)?);
    shapes.extend(signed::shapes(&forge)?);
    // With some claims two shapes coincide, or a change changes nothing.
    let mut seen = HashSet::from([forge.genuine()]);
    shapes.retain(|shape| seen.insert(shape.token.clone()));
    Ok(shapes)
}

/// Genuine tokens to accept, from the same claims.
///
/// # Errors
/// As [`shapes`].
pub fn controls(key: &SigningKey, claims: &AccessTokenClaims) -> Result<Vec<Shape>, KeyError> {
    let forge = Forge::new(key, claims, 0)?;
    let mut controls = Vec::new();
    let mut add = |name: &str, token| controls.push(Shape { kind: Kind::Genuine, name: name.to_owned(), token });
    add("as issued", forge.genuine());
    add("typ with application/", forge.signed(&forge.header_with("typ", "application/at+jwt"), &forge.payload())?);
    add("unknown header member", forge.signed(&forge.header_with("x", 1), &forge.payload())?);
    add("unknown claim", forge.signed(&forge.header(), &forge.claims_with("x", 1))?);
    Ok(controls)
}
