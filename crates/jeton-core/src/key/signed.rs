//! Which keys can have signed a token of which only its row is known.

use jeton_jose::Algorithm;

use super::{Purpose, SigningKeyRecord};
use crate::token::cut_off::DATED_AHEAD_SECONDS;

/// How long after the time of its issue a token may be signed, in seconds: its commit waits for the disk first.
const SIGNED_WITHIN_SECONDS: i64 = 5;

/// The keys that can have signed a token with this `iat`: those that were signing then. One, but for a moment around a rotation, and after
/// a clock that was taken back: what began to sign later than now may have signed anything. `None` as algorithm stands for every one: the
/// API's may have changed since.
pub fn can_have_signed<'a>(
    keys: &[&'a SigningKeyRecord],
    algorithm: Option<Algorithm>,
    issued_at: i64,
    now_seconds: i64,
) -> Vec<&'a SigningKeyRecord> {
    let begins = |key: &SigningKeyRecord| key.activated_at.filter(|_| key.purpose == Purpose::Token);
    let was_signing = |key: &SigningKeyRecord| {
        let Some(from) = begins(key) else { return false };
        // A key signs until the next one of its algorithm does.
        let others = keys.iter().filter(|other| other.algorithm == key.algorithm);
        let until = others.filter_map(|other| begins(other)).filter(|begin| *begin > from).min().unwrap_or(i64::MAX);
        let has_begun = from <= issued_at.saturating_add(SIGNED_WITHIN_SECONDS) || from > now_seconds;
        has_begun && issued_at.saturating_sub(DATED_AHEAD_SECONDS) <= until
    };
    let is_of_it = |key: &&&SigningKeyRecord| algorithm.is_none_or(|algorithm| algorithm == key.algorithm);
    keys.iter().filter(is_of_it).filter(|key| was_signing(key)).copied().collect()
}
