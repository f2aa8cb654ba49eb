use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::error::KeyError;
use crate::jwk::private::{PrivateParts, RsaPrivateParts, SecretJwk};
use crate::jwk::public::{Curve, Jwk, PublicParts};
use crate::jwk::strength;
use crate::jwk::verifying::{VerifyingKey, hmac_key};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom as _;
use aws_lc_rs::rsa::{self, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use std::fmt;
use zeroize::Zeroizing;

/// A key that makes signatures: parsed once, bound to one [`Algorithm`], named by its thumbprint. It cannot be printed.
pub struct SigningKey {
    algorithm: Algorithm,
    key_id: Box<str>,
    material: Material,
}

enum Material {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    Hmac { key: Box<hmac::Key>, secret: Zeroizing<Vec<u8>> },
}

/// Length of a new RSA modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

impl SigningKey {
    /// Makes a new key; RSA keys get 2048 bits, HMAC secrets the length of the hash.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when the library cannot make one.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let material = match algorithm.family() {
            Family::Ecdsa => EcdsaKeyPair::generate(ecdsa(algorithm)).map(Material::Ecdsa),
            Family::Ed25519 => Ed25519KeyPair::generate().map(Material::Ed25519),
            Family::Rsa => return Self::generate_rsa(algorithm, RsaSize::Bits2048),
            Family::Hmac => {
                let mut secret = Zeroizing::new(vec![0; algorithm.hash_length()]);
                library_dice().fill(&mut secret).map_err(|_| KeyError::Unavailable)?;
                return Self::hmac(algorithm, secret, None);
            }
        };
        Self::from_material(algorithm, None, material.map_err(|_| KeyError::Unavailable)?)
    }

    /// Makes a new RSA key of that size. This takes tenths of a second to seconds of one core.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmMismatch`] when the algorithm is not RSA, [`KeyError::Unavailable`] when the library cannot make one.
    pub fn generate_rsa(algorithm: Algorithm, size: RsaSize) -> Result<Self, KeyError> {
        if algorithm.family() != Family::Rsa {
            return Err(KeyError::AlgorithmMismatch);
        }
        let pair = RsaKeyPair::generate(match size {
            RsaSize::Bits2048 => rsa::KeySize::Rsa2048,
            RsaSize::Bits3072 => rsa::KeySize::Rsa3072,
            RsaSize::Bits4096 => rsa::KeySize::Rsa4096,
        })
        .map_err(|_| KeyError::Unavailable)?;
        Self::from_material(algorithm, None, Material::Rsa(pair))
    }

    /// Takes back what [`Self::to_private_bytes`] gave: PKCS#8 (RFC 5208), or for HMAC the secret itself. The key is named by its thumbprint.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are no such key, do not belong to the algorithm, or are too weak.
    pub fn from_private_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let material = match algorithm.family() {
            Family::Ecdsa => EcdsaKeyPair::from_pkcs8(ecdsa(algorithm), bytes).map(Material::Ecdsa),
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(bytes).map(Material::Ed25519),
            Family::Rsa => RsaKeyPair::from_pkcs8(bytes).map(Material::Rsa),
            Family::Hmac => {
                return Self::hmac(algorithm, Zeroizing::new(bytes.to_vec()), None);
            }
        };
        Self::from_material(algorithm, None, material.map_err(|_| KeyError::Inconsistent)?)
    }

    /// Takes the text of a private JWK (RFC 7518 sections 6.2.2, 6.3.2, 6.4; RFC 8037), with its `kid` if it has one. Its own `alg` decides; where it has none, the caller must name the algorithm.
    ///
    /// # Errors
    /// [`KeyError`]: not a private JWK, parts that do not belong together, `use` other than `sig`, `key_ops` without `sign`, and as for [`VerifyingKey::from_jwk`].
    pub fn from_jwk(text: &[u8], algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let SecretJwk { metadata, parts } = SecretJwk::parse(text)?;
        let algorithm = metadata.resolve(algorithm, "sign")?;
        let key_id = metadata.key_id;
        let material = match &parts {
            PrivateParts::Symmetric(secret) => {
                return Self::hmac(algorithm, secret.clone(), key_id);
            }
            PrivateParts::EllipticCurve { public, d } => Material::Ecdsa(ecdsa_pair(algorithm, public, d)?),
            PrivateParts::Ed25519 { public, d } => Material::Ed25519(ed25519_pair(algorithm, public, d)?),
            PrivateParts::Rsa(parts) => Material::Rsa(rsa_pair(algorithm, parts)?),
        };
        Self::from_material(algorithm, key_id, material)
    }

    /// Takes a shared secret for HMAC. Without a name it gets one that is derived from the secret and tells nothing about it.
    ///
    /// # Errors
    /// [`KeyError::Weak`] when it is shorter than the hash, [`KeyError::AlgorithmMismatch`] when the algorithm is not HMAC.
    pub fn hmac(algorithm: Algorithm, secret: Zeroizing<Vec<u8>>, key_id: Option<String>) -> Result<Self, KeyError> {
        let key = hmac_key(algorithm, &secret)?;
        let key_id = key_id.unwrap_or_else(|| {
            // A thumbprint (RFC 7638 section 7) would publish a plain hash of the secret; a tag over a text no token can have publishes no more than a token does.
            let tag = hmac::sign(&key, b"kid");
            base64url::encode(tag.as_ref().get(..16).unwrap_or_default())
        });
        Ok(Self { algorithm, key_id: key_id.into_boxed_str(), material: Material::Hmac { key: Box::new(key), secret } })
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of this key: what its JWK said, else its thumbprint.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The private key as bytes, to be sealed before it is stored: PKCS#8 (RFC 5208), or for HMAC the secret itself.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when the library cannot write it.
    pub fn to_private_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = match &self.material {
            Material::Ecdsa(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Material::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Material::Rsa(pair) => pair.as_der().map(|der| der.as_ref().to_vec()),
            Material::Hmac { secret, .. } => return Ok(secret.clone()),
        };
        bytes.map(Zeroizing::new).map_err(|_| KeyError::Unavailable)
    }

    /// The public key as a document, with `kid`, `alg` and `use`.
    ///
    /// # Errors
    /// [`KeyError::UnsupportedKeyType`] for HMAC, which has no public key.
    pub fn to_jwk(&self) -> Result<Jwk, KeyError> {
        Ok(Jwk::for_signatures(public_parts(self.algorithm, &self.material)?, self.algorithm, self.key_id.to_string()))
    }

    /// The key that checks what this one signs.
    ///
    /// # Errors
    /// None that a key which could be made would meet.
    pub fn verifying_key(&self) -> Result<VerifyingKey, KeyError> {
        let key_id = Some(self.key_id.to_string());
        match &self.material {
            Material::Hmac { secret, .. } => VerifyingKey::hmac(self.algorithm, secret, key_id),
            material => VerifyingKey::from_parts(&public_parts(self.algorithm, material)?, self.algorithm, key_id),
        }
    }

    /// Signs a message; the raw signature has the form [`VerifyingKey::verify`] takes.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when the library cannot sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.with_signature(message, <[u8]>::to_vec)
    }

    /// Signs a message and hands the raw signature to `use_it`, so that it need not be copied.
    pub(crate) fn with_signature<R>(&self, message: &[u8], use_it: impl FnOnce(&[u8]) -> R) -> Result<R, KeyError> {
        match &self.material {
            Material::Ecdsa(pair) => pair.sign(&library_dice(), message).map(|signature| use_it(signature.as_ref())),
            Material::Ed25519(pair) => pair.try_sign(message).map(|signature| use_it(signature.as_ref())),
            Material::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(self.algorithm), &library_dice(), message, &mut signature).map(|()| use_it(&signature))
            }
            Material::Hmac { key, .. } => Ok(use_it(hmac::sign(key, message).as_ref())),
        }
        .map_err(|_| KeyError::Unavailable)
    }

    fn from_material(algorithm: Algorithm, key_id: Option<String>, material: Material) -> Result<Self, KeyError> {
        let public = public_parts(algorithm, &material)?;
        if let PublicParts::Rsa { n, e } = &public {
            strength::check_rsa(n, e)?;
        }
        Ok(Self { algorithm, key_id: key_id.unwrap_or_else(|| public.thumbprint()).into_boxed_str(), material })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "making keys and ECDSA nonces is the library's own business: its interface asks for this handle and ignores it, and a private key must never follow from dice that a caller could replay"
)]
fn library_dice() -> aws_lc_rs::rand::SystemRandom {
    aws_lc_rs::rand::SystemRandom::new()
}

