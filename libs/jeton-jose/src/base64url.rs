//! base64url without padding, canonical only (RFC 7515 section 2, RFC 4648 sections 3.5 and 5).
//!
//! Each byte string has exactly one spelling here: padding, white space, the characters `+` and `/`, and set bits after the end are refused. So one token cannot be written in two ways.

use base64::Engine as _;
use std::fmt;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod engine {
    use base64::engine::Simd;
    use base64::engine::general_purpose::NO_PAD;
    use std::sync::LazyLock;

    /// Uses the wide instructions of the machine at hand, if it has them.
    pub(super) static CANONICAL: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod engine {
    pub(super) use base64::engine::general_purpose::URL_SAFE_NO_PAD as CANONICAL;
}

use engine::CANONICAL;

/// The text was not canonical base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCanonical;

impl fmt::Display for NotCanonical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not base64url in its one canonical form: letters, digits, - and _ only, no padding, no bits left over")
    }
}

impl std::error::Error for NotCanonical {}

/// Writes bytes as base64url.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    CANONICAL.encode(bytes)
}

/// Appends bytes as base64url to a text.
pub fn encode_into(bytes: &[u8], text: &mut String) {
    CANONICAL.encode_string(bytes, text);
}

/// Length in bytes of the base64url form of `length` bytes.
#[must_use]
pub const fn encoded_length(length: usize) -> usize {
    // Three bytes make four characters; one or two left over make two or three.
    (length / 3) * 4
        + match length % 3 {
            0 => 0,
            1 => 2,
            _ => 3,
        }
}

/// Reads base64url.
///
/// # Errors
/// [`NotCanonical`] for every text that [`encode`] would not have written.
pub fn decode(text: &str) -> Result<Vec<u8>, NotCanonical> {
    CANONICAL.decode(text).map_err(|_| NotCanonical)
}

/// Reads base64url and appends what it says.
///
/// # Errors
/// [`NotCanonical`] as [`decode`]; whatever was appended then means nothing.
pub fn decode_into(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotCanonical> {
    CANONICAL.decode_vec(text, bytes).map_err(|_| NotCanonical)
}

/// Reads base64url into a buffer and returns the part that was filled.
///
/// # Errors
/// [`NotCanonical`] as [`decode`], and also when the buffer is too small.
pub fn decode_slice<'buffer>(text: &str, buffer: &'buffer mut [u8]) -> Result<&'buffer [u8], NotCanonical> {
    let length = CANONICAL.decode_slice(text, buffer).map_err(|_| NotCanonical)?;
    buffer.get(..length).ok_or(NotCanonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let text = encode(&bytes);
            assert_eq!(text.len(), encoded_length(bytes.len()));
            assert_eq!(decode(&text), Ok(bytes.clone()));
            assert_eq!(decode_slice(&text, &mut [0; 80]), Ok(&bytes[..]));
        }
    }

    /// The wide instructions read long texts in blocks: each place of a block is tried with each byte.
    #[test]
    fn every_character_is_judged_wherever_it_stands() {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let good = "A".repeat(100);
        for place in 0..good.len() {
            for byte in 0..0x80_u8 {
                let mut text = good.clone();
                text.replace_range(place..=place, &char::from(byte).to_string());
                let found = decode(&text);
                assert_eq!(found.is_ok(), alphabet.contains(char::from(byte)), "{byte} at {place}");
                assert!(found.is_err() || encode(&found.unwrap()) == text, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        for text in ["A", "AA==", "AA=", "AB", "AAF", "A A", "AA\n", " AA", "+-8", "/_8", "AA.AA", "AAAAA", "ÄÄ", "AA\0A"] {
            assert_eq!(decode(text), Err(NotCanonical), "{text:?}");
        }
    }
}
