use crate::json::JsonError;
use std::fmt;

/// Why a key was refused. The sentences name no part of the key but member names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The JWK is not JSON as [`crate::json`] takes it.
    Json(JsonError),
    /// A member is missing (RFC 7518 section 6).
    Missing(&'static str),
    /// A member has the wrong type, encoding or length.
    Malformed(&'static str),
    /// The JWK holds a secret where a public key is expected; the key must be considered known to others.
    PrivateMember(&'static str),
    /// The JWK holds no private part where one is needed.
    NotPrivate,
    /// `kty` is none of EC, OKP, RSA, oct.
    UnsupportedKeyType,
    /// `crv` is none of P-256, P-384, P-521, Ed25519.
    UnsupportedCurve,
    /// `alg` names no signature algorithm known here.
    UnsupportedAlgorithm,
    /// The JWK has no `alg` and the caller named none.
    AlgorithmMissing,
    /// The key's type or curve does not belong to the algorithm, or `alg` is another than the caller's.
    AlgorithmMismatch,
    /// `use` or `key_ops` say that the key is not for this.
    WrongUse,
    /// The key is weaker than allowed: RSA under 2048 bits, HMAC shorter than the hash, or a modulus or point known to be breakable.
    Weak,
    /// RSA over 8192 bits.
    TooLarge,
    /// The RSA exponent is even, under 65537 or over 2^32, or the modulus is even.
    BadExponent,
    /// The point is not on the curve, or private and public part do not belong together.
    Inconsistent,
    /// Two keys of a set have the same `kid`.
    DuplicateKeyId,
    /// A set mixes shared secrets and public keys (RFC 8725 section 3.1).
    MixedSet,
    /// A set holds more keys than allowed.
    TooManyKeys,
    /// The cryptographic library could not make or sign with a key.
    Unavailable,
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            Self::Json(error) => return write!(formatter, "the key is not a JSON Web Key: {error}"),
            Self::Missing(member) => return write!(formatter, "the key has no member {member}"),
            Self::Malformed(member) => {
                return write!(formatter, "the member {member} of the key has the wrong type, encoding or length");
            }
            Self::PrivateMember(member) => {
                return write!(
                    formatter,
                    "the key carries the private member {member} where only a public key belongs; replace the key, it is no longer secret"
                );
            }
            Self::NotPrivate => "the key has no private part",
            Self::UnsupportedKeyType => "the key type is not supported: use EC, OKP, RSA or oct",
            Self::UnsupportedCurve => "the curve is not supported: use P-256, P-384, P-521 or Ed25519",
            Self::UnsupportedAlgorithm => "the algorithm of the key is not a supported signature algorithm",
            Self::AlgorithmMissing => "the key does not say its algorithm: add the member alg",
            Self::AlgorithmMismatch => "the algorithm does not belong to this key",
            Self::WrongUse => "the key is not meant for signatures: see its members use and key_ops",
            Self::Weak => "the key is too weak: RSA takes 2048 bits or more, HMAC a secret at least as long as its hash",
            Self::TooLarge => "the key is too large: RSA takes 8192 bits at most",
            Self::BadExponent => "the RSA key has an unusable modulus or exponent: use 65537",
            Self::Inconsistent => "the parts of the key do not belong together, or the point is not on its curve",
            Self::DuplicateKeyId => "two keys of the set have the same kid",
            Self::MixedSet => "the set mixes shared secrets and public keys",
            Self::TooManyKeys => "the set holds too many keys",
            Self::Unavailable => "the cryptographic library could not complete the operation",
        };
        formatter.write_str(sentence)
    }
}

impl std::error::Error for KeyError {}

impl From<JsonError> for KeyError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

/// A part of a compact token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Before the first dot.
    Header,
    /// Between the dots.
    Payload,
    /// After the second dot.
    Signature,
}

