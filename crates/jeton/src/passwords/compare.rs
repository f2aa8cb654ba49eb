//! Comparing a password with a hash that others made.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::pbkdf2;
use jeton_core::password::hash::{Digest, How, Made};
use zeroize::Zeroizing;

/// How much of a password bcrypt looks at, in bytes, with the zero behind it.
const BCRYPT_BYTES: usize = 72;

/// Whether a password, made so, gives that. `None`: this is not how it is made here, or the work was refused.
pub(super) fn is_of_others(password: &str, how: &How, made: &Made) -> Option<bool> {
    let mut given = Zeroizing::new(vec![0; made.0.len()]);
    match how {
        How::Argon2 { .. } => return None,
        How::Bcrypt { of_digest, cost, salt } => {
            let text = if *of_digest { hexadecimal_of_digest(password) } else { Zeroizing::new(password.to_owned()) };
            let mut key = Zeroizing::new(text.as_bytes().to_vec());
            key.push(0);
            key.truncate(BCRYPT_BYTES);
            let hash = Zeroizing::new(bcrypt::bcrypt(*cost, *salt, &key));
            given.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
        }
        How::Scrypt { log_n, r, p, salt } => {
            let params = scrypt::Params::new(*log_n, *r, *p, given.len()).ok()?;
            scrypt::scrypt(password.as_bytes(), salt, &params, &mut given).ok()?;
        }
        How::Pbkdf2 { digest, rounds, salt } => {
            let algorithm = match digest {
                Digest::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
                Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            };
            pbkdf2::derive(algorithm, NonZeroU32::new(*rounds)?, salt, password.as_bytes(), &mut given);
        }
    }
    Some(verify_slices_are_equal(&given, &made.0).is_ok())
}

/// What Django hands to bcrypt, which looks at 72 bytes alone.
fn hexadecimal_of_digest(password: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in digest(&SHA256, password.as_bytes()).as_ref() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
