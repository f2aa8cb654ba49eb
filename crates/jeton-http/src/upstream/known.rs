//! What is known of each provider: its metadata and its keys. Fetched when somebody comes, kept for an hour, and asked for no more often than
//! it helps: strangers can begin as often as they like, and write any `kid`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::id::ProviderId;
use jeton_core::provider::Provider;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{Jwk, JwkSet, VerifyingKey, VerifyingKeys};

use super::endpoint::Endpoint;
use super::fetch::{Fetcher, NoAnswer};
use super::metadata::Metadata;

/// How long what was fetched counts, in seconds.
const FRESH_SECONDS: i64 = 3_600;
/// How long after a try there is another, in seconds.
const RETRY_SECONDS: i64 = 5;
/// How long after a fetch of keys an unknown one has them fetched again, in seconds.
const UNKNOWN_KEY_SECONDS: i64 = 60;
/// What a key without an algorithm of its own signs by, of the kind that it is.
const USUAL: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

/// What is known of a provider.
pub(crate) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: VerifyingKeys,
}

/// What is known of providers in this process, and how they are asked.
#[derive(Default)]
pub(crate) struct Upstream {
    pub(super) fetcher: Fetcher,
    all: Mutex<HashMap<ProviderId, Arc<tokio::sync::Mutex<Kept>>>>,
}

/// What is kept of one, and when it was asked for.
#[derive(Default)]
struct Kept {
    known: Option<(Arc<Known>, i64)>,
    tried_at: Option<i64>,
    keys_at: i64,
}

impl Upstream {
    /// What is known of a provider now. Whoever waits for a fetch shares it.
    ///
    /// # Errors
    /// It does not answer, or with nothing that can be used; it is asked again five seconds later.
    pub(crate) async fn known(&self, provider: &Provider, now: i64) -> Result<Arc<Known>, NoAnswer> {
        let kept = self.kept(provider);
        let mut kept = kept.lock().await;
        if let Some((known, fetched_at)) = &kept.known
            && (*fetched_at..*fetched_at + FRESH_SECONDS).contains(&now)
        {
            return Ok(known.clone());
        }
        if kept.tried_at.is_some_and(|tried_at| (tried_at..tried_at + RETRY_SECONDS).contains(&now)) {
            return Err(NoAnswer::because("it was asked a moment ago"));
        }
        kept.tried_at = Some(now);
        let at = Endpoint::parse(&provider.issuer.endpoint("/.well-known/openid-configuration"), &provider.issuer);
        let document = self.fetcher.get(&at.ok_or(NoAnswer::because("its issuer is no address"))?, None).await?;
        let metadata = Metadata::parse(&document, &provider.issuer)?;
        let keys = self.keys(&metadata).await?;
        let known = Arc::new(Known { metadata, keys });
        (kept.known, kept.keys_at) = (Some((known.clone(), now)), now);
        Ok(known)
    }

    /// The same because of a key that is not among them, unless they were fetched a moment ago.
    pub(super) async fn known_anew(&self, provider: &Provider, now: i64) -> Result<Arc<Known>, NoAnswer> {
        let kept = self.kept(provider);
        let mut kept = kept.lock().await;
        if (kept.keys_at..kept.keys_at + UNKNOWN_KEY_SECONDS).contains(&now) {
            return Err(NoAnswer::because("its token is signed by a key that it does not publish"));
        }
        (kept.keys_at, kept.known) = (now, None);
        kept.tried_at = None;
        drop(kept);
        self.known(provider, now).await
    }

    fn kept(&self, provider: &Provider) -> Arc<tokio::sync::Mutex<Kept>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).entry(provider.id.clone()).or_default().clone()
    }

    async fn keys(&self, metadata: &Metadata) -> Result<VerifyingKeys, NoAnswer> {
        let set =
            JwkSet::parse(&self.fetcher.get(&metadata.keys, None).await?).map_err(|_| NoAnswer::because("its keys are no set of keys"))?;
        // Public keys alone are in a set: a token that is signed by a shared secret is signed by none of them.
        let keys = set.keys().iter().filter_map(usable).collect();
        VerifyingKeys::new(keys).map_err(|_| NoAnswer::because("its keys cannot be told from each other"))
    }
}

fn usable(jwk: &Jwk) -> Option<VerifyingKey> {
    let named = VerifyingKey::from_jwk(jwk, None).ok();
    named.or_else(|| USUAL.iter().find_map(|algorithm| VerifyingKey::from_jwk(jwk, Some(*algorithm)).ok()))
}
