//! What makes a well-formed key unfit for use.

use crate::algorithm::Algorithm;
use crate::error::KeyError;

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

/// Takes RSA keys of 2048 to 8192 bits with an odd exponent from 65537 to 2^32 (RFC 7518 section 3.3; NIST SP 800-56B for the exponent).
pub(crate) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let bits = bit_length(modulus);
    if bits < MIN_RSA_BITS {
        return Err(KeyError::Weak);
    }
    if bits > MAX_RSA_BITS {
        return Err(KeyError::TooLarge);
    }
    if !is_odd(modulus) || !is_odd(exponent) || exponent.len() > 4 {
        return Err(KeyError::BadExponent);
    }
    let value = exponent.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    if value < 65537 {
        return Err(KeyError::BadExponent);
    }
    if looks_like_roca(modulus) {
        return Err(KeyError::Weak);
    }
    Ok(())
}

/// Takes secrets at least as long as the hash (RFC 7518 section 3.2).
pub(crate) fn check_hmac(secret: &[u8], algorithm: Algorithm) -> Result<(), KeyError> {
    if secret.len() < algorithm.hash_length() {
        return Err(KeyError::Weak);
    }
    Ok(())
}

/// Takes Ed25519 points in canonical form (RFC 8032 section 5.1.3) and not of small order: with a point of small order anybody can make signatures that many messages share.
pub(crate) fn check_ed25519(point: &[u8; 32]) -> Result<(), KeyError> {
    let mut height = *point;
    if let Some(top) = height.last_mut() {
        *top &= 0x7f;
    }
    if SMALL_ORDER.contains(&height) {
        return Err(KeyError::Weak);
    }
    // The field prime 2^255 - 19 is ed ff … ff 7f in little-endian: a y that is not below it has a second spelling.
    let [lowest, middle @ .., highest] = height;
    if lowest >= 0xed && middle.iter().all(|byte| *byte == 0xff) && highest == 0x7f {
        return Err(KeyError::Inconsistent);
    }
    Ok(())
}

/// The y coordinates of the eight points whose order divides 8, sign bit cleared.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
        0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
        0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

fn bit_length(number: &[u8]) -> usize {
    match number {
        [] => 0,
        [first, ..] => number.len() * 8 - first.leading_zeros() as usize,
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte % 2 == 1)
}

/// Recognises moduli made by the flawed generator of CVE-2017-15361 ("ROCA"): modulo every small prime they are a power of 65537, which happens to an honest modulus about once in 2^100.
fn looks_like_roca(modulus: &[u8]) -> bool {
    (3..=167_u32).filter(|candidate| is_prime(*candidate)).all(|prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn is_prime(candidate: u32) -> bool {
    (2..candidate).take_while(|divisor| divisor * divisor <= candidate).all(|divisor| !candidate.is_multiple_of(divisor))
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |rest, byte| ((rest << 8) | u32::from(*byte)) % divisor)
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let mut power = 1 % prime;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power * (65537 % prime) % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_of_powers_is_recognised() {
        // 65537^k for any k is a power of 65537 modulo everything; an honest modulus is not.
        let mut power = vec![1_u8];
        for _ in 0..130 {
            let mut carry = 0_u32;
            let mut next: Vec<u8> = Vec::new();
            for byte in power.iter().rev() {
                let value = u32::from(*byte) * 65537 + carry;
                next.push((value & 0xff) as u8);
                carry = value >> 8;
            }
            while carry > 0 {
                next.push((carry & 0xff) as u8);
                carry >>= 8;
            }
            next.reverse();
            power = next;
        }
        assert_eq!(check_rsa(&power, &[1, 0, 1]), Err(KeyError::Weak));
        let last = power.len() - 1;
        power[last] ^= 2;
        assert_eq!(check_rsa(&power, &[1, 0, 1]), Ok(()));
    }

    #[test]
    fn sizes_and_exponents() {
        let modulus = |bytes: usize| {
            let mut modulus = vec![0xc1_u8; bytes];
            modulus[bytes / 2] = 7;
            modulus
        };
        for (modulus, exponent, expected) in [
            (modulus(256), &[1, 0, 1][..], Ok(())),
            (modulus(255), &[1, 0, 1], Err(KeyError::Weak)),
            ([vec![0x7f], modulus(255)].concat(), &[1, 0, 1], Err(KeyError::Weak)),
            (modulus(1024), &[1, 0, 1], Ok(())),
            (modulus(1025), &[1, 0, 1], Err(KeyError::TooLarge)),
            (modulus(256), &[1], Err(KeyError::BadExponent)),
            (modulus(256), &[3], Err(KeyError::BadExponent)),
            (modulus(256), &[1, 0, 0], Err(KeyError::BadExponent)),
            (modulus(256), &[1, 0, 0, 0, 1], Err(KeyError::BadExponent)),
            ([modulus(255), vec![2]].concat(), &[1, 0, 1], Err(KeyError::BadExponent)),
        ] {
            assert_eq!(check_rsa(&modulus, exponent), expected, "{exponent:?}");
        }
    }

    #[test]
    fn points_of_small_order_and_second_spellings() {
        for height in SMALL_ORDER {
            let mut negative = height;
            negative[31] |= 0x80;
            assert_eq!(check_ed25519(&height), Err(KeyError::Weak));
            assert_eq!(check_ed25519(&negative), Err(KeyError::Weak));
        }
        for low in 0xed..=0xff_u8 {
            let mut height = [0xff; 32];
            height[0] = low;
            assert_eq!(check_ed25519(&height), Err(KeyError::Inconsistent));
            height[31] = 0x7f;
            assert_eq!(check_ed25519(&height), Err(KeyError::Inconsistent));
        }
        let base_point = [&[0x58_u8][..], &[0x66; 31]].concat();
        assert_eq!(check_ed25519(&base_point.try_into().unwrap()), Ok(()));
    }
}