fn ecdsa(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        _ => &signature::RSA_PSS_SHA512,
    }
}

fn ecdsa_pair(algorithm: Algorithm, public: &PublicParts, d: &[u8]) -> Result<EcdsaKeyPair, KeyError> {
    let PublicParts::EllipticCurve { x, y, .. } = public else {
        return Err(KeyError::AlgorithmMismatch);
    };
    if !public.fits(algorithm) {
        return Err(KeyError::AlgorithmMismatch);
    }
    let point = [&[4], x.as_slice(), y].concat();
    EcdsaKeyPair::from_private_key_and_public_key(ecdsa(algorithm), d, &point).map_err(|_| KeyError::Inconsistent)
}

fn ed25519_pair(algorithm: Algorithm, public: &PublicParts, d: &[u8]) -> Result<Ed25519KeyPair, KeyError> {
    let PublicParts::Ed25519 { x } = public else {
        return Err(KeyError::AlgorithmMismatch);
    };
    if !public.fits(algorithm) {
        return Err(KeyError::AlgorithmMismatch);
    }
    Ed25519KeyPair::from_seed_and_public_key(d, x).map_err(|_| KeyError::Inconsistent)
}

fn rsa_pair(algorithm: Algorithm, parts: &RsaPrivateParts) -> Result<RsaKeyPair, KeyError> {
    let PublicParts::Rsa { n, e } = &parts.public else {
        return Err(KeyError::AlgorithmMismatch);
    };
    if !parts.public.fits(algorithm) {
        return Err(KeyError::AlgorithmMismatch);
    }
    strength::check_rsa(n, e)?;
    RsaKeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
        d: parts.d.as_slice(),
        p: &parts.p,
        q: &parts.q,
        dP: &parts.dp,
        dQ: &parts.dq,
        qInv: &parts.qi,
    })
    .map_err(|_| KeyError::Inconsistent)
}

