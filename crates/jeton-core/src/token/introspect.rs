//! Whether a token is active, and until when (RFC 7662 section 2.2).

use super::AccessToken;
use crate::api::Api;
use crate::client::Client;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;

/// When a token really ends, in seconds: as issued, or earlier where its API's lifetime or a policy's maximum was lowered
/// since.
#[must_use]
pub fn effective_expiry(token: &AccessToken, api: &Api, policies: &Policies) -> i64 {
    let max_seconds = policies.resolve(CredentialKind::AccessToken, Some(&token.api), Some(&token.client)).max_seconds;
    token.expires_at.min(token.issued_at.saturating_add(api.access_token_lifetime_seconds.min(max_seconds)))
}

/// Whether `caller` may learn about a token: the APIs it is for, and who holds it.
#[must_use]
pub fn may_learn(caller: &Client, token: &AccessToken) -> bool {
    caller.may_introspect && (caller.apis.contains(&token.api) || caller.id == token.client)
}
