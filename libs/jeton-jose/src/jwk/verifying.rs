use crate::algorithm::{Algorithm, Family};
use crate::error::{KeyError, TokenError};
use crate::jwk::private::{PrivateParts, SecretJwk};
use crate::jwk::public::{Jwk, PublicParts};
use crate::jwk::strength;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use std::fmt;
use std::sync::Arc;

/// A key that checks signatures: parsed once, strong enough, and bound to exactly one [`Algorithm`].
pub struct VerifyingKey {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    material: Material,
}

enum Material {
    /// The parsed key and the one length its signatures have.
    Public(ParsedPublicKey, usize),
    Symmetric(Box<hmac::Key>),
}

impl VerifyingKey {
    /// Takes a public JWK. Its own `alg` decides; where it has none, the caller must name the algorithm.
    ///
    /// # Errors
    /// [`KeyError`]: no algorithm, one that does not belong to the key, `use` other than `sig`, `key_ops` without `verify`, a weak key, a point off its curve.
    pub fn from_jwk(jwk: &Jwk, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let algorithm = jwk.metadata().resolve(algorithm, "verify")?;
        Self::from_parts(jwk.parts(), algorithm, jwk.key_id().map(str::to_owned))
    }

    /// Takes the text of a JWK of type oct: a shared secret for HMAC.
    ///
    /// # Errors
    /// As [`Self::from_jwk`], and when the key is not of type oct: whoever checks with a private key does not need to hold it.
    pub fn from_secret_jwk(text: &[u8], algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let jwk = SecretJwk::parse(text)?;
        let algorithm = jwk.metadata.resolve(algorithm, "verify")?;
        match &jwk.parts {
            PrivateParts::Symmetric(secret) => Self::hmac(algorithm, secret, jwk.metadata.key_id.clone()),
            _ => Err(KeyError::UnsupportedKeyType),
        }
    }

    /// Takes a shared secret for HMAC, at least as long as the hash.
    ///
    /// # Errors
    /// [`KeyError::Weak`] when it is shorter, [`KeyError::AlgorithmMismatch`] when the algorithm is not HMAC.
    pub fn hmac(algorithm: Algorithm, secret: &[u8], key_id: Option<String>) -> Result<Self, KeyError> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self { algorithm, key_id: key_id.map(Arc::from), material: Material::Symmetric(Box::new(key)) })
    }

    pub(crate) fn from_parts(parts: &PublicParts, algorithm: Algorithm, key_id: Option<String>) -> Result<Self, KeyError> {
        if !parts.fits(algorithm) {
            return Err(KeyError::AlgorithmMismatch);
        }
        let (key, signature_length) = parse(parts, algorithm)?;
        Ok(Self { algorithm, key_id: key_id.map(Arc::from), material: Material::Public(key, signature_length) })
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of this key, if it has one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The same name, for whoever keeps it.
    #[must_use]
    pub const fn shared_key_id(&self) -> Option<&Arc<str>> {
        self.key_id.as_ref()
    }

    /// Checks a raw signature: r‖s in full width for ECDSA (RFC 7518 section 3.4), the octets of RFC 8032 for Ed25519, the modulus' length for RSA, the whole tag for HMAC (compared in constant time).
    ///
    /// # Errors
    /// [`TokenError::BadSignature`], whatever is wrong.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let checked = match &self.material {
            Material::Public(key, length) if signature.len() == *length => key.verify_sig(message, signature),
            Material::Public(..) => return Err(TokenError::BadSignature),
            Material::Symmetric(key) => hmac::verify(key, message, signature),
        };
        checked.map_err(|_| TokenError::BadSignature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyingKey").field("algorithm", &self.algorithm).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Makes the HMAC key of an algorithm.
pub(crate) fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, KeyError> {
    let digest = match algorithm {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return Err(KeyError::AlgorithmMismatch),
    };
    strength::check_hmac(secret, algorithm)?;
    Ok(hmac::Key::new(digest, secret))
}

/// Parses public numbers and returns the key with the length of its signatures in bytes.
fn parse(parts: &PublicParts, algorithm: Algorithm) -> Result<(ParsedPublicKey, usize), KeyError> {
    match parts {
        PublicParts::EllipticCurve { curve, x, y } => {
            let verification = match algorithm {
                Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
                Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
                _ => &signature::ECDSA_P521_SHA512_FIXED,
            };
            // SEC 1 section 2.3.3: 4 announces an uncompressed point. The library checks that it is on the curve.
            let point = [&[4], x.as_slice(), y].concat();
            let key = ParsedPublicKey::new(verification, point).map_err(|_| KeyError::Inconsistent)?;
            Ok((key, 2 * curve.coordinate_length()))
        }
        PublicParts::Ed25519 { x } => {
            strength::check_ed25519(x)?;
            let key = ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| KeyError::Inconsistent)?;
            Ok((key, 64))
        }
        PublicParts::Rsa { n, e } => {
            strength::check_rsa(n, e)?;
            let key =
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_parameters(algorithm)?).map_err(|_| KeyError::Inconsistent)?;
            Ok((key, n.len()))
        }
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Result<&'static RsaParameters, KeyError> {
    debug_assert_eq!(algorithm.family(), Family::Rsa);
    match algorithm {
        Algorithm::Rs256 => Ok(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Ok(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Ok(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Ok(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Ok(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Ok(&signature::RSA_PSS_2048_8192_SHA512),
        _ => Err(KeyError::AlgorithmMismatch),
    }
}
