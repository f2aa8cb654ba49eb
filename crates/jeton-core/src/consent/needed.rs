//! What a person must still be asked.

use std::collections::BTreeMap;

use super::{Consent, Of};
use crate::grant::scopes::{IdentityScope, IdentityScopes, ScopesByApi};
use crate::id::ApiId;

/// What nobody said yet; empty: nothing need be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewConsent {
    /// Scopes of APIs.
    pub scopes: ScopesByApi,
    /// APIs of which tokens are asked for that were not granted before.
    pub apis: Vec<ApiId>,
    /// What the client may know of the person.
    pub identity: IdentityScopes,
}

impl NewConsent {
    /// Whether nothing need be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.apis.is_empty() && self.identity.is_empty()
    }
}

/// What of this was not consented to, or is consented to no longer. Whoever is asked again (`prompt=consent`) hands in no consent.
#[must_use]
pub fn needed(scopes: &ScopesByApi, identity: IdentityScopes, held: &[Consent], now_seconds: i64) -> NewConsent {
    let said = |of: &Of| held.iter().find(|consent| consent.of == *of && now_seconds < consent.expires_at);
    let (mut missing, mut apis) = (BTreeMap::new(), Vec::new());
    for (api, wanted) in scopes.iter() {
        let new = match said(&Of::Api(api.clone())) {
            Some(consent) => wanted.difference(&consent.scopes),
            None => wanted.clone(),
        };
        if said(&Of::Api(api.clone())).is_none() || !new.is_empty() {
            apis.push(api.clone());
            missing.insert(api.clone(), new);
        }
    }
    let known: IdentityScopes =
        said(&Of::Identity).into_iter().flat_map(|consent| consent.scopes.iter()).filter_map(IdentityScope::from_name).collect();
    NewConsent { scopes: ScopesByApi::new(missing).unwrap_or_default(), apis, identity: identity.difference(known) }
}
