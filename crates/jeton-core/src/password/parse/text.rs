//! What hashes are written with: numbers, and bytes in the alphabets that those who made them chose.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD, STANDARD_NO_PAD};

/// Bcrypt's own alphabet; whoever wrote its last letter did not care for bits that say nothing.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// A number as one writes it: no sign, no zero before it.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Bytes as PHC strings have them; passlib writes `.` where others write `+`.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    match text.contains('.') {
        true if text.contains('+') => None,
        true => STANDARD_NO_PAD.decode(text.replace('.', "+")).ok(),
        false => STANDARD_NO_PAD.decode(text).ok(),
    }
}

/// Bytes as Django has them: with `=` at the end.
pub(super) fn padded_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Bytes as bcrypt has them.
pub(super) fn bcrypt_base64(text: &str) -> Option<Vec<u8>> {
    BCRYPT.decode(text).ok()
}

/// Bytes in small hexadecimal digits.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// The power of two that a number is.
pub(super) fn power_of_two(number: u64) -> Option<u8> {
    number.is_power_of_two().then(|| number.trailing_zeros()).and_then(|power| u8::try_from(power).ok())
}

/// So many parts between separators, and no more.
pub(super) fn parts<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.try_into().ok()
}
