//! A verifier that is handed the feed's bytes: it follows as every verifier does, and opens no connection.

use jeton_jose::KeyError;
use jeton_jose::jwk::JwkSet;
use jeton_oauth::Issuer;
use jeton_oauth::feed::{Cursor, FeedEvent, FeedParser};

use crate::clock::Reading;
use crate::feed::{Fault, Follower, Knowledge};
use crate::jwt::JwtCheck;
use crate::keys::Keys;
use crate::offline::OfflineVerifier;
use crate::refused::Refused;
use crate::staleness::Trust;
use crate::token::VerifiedToken;

/// Checks JWTs of one issuer for one audience by what the bytes of a feed told: for whoever has that feed at hand, such as the server itself.
///
/// How long ago the feed was heard is for whoever hands it on.
pub struct FedVerifier {
    check: JwtCheck,
    keys: Keys,
    follower: Follower,
    knowledge: Knowledge,
    parser: FeedParser,
}

/// Why bytes were not taken: a verifier with a connection would close it and open another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHeard {
    /// They are no feed.
    Garbled,
    /// They are one, and cannot be followed.
    Fault(Fault),
}

impl FedVerifier {
    /// Checks with the keys of a JWK set (RFC 7517 section 5), as text, and remembers so many tokens. Before it has heard a snapshot nothing
    /// is accepted.
    ///
    /// # Errors
    /// [`KeyError`]: the text is no such set.
    pub fn new(issuer: &Issuer, audience: &str, jwk_set: &[u8], remembered: usize) -> Result<Self, KeyError> {
        let keys = Keys::new(JwkSet::parse(jwk_set)?, 0, |_| false)?;
        let check = JwtCheck::new(issuer.as_str(), audience, OfflineVerifier::LEEWAY_SECONDS, remembered);
        let follower = Follower::new(issuer.clone(), i64::MAX);
        Ok(Self { check, keys, follower, knowledge: Knowledge::default(), parser: FeedParser::new() })
    }

    /// Takes the next bytes of the feed.
    ///
    /// # Errors
    /// [`NotHeard`]; nothing is accepted from then on.
    pub fn hear(&mut self, bytes: &[u8], now: &Reading) -> Result<(), NotHeard> {
        let mut events: Vec<FeedEvent> = Vec::new();
        let parsed = self.parser.feed(bytes, &mut events);
        for event in &events {
            let news = self.follower.take(event, self.keys.verifying(), &self.knowledge, now).map_err(NotHeard::Fault)?;
            if news.key_revoked {
                let (negatives, generation) = (self.knowledge.negatives(), self.keys.generation() + 1);
                if let Some(left) = self.keys.without(generation, |key| negatives.is_key_revoked(key)) {
                    self.keys = left;
                }
            }
        }
        parsed.map_err(|_| {
            self.follower.garbled(&self.knowledge);
            NotHeard::Garbled
        })
    }

    /// Up to where it has heard; `None`: no snapshot yet, or it needs another.
    #[must_use]
    pub fn heard(&self) -> Option<&Cursor> {
        self.follower.last_event_id()
    }

    /// Checks a JWT at `now_seconds`, seconds since 1970.
    ///
    /// # Errors
    /// [`Refused`] says why it is not accepted.
    pub fn check(&self, token: &str, now_seconds: i64) -> Result<VerifiedToken, Refused> {
        if self.heard().is_none() || self.knowledge.trust() != Trust::Sound {
            return Err(Refused::Unavailable);
        }
        self.check.check(token, &self.keys, &self.knowledge.negatives(), now_seconds).map_err(|rejected| rejected.refused)
    }
}
