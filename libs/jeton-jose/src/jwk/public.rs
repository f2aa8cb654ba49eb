use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::error::KeyError;
use crate::json::{self, Limits};
use crate::jwk::metadata::{Metadata, text};
use aws_lc_rs::digest;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

/// Most bytes of one JWK as text.
pub const MAX_JWK_BYTES: usize = 16 * 1024;

/// A public key as a document: a JSON Web Key (RFC 7517) of type EC, OKP with Ed25519, or RSA.
///
/// It cannot hold a secret: a JWK with a private member, or of type oct, is refused when it is read. Members that have no meaning here (such as `x5c` or `x5u`) are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    parts: PublicParts,
    metadata: Metadata,
}

/// The numbers of a public key, each in full width, big-endian unless its RFC says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicParts {
    /// A point on a NIST curve (RFC 7518 section 6.2).
    EllipticCurve {
        /// The curve.
        curve: Curve,
        /// The x coordinate, as wide as the curve.
        x: Vec<u8>,
        /// The y coordinate, as wide as the curve.
        y: Vec<u8>,
    },
    /// An Ed25519 public key (RFC 8037 section 2).
    Ed25519 {
        /// The encoded point.
        x: [u8; 32],
    },
    /// An RSA public key (RFC 7518 section 6.3).
    Rsa {
        /// The modulus without leading zeros.
        n: Vec<u8>,
        /// The exponent without leading zeros.
        e: Vec<u8>,
    },
}

/// A NIST curve (RFC 7518 section 6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Jwk {
    /// Reads a public JWK.
    ///
    /// # Errors
    /// [`KeyError`]: not JSON, over [`MAX_JWK_BYTES`], a private member, an unknown type or curve, or a member that is missing or malformed. Whether the point is on its curve and the key strong is for [`crate::jwk::VerifyingKey`] to say.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        const LIMITS: Limits = Limits { length_bytes: MAX_JWK_BYTES, depth: 8 };
        Self::from_members(&json::parse_object(text, LIMITS)?)
    }

    /// Reads a public JWK from the members of an object that was parsed before.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            if members.contains_key(private) {
                return Err(KeyError::PrivateMember(private));
            }
        }
        Ok(Self { parts: PublicParts::read(members)?, metadata: Metadata::read(members)? })
    }

    /// Makes the document of a key that is used for signatures.
    pub(crate) fn for_signatures(parts: PublicParts, algorithm: Algorithm, key_id: String) -> Self {
        Self {
            parts,
            metadata: Metadata {
                key_id: Some(key_id),
                algorithm: Some(algorithm.name().to_owned()),
                usage: Some("sig".to_owned()),
                operations: None,
            },
        }
    }

    /// The numbers of the key.
    #[must_use]
    pub const fn parts(&self) -> &PublicParts {
        &self.parts
    }

    /// The member `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.metadata.key_id.as_deref()
    }

    /// The member `alg`, as it was written; it may be unknown here.
    #[must_use]
    pub fn algorithm_name(&self) -> Option<&str> {
        self.metadata.algorithm.as_deref()
    }

    /// The SHA-256 thumbprint as base64url (RFC 7638 section 3): a name for the key that depends on nothing but the key.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.parts.thumbprint()
    }

    /// The document as text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Writing into memory cannot fail, and every name in it is a string.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) const fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kty", self.parts.key_type())?;
        for (name, value) in [("kid", &self.metadata.key_id), ("use", &self.metadata.usage), ("alg", &self.metadata.algorithm)] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(operations) = &self.metadata.operations {
            map.serialize_entry("key_ops", operations)?;
        }
        match &self.parts {
            PublicParts::EllipticCurve { curve, x, y } => {
                map.serialize_entry("crv", curve.name())?;
                map.serialize_entry("x", &base64url::encode(x))?;
                map.serialize_entry("y", &base64url::encode(y))?;
            }
            PublicParts::Ed25519 { x } => {
                map.serialize_entry("crv", "Ed25519")?;
                map.serialize_entry("x", &base64url::encode(x))?;
            }
            PublicParts::Rsa { n, e } => {
                map.serialize_entry("n", &base64url::encode(n))?;
                map.serialize_entry("e", &base64url::encode(e))?;
            }
        }
        map.end()
    }
}

impl PublicParts {
    /// Reads `kty` and the members it asks for.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, KeyError> {
        match text(members, "kty")? {
            "EC" => {
                let curve = Curve::from_name(text(members, "crv")?)?;
                Ok(Self::EllipticCurve { curve, x: coordinate(members, "x", curve)?, y: coordinate(members, "y", curve)? })
            }
            "OKP" => {
                if text(members, "crv")? != "Ed25519" {
                    return Err(KeyError::UnsupportedCurve);
                }
                let x = bytes(members, "x")?;
                Ok(Self::Ed25519 { x: x.try_into().map_err(|_| KeyError::Malformed("x"))? })
            }
            "RSA" => Ok(Self::Rsa { n: unsigned(members, "n")?, e: unsigned(members, "e")? }),
            _ => Err(KeyError::UnsupportedKeyType),
        }
    }

    /// Whether a key of these numbers can carry the algorithm.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::EllipticCurve { curve, .. } => curve.algorithm() == algorithm,
            Self::Ed25519 { .. } => algorithm.family() == Family::Ed25519,
            Self::Rsa { .. } => algorithm.family() == Family::Rsa,
        }
    }

    const fn key_type(&self) -> &'static str {
        match self {
            Self::EllipticCurve { .. } => "EC",
            Self::Ed25519 { .. } => "OKP",
            Self::Rsa { .. } => "RSA",
        }
    }

    /// The SHA-256 thumbprint as base64url: the hash of the required members in order of their names, without spaces (RFC 7638 section 3.2).
    pub(crate) fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::EllipticCurve { curve, x, y } => {
                format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, curve.name(), base64url::encode(x), base64url::encode(y))
            }
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(x)),
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64url::encode(e), base64url::encode(n)),
        };
        base64url::encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
    }
}

impl Curve {
    /// The value of `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Length of a coordinate in bytes.
    #[must_use]
    pub const fn coordinate_length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The one signature algorithm on this curve (RFC 7518 section 3.4).
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    fn from_name(name: &str) -> Result<Self, KeyError> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.name() == name).ok_or(KeyError::UnsupportedCurve)
    }
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    base64url::decode(text(members, name)?).map_err(|_| KeyError::Malformed(name))
}

/// RFC 7518 section 6.2.1.2: a coordinate keeps its leading zeros.
fn coordinate(members: &Map<String, Value>, name: &'static str, curve: Curve) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(members, name)?;
    if bytes.len() == curve.coordinate_length() { Ok(bytes) } else { Err(KeyError::Malformed(name)) }
}

/// RFC 7518 section 2, Base64urlUInt: as few bytes as possible, so no leading zero.
fn unsigned(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(members, name)?;
    match bytes.first() {
        None | Some(0) => Err(KeyError::Malformed(name)),
        Some(_) => Ok(bytes),
    }
}
