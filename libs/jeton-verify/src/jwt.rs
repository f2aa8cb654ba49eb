//! Checking JWTs, and remembering those that passed.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jeton_jose::TokenError;
use jeton_jose::jws::Verified;
use jeton_jose::jwt::{AccessTokenClaims, Validation};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::keys::Keys;
use crate::negatives::{Judgement, Negatives};
use crate::refused::Refused;
use crate::token::VerifiedToken;

/// The version of claims that is understood here.
pub(crate) const VERSION: u32 = 1;

/// Checks the JWTs of one issuer for one audience.
pub(crate) struct JwtCheck {
    validation: Validation,
    /// The issuer's name, for all tokens that are remembered.
    issuer: Arc<str>,
    audience: String,
    seen: Memory<Seen>,
}

#[derive(Clone)]
struct Seen {
    token: VerifiedToken,
    /// The key set it was checked against.
    generation: u64,
}

impl JwtCheck {
    pub(crate) fn new(issuer: &str, audience: &str, leeway_seconds: u32, remembered: usize) -> Self {
        let validation = Validation { leeway_seconds, sole_audience: true, ..Validation::access_token(issuer, audience) };
        Self { validation, issuer: issuer.into(), audience: audience.to_owned(), seen: memory(remembered) }
    }

    /// Checks everything that can be checked here: form, signature, claims, and the negatives, also for a token that was seen before.
    pub(crate) fn check(&self, text: &str, keys: &Keys, negatives: &Negatives, now_seconds: i64) -> Result<VerifiedToken, Rejected> {
        let digest = Digest::of(text);
        let seen = self.seen.get(&digest).filter(|seen| seen.generation == keys.generation());
        if let Some(Seen { token, .. }) = seen {
            if let Err(error) = self.validation.check_times(token.times(), now_seconds) {
                return Err(Rejected::of(Refused::Token(error), token));
            }
            return self.judged(token, negatives, now_seconds);
        }
        let verified = self.validation.check_signature(text, keys.verifying()).map_err(Refused::Token)?;
        let token = self.judged(self.read(&verified, now_seconds)?, negatives, now_seconds)?;
        self.seen.insert(digest, Seen { token: token.clone(), generation: keys.generation() });
        Ok(token)
    }

    /// Judges a token by the negatives.
    pub(crate) fn judge(&self, token: &VerifiedToken, negatives: &Negatives, now_seconds: i64) -> Result<(), Refused> {
        match negatives.judge(&token.described(&self.audience), now_seconds) {
            Judgement::Accepted => Ok(()),
            judgement => Err(Refused::Negative(judgement)),
        }
    }

    /// The token, unless the negatives speak against it.
    pub(crate) fn judged(&self, token: VerifiedToken, negatives: &Negatives, now_seconds: i64) -> Result<VerifiedToken, Rejected> {
        match self.judge(&token, negatives, now_seconds) {
            Ok(()) => Ok(token),
            Err(refused) => Err(Rejected::of(refused, token)),
        }
    }

    /// Judges claims that did not come in a JWT by the same rules.
    pub(crate) fn check_claims(&self, claims: &AccessTokenClaims, now_seconds: i64) -> Result<(), Refused> {
        self.validation.check_access_claims(claims, now_seconds).map_err(Refused::Token)
    }

    #[cfg(feature = "network")]
    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    #[cfg(feature = "network")]
    pub(crate) fn issuer(&self) -> &Arc<str> {
        &self.issuer
    }

    #[cfg(feature = "network")]
    pub(crate) fn leeway_seconds(&self) -> i64 {
        i64::from(self.validation.leeway_seconds)
    }

    fn read(&self, verified: &Verified<'_>, now_seconds: i64) -> Result<VerifiedToken, Rejected> {
        let claims = AccessTokenClaims::parse(&verified.payload).map_err(Refused::Token)?;
        // Of a token whose time is over everything else was checked before: it is known whose it was.
        let expired = match self.check_claims(&claims, now_seconds) {
            Ok(()) => None,
            Err(Refused::Token(TokenError::Expired)) => Some(Refused::Token(TokenError::Expired)),
            Err(refused) => return Err(refused.into()),
        };
        if claims.version != Some(VERSION) {
            return Err(Refused::Version.into());
        }
        let token = VerifiedToken::new(claims, &self.issuer, verified.key.shared_key_id())?;
        match expired {
            None => Ok(token),
            Some(refused) => Err(Rejected::of(refused, token)),
        }
    }
}

/// Why a token was refused, and the token where it is known to be genuine.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) refused: Refused,
    /// For counting alone.
    #[cfg_attr(not(feature = "network"), expect(dead_code, reason = "nobody counts without a server to tell"))]
    pub(crate) token: Option<VerifiedToken>,
}

impl Rejected {
    pub(crate) fn of(refused: Refused, token: VerifiedToken) -> Self {
        Self { refused, token: Some(token) }
    }
}

impl From<Refused> for Rejected {
    fn from(refused: Refused) -> Self {
        Self { refused, token: None }
    }
}

/// Whether text is to be read as a JWT: three parts with two dots between them. Anything else is opaque.
#[cfg(feature = "network")]
pub(crate) fn is_jwt(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// A bounded memory, by the digest of a token's text: the text itself is not kept.
pub(crate) type Memory<V> = Cache<Digest, V, UnitWeighter, BuildHasherDefault<FirstBytes>, DefaultLifecycle<Digest, V>>;

/// A memory of at most so many.
pub(crate) fn memory<V: Clone>(items: usize) -> Memory<V> {
    let (items, weight) = (items.max(1), items.max(1) as u64);
    match OptionsBuilder::new().estimated_items_capacity(items).weight_capacity(weight).build() {
        Ok(options) => Cache::with_options(options, UnitWeighter, BuildHasherDefault::default(), DefaultLifecycle::default()),
        Err(_) => Cache::with(items, weight, UnitWeighter, BuildHasherDefault::default(), DefaultLifecycle::default()),
    }
}

/// SHA-256 of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        Self(digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap_or_default())
    }
}

#[cfg(feature = "network")]
impl Digest {
    /// Its first half: an id for what has none.
    pub(crate) fn first_bytes(&self) -> [u8; 16] {
        let [bytes @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.0;
        bytes
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// A digest is as even as any hash of it would be: its first bytes are taken as they are.
#[derive(Default)]
pub(crate) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
