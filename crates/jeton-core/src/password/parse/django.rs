//! What Django writes: `pbkdf2_sha256$600000$SALT$HASH`, and others behind the name of theirs.

use zeroize::Zeroizing;

use super::text::{number, padded_base64, parts, power_of_two};
use super::{bcrypt, phc};
use crate::password::hash::{Digest, Hash, How, Made};

pub(super) fn parse(text: &str) -> Option<Hash> {
    let (name, rest) = text.split_once('$')?;
    match name {
        "argon2" => phc::parse(&format!("${rest}")).filter(|hash| matches!(hash.how, How::Argon2 { .. })),
        "bcrypt" => bcrypt::parse(rest, false),
        "bcrypt_sha256" => bcrypt::parse(rest, true),
        "scrypt" => {
            let [n, salt, r, p, hash] = parts(rest, '$')?;
            let how = How::Scrypt { log_n: power_of_two(number(n)?)?, r: number(r)?, p: number(p)?, salt: salt.as_bytes().to_vec() };
            made(how, hash)
        }
        "pbkdf2_sha1" | "pbkdf2_sha256" => {
            let [rounds, salt, hash] = parts(rest, '$')?;
            let digest = if name == "pbkdf2_sha1" { Digest::Sha1 } else { Digest::Sha256 };
            made(How::Pbkdf2 { digest, rounds: number(rounds)?, salt: salt.as_bytes().to_vec() }, hash)
        }
        _ => None,
    }
}

fn made(how: How, hash: &str) -> Option<Hash> {
    Some(Hash { how, hash: Made(Zeroizing::new(padded_base64(hash)?)) })
}
