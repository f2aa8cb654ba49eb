//! Passwords of a world: nobody waits for them.

use std::future::ready;

use jeton_service::passwords::{Hashing, PasswordHashing};
use jeton_token::Secret;
use zeroize::Zeroizing;

/// Hashes passwords at once, and badly.
pub(super) struct AtOnce;

impl PasswordHashing for AtOnce {
    fn make(&self, password: Secret, salt: [u8; 16]) -> Hashing<String> {
        Box::pin(ready(Some(hashed(&password, &hexadecimal(&salt)))))
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>) -> Hashing<bool> {
        let is_it = hash.is_some_and(|hash| *hash == hashed(&password, hash.split('$').nth(2).unwrap_or_default()));
        Box::pin(ready(Some(is_it)))
    }

    fn is_known(&self, password: &str) -> std::io::Result<bool> {
        Ok(password == "password1")
    }
}

fn hashed(password: &Secret, salt: &str) -> String {
    let digits: u64 = password.expose().bytes().fold(7, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte));
    format!("$test${salt}${digits:x}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
