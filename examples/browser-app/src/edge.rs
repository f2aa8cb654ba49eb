//! The one clock and the one source of chance.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SecureRandom as _;
use jeton_token::Secret;

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place where this program reads the clock")]
pub(crate) fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Thirty-two bytes that nobody guesses.
#[expect(clippy::disallowed_types, reason = "the one place where this program throws dice")]
pub(crate) fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    if aws_lc_rs::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        // Without chance everybody could be guessed: there is no way to go on.
        std::process::abort();
    }
    bytes
}

/// The same as text that may stand in an address, a cookie and a form.
pub(crate) fn random() -> Secret {
    Secret::new(jeton_jose::base64url::encode(&random_bytes()))
}
