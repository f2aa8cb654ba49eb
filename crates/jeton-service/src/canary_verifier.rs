//! A verifier for one canary: it begins with a snapshot, follows the server's feed by its bytes and checks a signed token, as the verifier in an
//! API does. It lives as long as the canary, so that nothing of it waits or grows meanwhile.

use std::time::Duration;

use jeton_core::canary::{LIFETIME_SECONDS, client};
use jeton_core::id::CredentialId;
use jeton_core::moment::Time;
use jeton_jose::jwt::{AccessTokenClaims, Audience};
use jeton_verify::Refused;
use jeton_verify::clock::Reading;
use jeton_verify::fed::{FedVerifier, NotHeard};

use crate::feed::{Feed, Next};
use crate::issue::CLAIMS_VERSION;
use crate::service::Service;

/// A verifier, and the token that it is asked about.
pub(crate) struct CanaryVerifier {
    verifier: FedVerifier,
    text: String,
}

impl Service {
    /// A verifier that is up to date, of an audience that is nobody's: of single tokens it hears of the canary alone.
    pub(crate) fn canary_verifier(&self, token: CredentialId, now: Time) -> Result<CanaryVerifier, String> {
        let keys = self.registry.keys();
        let signs = keys.algorithms().next().and_then(|algorithm| keys.signer(algorithm)).ok_or("no key signs tokens")?;
        let (client, now_seconds) = (client(), now.seconds());
        let claims = AccessTokenClaims {
            issuer: self.issuer.as_str().to_owned(),
            subject: client.as_str().to_owned(),
            audience: Audience::one(client.as_str()),
            client_id: client.as_str().to_owned(),
            issued_at: now_seconds,
            expires_at: now_seconds.saturating_add(LIFETIME_SECONDS),
            not_before: None,
            token_id: token.to_string(),
            scope: None,
            session_id: None,
            grant_id: None,
            authenticated_at: None,
            authentication_class: None,
            authentication_methods: None,
            confirmation: None,
            actor: None,
            version: Some(CLAIMS_VERSION),
            additional: serde_json::Map::new(),
        };
        let text = signs.sign(&claims.to_payload()).map_err(|error| format!("a token was not signed: {error}"))?;
        let verifier = FedVerifier::new(&self.issuer, client.as_str(), keys.published.as_bytes(), 1);
        let mut verifier = verifier.map_err(|error| format!("a verifier cannot read the key set: {error}"))?;
        // What was revoked before says nothing of a token of now: the snapshot need not tell it.
        let next = *self.feed.watch().borrow();
        let snapshot = self.sign_snapshot(next, Vec::new(), now_seconds).map_err(|failure| format!("there is no snapshot: {failure}"))?;
        for event in snapshot.events.iter() {
            verifier.hear(event, &reading(now)).map_err(|fault| format!("a verifier does not take a snapshot: {}", words(fault)))?;
        }
        Ok(CanaryVerifier { verifier, text })
    }
}

impl CanaryVerifier {
    /// Whether the token is accepted.
    pub(crate) fn judge(&self, now: Time) -> Result<(), Refused> {
        self.verifier.check(&self.text, now.seconds()).map(drop)
    }

    /// Hears what the feed has, up to this sequence; `false`: it has not kept all of it.
    pub(crate) fn hear(&mut self, feed: &Feed, sequence: u64, now: Time) -> Result<bool, String> {
        let heard = self.verifier.heard().ok_or("it has heard nothing")?.clone();
        let mut from = heard.sequence.saturating_add(1);
        loop {
            let Next::Events(events, end, _) = feed.next(&heard.incarnation, from, client().as_str()) else { return Ok(false) };
            for event in &events {
                self.verifier.hear(event, &reading(now)).map_err(words)?;
            }
            if end >= sequence || end <= from {
                return Ok(true);
            }
            from = end;
        }
    }
}

/// The clocks of a verifier that has no other.
fn reading(now: Time) -> Reading {
    let since_1970 = Duration::from_micros(now.micros().unsigned_abs());
    Reading { since_1970, uptime: since_1970 }
}

fn words(fault: NotHeard) -> String {
    match fault {
        NotHeard::Garbled => "what was sent is no feed".to_owned(),
        NotHeard::Fault(fault) => fault.to_string(),
    }
}
