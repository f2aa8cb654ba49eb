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
    /// The payload, and the signature after it.
    decoded: Vec<u8>,
    payload_bytes: usize,
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
        let header = read_header(header)?;
        let mut decoded = Vec::with_capacity(token.len() - signed.len() + payload.len());
        decode(payload, Segment::Payload, &mut decoded)?;
        let payload_bytes = decoded.len();
        decode(signature, Segment::Signature, &mut decoded)?;
        Ok(Self { signed, header, decoded, payload_bytes })
    }

    /// What the header says, unproved.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the payload says, unproved.
    #[must_use]
    pub fn untrusted_payload(&self) -> &[u8] {
        self.decoded.get(..self.payload_bytes).unwrap_or_default()
    }

    /// Checks the signature: with the key of the token's `kid`, matched exactly; for a token without `kid`, with the keys of its algorithm if they are four or fewer.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], [`TokenError::AmbiguousKey`], [`TokenError::AlgorithmMismatch`] or [`TokenError::BadSignature`].
    pub fn verify(self, keys: &VerifyingKeys) -> Result<Verified<'_>, TokenError> {
        let Self { signed, header, decoded: mut payload, payload_bytes } = self;
        let signature = payload.get(payload_bytes..).unwrap_or_default();
        let key = keys.check(header.key_id.as_deref(), header.algorithm, signed.as_bytes(), signature)?;
        payload.truncate(payload_bytes);
        Ok(Verified { header, payload, key })
    }
}

fn decode(text: &str, segment: Segment, bytes: &mut Vec<u8>) -> Result<(), TokenError> {
    base64url::decode_into(text, bytes).map_err(|_| TokenError::Encoding(segment))
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
