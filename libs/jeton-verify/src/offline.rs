//! Checking JWTs without any connection.

use jeton_jose::KeyError;
use jeton_jose::jwk::JwkSet;

use crate::jwt::JwtCheck;
use crate::keys::Keys;
use crate::negatives::Negatives;
use crate::refused::Refused;
use crate::token::VerifiedToken;

/// Checks JWTs of one issuer for one audience against a key set and negatives that the caller provides.
///
/// Opaque tokens are refused: only the server knows them. Nothing here learns of revocations by itself: feed
/// [`negatives`](Self::negatives), or use the `network` feature's `Verifier`, which does.
///
/// ```
/// use jeton_verify::{OfflineVerifier, Refused};
///
/// let verifier = OfflineVerifier::new("https://issuer.example", "https://orders.example", br#"{"keys":[]}"#)?;
/// assert!(matches!(verifier.check("a.b.c", 1_800_000_000), Err(Refused::Token(_))));
/// # Ok::<(), jeton_jose::KeyError>(())
/// ```
pub struct OfflineVerifier {
    check: JwtCheck,
    keys: Keys,
    negatives: Negatives,
}

impl OfflineVerifier {
    /// How far clocks may differ unless said otherwise, in seconds.
    pub const LEEWAY_SECONDS: u32 = 5;
    /// How many tokens are remembered unless said otherwise.
    pub const REMEMBERED: usize = 16_384;

    /// Checks with the keys of a JWK set (RFC 7517 section 5), as text.
    ///
    /// # Errors
    /// [`KeyError`]: the text is no such set.
    pub fn new(issuer: &str, audience: &str, jwk_set: &[u8]) -> Result<Self, KeyError> {
        let keys = Keys::new(JwkSet::parse(jwk_set)?, 0, |_| false)?;
        let check = JwtCheck::new(issuer, audience, Self::LEEWAY_SECONDS, Self::REMEMBERED);
        Ok(Self { check, keys, negatives: Negatives::default() })
    }

    /// What speaks against tokens: fold revocations in here.
    #[must_use]
    pub const fn negatives(&self) -> &Negatives {
        &self.negatives
    }

    /// Checks a JWT at `now_seconds`, seconds since 1970.
    ///
    /// # Errors
    /// [`Refused`] says why it is not accepted.
    pub fn check(&self, token: &str, now_seconds: i64) -> Result<VerifiedToken, Refused> {
        self.check.check(token, &self.keys, &self.negatives, now_seconds).map_err(|rejected| rejected.refused)
    }
}
