//! `$2b$12$SALTandHASH`.

use zeroize::Zeroizing;

use super::text::{bcrypt_base64, number, parts};
use crate::password::hash::{Hash, How, Made};

const SALT_LETTERS: usize = 22;
const HASH_LETTERS: usize = 31;

pub(super) fn parse(text: &str, of_digest: bool) -> Option<Hash> {
    let ["", "2a" | "2b" | "2y", cost, rest] = parts(text, '$')? else { return None };
    let digits = cost.strip_prefix('0').unwrap_or(cost);
    if cost.len() != 2 || rest.len() != SALT_LETTERS + HASH_LETTERS {
        return None;
    }
    let (salt, hash) = rest.split_at_checked(SALT_LETTERS)?;
    let salt = bcrypt_base64(salt)?.try_into().ok()?;
    Some(Hash { how: How::Bcrypt { of_digest, cost: number(digits)?, salt }, hash: Made(Zeroizing::new(bcrypt_base64(hash)?)) })
}
