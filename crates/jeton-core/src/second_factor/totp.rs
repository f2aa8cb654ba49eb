//! Codes by time (RFC 6238): HMAC-SHA-1, six digits, a new one each 30 seconds, which is what every application for them knows.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// How many bytes a secret has: as many as the hash gives (RFC 4226 section 4).
pub const SECRET_BYTES: usize = 20;
/// How long a code is told, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;
/// How many steps a telephone may be behind or ahead.
const STEPS_APART: i64 = 1;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step that a time is in.
#[must_use]
pub fn step_of(seconds: i64) -> i64 {
    seconds.div_euclid(STEP_SECONDS)
}

/// The code of a step.
#[must_use]
pub fn code(secret: &[u8; SECRET_BYTES], step: i64) -> [u8; DIGITS] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    // RFC 4226 section 5.3: the last four bits say where the four bytes are.
    let offset = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 0xf);
    let bytes = tag.as_ref().get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    let mut number = u32::from_be_bytes(bytes) & 0x7fff_ffff;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add(u8::try_from(number % 10).unwrap_or_default());
        number /= 10;
    }
    digits
}

/// Which step a code is of, of those around now and after the last one that was used. Each of them is looked at, whichever it is.
#[must_use]
pub fn step_of_code(secret: &[u8; SECRET_BYTES], given: &[u8; DIGITS], last_step: i64, now_seconds: i64) -> Option<i64> {
    let current = step_of(now_seconds);
    let mut found = None;
    for step in current - STEPS_APART..=current + STEPS_APART {
        let is_it = verify_slices_are_equal(&code(secret, step), given).is_ok();
        if is_it && step > last_step {
            found = Some(step);
        }
    }
    found
}

/// A secret as people type it: base32 without padding (RFC 4648 section 6).
#[must_use]
pub fn shown(secret: &[u8; SECRET_BYTES]) -> String {
    let mut text = String::with_capacity(SECRET_BYTES * 8 / 5);
    let (groups, _) = secret.as_chunks::<5>();
    for group in groups {
        let number = group.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = usize::try_from(number >> (place * 5) & 31).unwrap_or_default();
            text.push(LETTERS.get(letter).map_or('A', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; SECRET_BYTES] = b"12345678901234567890";

    /// RFC 6238 appendix B, of which six digits are told here.
    #[test]
    fn codes_are_those_of_the_rfc() {
        fn check(seconds: i64, expected: &str) {
            assert_eq!(code(SECRET, step_of(seconds)), expected.as_bytes()[2..], "{seconds}");
        }
        check(59, "94287082");
        check(1_111_111_109, "07081804");
        check(1_111_111_111, "14050471");
        check(1_234_567_890, "89005924");
        check(2_000_000_000, "69279037");
        check(20_000_000_000, "65353130");
    }

    #[test]
    fn a_code_counts_a_step_before_and_after_and_never_again() {
        const NOW: i64 = 1_000_000_020;
        let of = |step: i64, last: i64| step_of_code(SECRET, &code(SECRET, step), last, NOW);
        let current = step_of(NOW);
        for (apart, expected) in [(-2, None), (-1, Some(current - 1)), (0, Some(current)), (1, Some(current + 1)), (2, None)] {
            assert_eq!(of(current + apart, 0), expected, "{apart}");
        }
        assert_eq!(of(current, current), None, "it was used");
        assert_eq!(of(current - 1, current), None, "one after it was");
        assert_eq!(of(current + 1, current), Some(current + 1));
        assert_eq!(step_of_code(SECRET, b"000000", 0, NOW), None);
    }

    #[test]
    fn a_secret_is_shown_in_base32() {
        assert_eq!(shown(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(shown(&[0xff; SECRET_BYTES]), "7".repeat(32));
    }
}