impl fmt::Display for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a token was refused. The sentences hold nothing of the token but names of claims the caller asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than allowed.
    TooLong {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// Not three segments with two dots: RFC 7515 section 3.1 is the only form taken, so a JWE (five segments) and JSON forms end here too.
    NotCompact,
    /// A segment is not canonical base64url.
    Encoding(Segment),
    /// The header is over 1 KiB.
    HeaderTooLong,
    /// The header is no JSON object as [`crate::json`] takes it.
    HeaderJson(JsonError),
    /// A member of the header is missing, empty, too long or of the wrong type.
    HeaderMember(&'static str),
    /// `alg` names no supported algorithm; `none` is one of those.
    UnsupportedAlgorithm,
    /// The header has `enc` or `zip`: encryption and compression are not supported.
    Encrypted,
    /// `crit` names an extension, and none is supported (RFC 7515 section 4.1.11); or `crit` itself is malformed; or `b64` is there (RFC 7797).
    CriticalExtension,
    /// No key has the token's `kid`, or, without one, no key has its algorithm.
    UnknownKey,
    /// The token names no key and too many keys could be meant.
    AmbiguousKey,
    /// The token's `alg` is not the key's.
    AlgorithmMismatch,
    /// The signature does not belong to this content and key.
    BadSignature,
    /// The payload is no JSON object as [`crate::json`] takes it.
    PayloadJson(JsonError),
    /// `typ` is not the expected one.
    WrongType,
    /// A claim is missing.
    ClaimMissing(Box<str>),
    /// A claim has the wrong type, is empty, or is out of range.
    ClaimMalformed(Box<str>),
    /// `iss` is not the expected issuer.
    WrongIssuer,
    /// `sub` is not the one expected.
    WrongSubject,
    /// `aud` does not name us, or names others beside us where it must not.
    WrongAudience,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come yet.
    NotYetValid,
    /// `iat` lies in the future.
    IssuedInFuture,
}

impl TokenError {
    /// Whether the token may be sound but uses something that is not supported here, rather than being malformed, forged or out of date.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        matches!(self, Self::NotCompact | Self::UnsupportedAlgorithm | Self::Encrypted | Self::CriticalExtension)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            Self::TooLong { limit_bytes } => {
                return write!(formatter, "the token is longer than {limit_bytes} bytes");
            }
            Self::Encoding(segment) => {
                return write!(formatter, "the {segment} of the token is not canonical base64url");
            }
            Self::HeaderJson(error) => return write!(formatter, "the header of the token is unusable: {error}"),
            Self::HeaderMember(member) => {
                return write!(formatter, "the header member {member} is missing, empty, too long or of the wrong type");
            }
            Self::PayloadJson(error) => return write!(formatter, "the claims of the token are unusable: {error}"),
            Self::ClaimMissing(claim) => return write!(formatter, "the token lacks the claim {claim}"),
            Self::ClaimMalformed(claim) => {
                return write!(formatter, "the claim {claim} has the wrong type, is empty or out of range");
            }
            Self::NotCompact => "not a token in JWS compact form: three parts separated by two dots",
            Self::HeaderTooLong => "the header of the token is longer than 1024 bytes",
            Self::UnsupportedAlgorithm => "the algorithm of the token is not supported",
            Self::Encrypted => "encrypted or compressed tokens are not supported",
            Self::CriticalExtension => "the token relies on an extension that is not supported",
            Self::UnknownKey => "the token was signed with a key that is not known here",
            Self::AmbiguousKey => "the token does not name its key (kid) and several keys could be meant",
            Self::AlgorithmMismatch => "the algorithm of the token is not the one of its key",
            Self::BadSignature => "the signature of the token is wrong",
            Self::WrongType => "the token is of another type (typ) than expected here",
            Self::WrongIssuer => "the token comes from another issuer",
            Self::WrongSubject => "the token is about somebody else",
            Self::WrongAudience => "the token is meant for another audience",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInFuture => "the token claims to be issued in the future: compare the clocks",
        };
        formatter.write_str(sentence)
    }
}

impl std::error::Error for TokenError {}
