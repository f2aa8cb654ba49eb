//! Base62 of fixed width, in blocks of one machine word.
//!
//! A block of 8 bytes takes 11 digits and one of 5 bytes takes 7, so no long division is needed and blocks are independent.
//! Values that do not fit their block are refused: one text for each value.

use zeroize::Zeroize as _;

/// Bytes in a token's body.
pub(crate) const BODY_LEN: usize = 45;
/// Digits of a token's body.
pub(crate) const BODY_DIGITS: usize = 62;
/// Digits of a 32-bit checksum.
pub(crate) const CHECKSUM_DIGITS: usize = 6;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BLOCK: usize = 8;
const BLOCK_DIGITS: usize = 11;
const LAST: usize = 5;
const LAST_DIGITS: usize = 7;
const INVALID: u8 = 0xff;
const VALUES: [u8; 256] = values();

/// Why digits do not stand for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBase62 {
    /// A character that is no digit.
    Digit,
    /// The value does not fit.
    Overflow,
}

/// Writes a body as digits.
pub(crate) fn encode_body(body: &[u8; BODY_LEN], out: &mut String) {
    let (blocks, last) = body.as_chunks::<BLOCK>();
    for block in blocks {
        push_digits::<BLOCK_DIGITS>(u64::from_be_bytes(*block), out);
    }
    push_digits::<LAST_DIGITS>(big_endian(last), out);
}

/// Reads a body from its digits into `out`.
pub(crate) fn decode_body(digits: &[u8; BODY_DIGITS], out: &mut [u8; BODY_LEN]) -> Result<(), NotBase62> {
    let (blocks, last_digits) = digits.as_chunks::<BLOCK_DIGITS>();
    let (bytes, last_bytes) = out.as_chunks_mut::<BLOCK>();
    for (block, byte) in blocks.iter().zip(bytes) {
        *byte = value_of(block)?.to_be_bytes();
    }
    let last = value_of(last_digits)?;
    if last >> (8 * LAST) != 0 {
        return Err(NotBase62::Overflow);
    }
    for (to, from) in last_bytes.iter_mut().zip(last.to_be_bytes().iter().skip(BLOCK - LAST)) {
        *to = *from;
    }
    Ok(())
}

/// Writes a checksum as digits.
pub(crate) fn encode_checksum(checksum: u32, out: &mut String) {
    push_digits::<CHECKSUM_DIGITS>(u64::from(checksum), out);
}

/// Reads a checksum from its digits.
pub(crate) fn decode_checksum(digits: &[u8; CHECKSUM_DIGITS]) -> Result<u32, NotBase62> {
    u32::try_from(value_of(digits)?).map_err(|_| NotBase62::Overflow)
}

/// Whether a byte is a digit of base62.
pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn push_digits<const N: usize>(mut value: u64, out: &mut String) {
    let mut digits = [0_u8; N];
    for digit in digits.iter_mut().rev() {
        // The remainder is below 62, so the lookup always succeeds; `get` keeps the compiler's word for it.
        *digit = ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0');
        value /= 62;
    }
    for digit in digits {
        out.push(char::from(digit));
    }
    digits.zeroize();
}

/// The number that at most 11 digits stand for.
fn value_of(digits: &[u8]) -> Result<u64, NotBase62> {
    let mut seen = 0_u8;
    let mut value = 0_u64;
    let Some((last, leading)) = digits.split_last() else { return Ok(0) };
    // Ten digits stay below 2^60; only the eleventh can overflow.
    for digit in leading {
        let digit = digit_value(*digit);
        seen |= digit;
        value = value.wrapping_mul(62).wrapping_add(u64::from(digit));
    }
    let last = digit_value(*last);
    seen |= last;
    // Values end at 61, so the two high bits are set by an invalid character alone.
    if seen & 0xc0 != 0 {
        return Err(NotBase62::Digit);
    }
    value.checked_mul(62).and_then(|value| value.checked_add(u64::from(last))).ok_or(NotBase62::Overflow)
}

fn digit_value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(INVALID)
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler alone: an index out of bounds would not build")]
const fn values() -> [u8; 256] {
    let mut values = [INVALID; 256];
    let mut index = 0;
    while index < ALPHABET.len() {
        values[ALPHABET[index] as usize] = index as u8;
        index += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(body: [u8; BODY_LEN]) -> String {
        let mut text = String::new();
        encode_body(&body, &mut text);
        text
    }

    fn decoded(text: &str) -> Result<[u8; BODY_LEN], NotBase62> {
        let mut body = [0; BODY_LEN];
        decode_body(text.as_bytes().try_into().expect("62 digits"), &mut body).map(|()| body)
    }

    #[test]
    fn width_is_fixed() {
        for body in [[0; BODY_LEN], [0xff; BODY_LEN], [1; BODY_LEN]] {
            let text = encoded(body);
            assert_eq!(text.len(), BODY_DIGITS);
            assert_eq!(decoded(&text), Ok(body));
        }
    }

    #[test]
    fn every_block_has_its_maximum() {
        let highest = encoded([0xff; BODY_LEN]);
        assert_eq!(highest, format!("{}{}", "LygHa16AHYF".repeat(5), "JMAIjoV"));
        for (position, _) in highest.char_indices().filter(|(i, _)| i % 11 == 10 || *i == 61) {
            let mut above = highest.clone().into_bytes();
            above[position] += 1;
            assert_eq!(decoded(std::str::from_utf8(&above).unwrap()), Err(NotBase62::Overflow), "at {position}");
        }
        assert_eq!(decoded(&"z".repeat(62)), Err(NotBase62::Overflow));
    }

    #[test]
    fn only_digits() {
        for bad in ["-", "_", " ", "/", ":", "@", "[", "`", "{", "\0", "\u{7f}"] {
            for position in [0, 10, 11, 54, 55, 61] {
                let mut text = "0".repeat(62);
                text.replace_range(position..=position, bad);
                assert_eq!(decoded(&text), Err(NotBase62::Digit), "{bad:?} at {position}");
            }
        }
    }

    #[test]
    fn checksums() {
        fn check(value: u32, text: &str) {
            let mut out = String::new();
            encode_checksum(value, &mut out);
            assert_eq!(out, text);
            assert_eq!(decode_checksum(text.as_bytes().try_into().unwrap()), Ok(value));
        }
        check(0, "000000");
        check(61, "00000z");
        check(62, "000010");
        check(u32::MAX, "4gfFC3");
        assert_eq!(decode_checksum(b"4gfFC4"), Err(NotBase62::Overflow));
        assert_eq!(decode_checksum(b"zzzzzz"), Err(NotBase62::Overflow));
    }
}
