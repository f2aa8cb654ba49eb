use crate::base64url;
use crate::error::KeyError;
use crate::json::{self, Limits};
use crate::jwk::metadata::{Metadata, text};
use crate::jwk::public::{MAX_JWK_BYTES, PublicParts};
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// A JWK that holds a secret, on its way into a key; it cannot be printed or kept.
pub(crate) struct SecretJwk {
    pub(crate) metadata: Metadata,
    pub(crate) parts: PrivateParts,
}

/// The secret numbers of a JWK (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
pub(crate) enum PrivateParts {
    Symmetric(Secret),
    EllipticCurve { public: PublicParts, d: Secret },
    Ed25519 { public: PublicParts, d: Secret },
    Rsa(Box<RsaPrivateParts>),
}

pub(crate) struct RsaPrivateParts {
    pub(crate) public: PublicParts,
    pub(crate) d: Secret,
    pub(crate) p: Secret,
    pub(crate) q: Secret,
    pub(crate) dp: Secret,
    pub(crate) dq: Secret,
    pub(crate) qi: Secret,
}

type Secret = Zeroizing<Vec<u8>>;

impl SecretJwk {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, KeyError> {
        const LIMITS: Limits = Limits { length_bytes: MAX_JWK_BYTES, depth: 8 };
        let members = Wiped(json::parse_object(text, LIMITS)?);
        Ok(Self { metadata: Metadata::read(&members.0)?, parts: PrivateParts::read(&members.0)? })
    }
}

impl PrivateParts {
    fn read(members: &Map<String, Value>) -> Result<Self, KeyError> {
        if text(members, "kty")? == "oct" {
            return Ok(Self::Symmetric(secret(members, "k")?));
        }
        let public = PublicParts::read(members)?;
        if !members.contains_key("d") {
            return Err(KeyError::NotPrivate);
        }
        let d = secret(members, "d")?;
        match public {
            PublicParts::EllipticCurve { curve, .. } => {
                if d.len() != curve.coordinate_length() {
                    return Err(KeyError::Malformed("d"));
                }
                Ok(Self::EllipticCurve { public, d })
            }
            PublicParts::Ed25519 { .. } => {
                if d.len() != 32 {
                    return Err(KeyError::Malformed("d"));
                }
                Ok(Self::Ed25519 { public, d })
            }
            PublicParts::Rsa { .. } => {
                if members.contains_key("oth") {
                    return Err(KeyError::Malformed("oth"));
                }
                Ok(Self::Rsa(Box::new(RsaPrivateParts {
                    public,
                    d,
                    p: secret(members, "p")?,
                    q: secret(members, "q")?,
                    dp: secret(members, "dp")?,
                    dq: secret(members, "dq")?,
                    qi: secret(members, "qi")?,
                })))
            }
        }
    }
}

/// Members whose strings are overwritten when they go.
struct Wiped(Map<String, Value>);

impl Drop for Wiped {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

fn secret(members: &Map<String, Value>, name: &'static str) -> Result<Secret, KeyError> {
    base64url::decode(text(members, name)?).map(Zeroizing::new).map_err(|_| KeyError::Malformed(name))
}
