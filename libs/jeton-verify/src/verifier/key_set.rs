//! The key set: fetched, refreshed, and never more often than it helps.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use http::{Method, StatusCode};
use jeton_jose::jwk::JwkSet;
use tokio::sync::{Mutex, Notify};

use crate::clock::{Clock, Reading};
use crate::feed::Knowledge;
use crate::keys::Keys;
use crate::verifier::http::Http;

/// Where a server has its set, below its URL.
pub(crate) const PATH: &str = "/.well-known/jwks.json";
const LIMIT_BYTES: usize = 256 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Strangers can write any `kid`: they cause a fetch no more often than this.
const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(10);
const MAX_AGE: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(24 * 3600)];

/// The issuer's keys as they are known.
pub(crate) struct KeySet {
    path: String,
    current: ArcSwap<Keys>,
    fetching: Mutex<Fetching>,
    wanted: Notify,
}

struct Fetching {
    entity_tag: Option<String>,
    last_attempt: Option<Reading>,
    max_age: Duration,
    generation: u64,
}

/// What a fetch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// There are other keys now.
    Changed,
    /// The keys are the same, or it was too soon to ask again.
    Same,
    /// No usable set came; the known keys stay.
    Failed,
}

impl KeySet {
    /// No keys yet, or keys that were given; fetched at this path.
    pub(crate) fn new(first: Keys, path: impl Into<String>) -> Self {
        let fetching = Fetching { entity_tag: None, last_attempt: None, max_age: Duration::ZERO, generation: 1 };
        Self { path: path.into(), current: ArcSwap::from_pointee(first), fetching: Mutex::new(fetching), wanted: Notify::new() }
    }

    pub(crate) fn load(&self) -> Guard<Arc<Keys>> {
        self.current.load()
    }

    /// Fetches the set now.
    pub(crate) async fn fetch(&self, http: &Http, knowledge: &Knowledge, clock: &dyn Clock) -> Fetched {
        let mut fetching = self.fetching.lock().await;
        self.fetch_held(&mut fetching, http, knowledge, clock).await
    }

    /// Fetches the set because of a key that is not known, unless that was done a moment ago. Whoever waits for a fetch shares it.
    pub(crate) async fn fetch_for_unknown(&self, http: &Http, knowledge: &Knowledge, clock: &dyn Clock) -> Fetched {
        let before = self.load().generation();
        let mut fetching = self.fetching.lock().await;
        if self.load().generation() != before {
            return Fetched::Changed;
        }
        if fetching.last_attempt.is_some_and(|last| clock.now().since(&last) < UNKNOWN_KEY_EVERY) {
            return Fetched::Same;
        }
        self.fetch_held(&mut fetching, http, knowledge, clock).await
    }

    /// Asks the background to fetch the set.
    pub(crate) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until the set should be fetched again.
    pub(crate) async fn due(&self) {
        let max_age = self.fetching.lock().await.max_age.max(Duration::from_secs(1));
        // Either outcome means the same.
        drop(tokio::time::timeout(max_age, self.wanted.notified()).await);
    }

    /// Drops keys that are revoked. While a fetch is under way that does it; it is not waited for, since revocations are.
    pub(crate) fn drop_revoked(&self, knowledge: &Knowledge) {
        let Ok(mut fetching) = self.fetching.try_lock() else { return };
        if let Some(fewer) = self.load().without(fetching.generation, |key| knowledge.negatives().is_key_revoked(key)) {
            fetching.generation += 1;
            fetching.entity_tag = None;
            self.current.store(Arc::new(fewer));
        }
    }

    async fn fetch_held(&self, fetching: &mut Fetching, http: &Http, knowledge: &Knowledge, clock: &dyn Clock) -> Fetched {
        fetching.last_attempt = Some(clock.now());
        // Where the set cannot be had, it is tried again soon.
        fetching.max_age = fetching.max_age.min(Duration::from_secs(10));
        let conditional = fetching.entity_tag.as_deref().map(|tag| (IF_NONE_MATCH, tag));
        let Ok(request) = http.request(Method::GET, &self.path, conditional.as_slice(), Bytes::new()) else { return Fetched::Failed };
        let Ok(answer) = http.fetch(request, LIMIT_BYTES, TIMEOUT).await else { return Fetched::Failed };
        let max_age = max_age(&answer.headers);
        if answer.status == StatusCode::NOT_MODIFIED && conditional.is_some() {
            fetching.max_age = max_age;
            return Fetched::Same;
        }
        if answer.status != StatusCode::OK {
            return Fetched::Failed;
        }
        let revoked = |key: &str| knowledge.negatives().is_key_revoked(key);
        let Ok(set) = JwkSet::parse(&answer.body) else { return Fetched::Failed };
        let Ok(keys) = Keys::new(set, fetching.generation, revoked) else { return Fetched::Failed };
        if keys.verifying().keys().is_empty() {
            return Fetched::Failed;
        }
        fetching.max_age = max_age;
        fetching.entity_tag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        if keys.is_same(&self.load()) {
            return Fetched::Same;
        }
        fetching.generation += 1;
        self.current.store(Arc::new(keys));
        Fetched::Changed
    }
}

/// For how long a set may be used before it is asked for again.
fn max_age(headers: &HeaderMap) -> Duration {
    let [least, usual, most] = MAX_AGE;
    let told =
        headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).find_map(
            |directive| directive.trim().strip_prefix("max-age=").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
        );
    told.map_or(usual, |told| told.clamp(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_heard_within_reason() {
        fn check(value: &str, expected_seconds: u64) {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, value.parse().unwrap());
            assert_eq!(max_age(&headers), Duration::from_secs(expected_seconds), "{value}");
        }
        check("public, max-age=900", 900);
        check("max-age=0", 60);
        check("max-age=99999999999", 86_400);
        check("no-store", 300);
        check("max-age=x", 300);
        assert_eq!(max_age(&HeaderMap::new()), Duration::from_secs(300));
    }
}
