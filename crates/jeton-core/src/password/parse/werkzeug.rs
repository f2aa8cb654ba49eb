//! What Werkzeug, and Flask with it, writes: `scrypt:32768:8:1$SALT$HASH` and `pbkdf2:sha256:600000$SALT$HASH`.

use zeroize::Zeroizing;

use super::text::{hexadecimal, number, parts, power_of_two};
use crate::password::hash::{Digest, Hash, How, Made};

pub(super) fn parse(text: &str) -> Option<Hash> {
    let [method, salt, hash] = parts(text, '$')?;
    let salt = salt.as_bytes().to_vec();
    let (name, about) = method.split_once(':')?;
    let how = match name {
        "scrypt" => {
            let [n, r, p] = parts(about, ':')?;
            How::Scrypt { log_n: power_of_two(number(n)?)?, r: number(r)?, p: number(p)?, salt }
        }
        "pbkdf2" => {
            let [digest, rounds] = parts(about, ':')?;
            let digest = match digest {
                "sha1" => Digest::Sha1,
                "sha256" => Digest::Sha256,
                "sha512" => Digest::Sha512,
                _ => return None,
            };
            How::Pbkdf2 { digest, rounds: number(rounds)?, salt }
        }
        _ => return None,
    };
    Some(Hash { how, hash: Made(Zeroizing::new(hexadecimal(hash)?)) })
}
