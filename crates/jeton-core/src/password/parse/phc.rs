//! PHC strings, `$argon2id$v=19$m=65536,t=4,p=1$SALT$HASH`, and what passlib writes much like them.

use zeroize::Zeroizing;

use super::text::{base64, number, parts};
use crate::password::cost::Cost;
use crate::password::hash::{Argon2, Digest, Hash, How, Made};

pub(super) fn parse(text: &str) -> Option<Hash> {
    let rest = text.strip_prefix('$')?;
    let (name, rest) = rest.split_once('$')?;
    match name {
        "argon2i" | "argon2id" => {
            let ["v=19", cost, salt, hash] = parts(rest, '$')? else { return None };
            let variant = if name == "argon2i" { Argon2::I } else { Argon2::Id };
            made(How::Argon2 { variant, cost: Cost::read(cost)?, salt: base64(salt)? }, hash)
        }
        "scrypt" => {
            let [about, salt, hash] = parts(rest, '$')?;
            let [log_n, r, p] = parts(about, ',')?;
            let (log_n, r, p) = (log_n.strip_prefix("ln=")?, r.strip_prefix("r=")?, p.strip_prefix("p=")?);
            made(How::Scrypt { log_n: number(log_n)?, r: number(r)?, p: number(p)?, salt: base64(salt)? }, hash)
        }
        name => {
            let digest = match name {
                "pbkdf2" => Digest::Sha1,
                "pbkdf2-sha256" => Digest::Sha256,
                "pbkdf2-sha512" => Digest::Sha512,
                _ => return None,
            };
            let [about, salt, hash] = parts(rest, '$')?;
            // `i=600000`, with or without the length; passlib writes the number alone.
            let mut named = about.split(',');
            let rounds = named.next()?;
            let length = named.next();
            let hash =
                made(How::Pbkdf2 { digest, rounds: number(rounds.strip_prefix("i=").unwrap_or(rounds))?, salt: base64(salt)? }, hash)?;
            let is_so_long = |length: &str| length.strip_prefix("l=").and_then(number::<usize>) == Some(hash.hash.0.len());
            (length.is_none_or(is_so_long) && named.next().is_none()).then_some(hash)
        }
    }
}

fn made(how: How, hash: &str) -> Option<Hash> {
    Some(Hash { how, hash: Made(Zeroizing::new(base64(hash)?)) })
}
