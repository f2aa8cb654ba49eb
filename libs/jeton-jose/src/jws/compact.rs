use crate::base64url;
use crate::error::{Segment, TokenError};
use crate::jwk::{VerifyingKey, VerifyingKeys};
use crate::jws::header::{Header, MAX_HEADER_BYTES};

/// Most bytes of a token, unless the caller sets another limit.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Checks a token against our keys: size, form, header, key, signature, in that order.
///
/// # Errors
/// [`TokenError`] says what is wrong first.
pub fn verify<'keys>(token: &str, keys: &'keys VerifyingKeys, limit_bytes: usize) -> Result<Verified<'keys>, TokenError> {
    Unverified::parse(token, limit_bytes)?.verify(keys)
}

/// A token whose signature was checked.
#[derive(Debug)]
pub struct Verified<'keys> {
    /// What the header said.
    pub header: Header,
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The key the signature belongs to.
    pub key: &'keys VerifyingKey,
}

/// A token that was taken apart, its signature not yet checked. Anybody may have written what it says; its only use is to find the keys to check it with.
#[derive(Debug)]
pub struct Unverified<'token> {
    signed: &'token str,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'token> Unverified<'token> {
    /// Takes a compact token apart: three canonical base64url segments, with a header as this module takes it.
    ///
    /// # Errors
    /// [`TokenError`] for everything but the choice of the key, the signature and the claims.
    pub fn parse(token: &'token str, limit_bytes: usize) -> Result<Self, TokenError> {
        if token.len() > limit_bytes {
            return Err(TokenError::TooLong { limit_bytes });
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::NotCompact)?;
        if payload.contains('.') {
            return Err(TokenError::NotCompact);
        }
        Ok(Self {
            signed,
            header: read_header(header)?,
            payload: decode(payload, Segment::Payload)?,
            signature: decode(signature, Segment::Signature)?,
        })
    }

    /// What the header says, unproved.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the payload says, unproved.
    #[must_use]
    pub fn untrusted_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature: with the key of the token's `kid`, matched exactly; for a token without `kid`, with the keys of its algorithm if they are four or fewer.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], [`TokenError::AmbiguousKey`], [`TokenError::AlgorithmMismatch`] or [`TokenError::BadSignature`].
    pub fn verify(self, keys: &VerifyingKeys) -> Result<Verified<'_>, TokenError> {
        let key = keys.check(self.header.key_id.as_deref(), self.header.algorithm, self.signed.as_bytes(), &self.signature)?;
        Ok(Verified { header: self.header, payload: self.payload, key })
    }
}

fn decode(text: &str, segment: Segment) -> Result<Vec<u8>, TokenError> {
    base64url::decode(text).map_err(|_| TokenError::Encoding(segment))
}

fn read_header(text: &str) -> Result<Header, TokenError> {
    if text.len() > base64url::encoded_length(MAX_HEADER_BYTES) {
        return Err(TokenError::HeaderTooLong);
    }
    // The decoder wants room for whole groups of three bytes.
    let mut buffer = [0; MAX_HEADER_BYTES + 8];
    let json = base64url::decode_slice(text, &mut buffer).map_err(|_| TokenError::Encoding(Segment::Header))?;
    Header::parse(json)
}