/// The public numbers of a pair.
fn public_parts(algorithm: Algorithm, material: &Material) -> Result<PublicParts, KeyError> {
    match material {
        Material::Ecdsa(pair) => {
            let curve = match algorithm {
                Algorithm::Es256 => Curve::P256,
                Algorithm::Es384 => Curve::P384,
                _ => Curve::P521,
            };
            let point = pair.public_key().as_ref();
            // SEC 1 section 2.3.3: 4, then x and y in full width.
            let (x, y) = point.get(1..).and_then(|both| both.split_at_checked(curve.coordinate_length())).ok_or(KeyError::Unavailable)?;
            Ok(PublicParts::EllipticCurve { curve, x: x.to_vec(), y: y.to_vec() })
        }
        Material::Ed25519(pair) => {
            Ok(PublicParts::Ed25519 { x: pair.public_key().as_ref().try_into().map_err(|_| KeyError::Unavailable)? })
        }
        Material::Rsa(pair) => rsa_numbers(pair.public_key().as_ref()).ok_or(KeyError::Unavailable),
        Material::Hmac { .. } => Err(KeyError::UnsupportedKeyType),
    }
}

/// Reads modulus and exponent from a DER `RSAPublicKey` (RFC 8017 appendix A.1.1) that the library wrote.
fn rsa_numbers(der: &[u8]) -> Option<PublicParts> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (numbers, _) = der_value(der, SEQUENCE)?;
    let (n, rest) = der_value(numbers, INTEGER)?;
    let (e, _) = der_value(rest, INTEGER)?;
    // DER puts a zero before a number whose highest bit is set.
    let plain = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    Some(PublicParts::Rsa { n: plain(n), e: plain(e) })
}

/// Splits off one DER value of that tag: its content and what follows.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let length = digits.iter().try_fold(0_usize, |value, digit| value.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        (length, rest)
    };
    rest.split_at_checked(length)
}
