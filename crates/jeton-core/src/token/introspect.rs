//! Whether a token is active, and until when (RFC 7662 section 2.2).

use super::AccessToken;
use crate::api::Api;
use crate::client::Client;

/// When a token really ends, in seconds: as issued, or earlier where its API's lifetime was lowered since.
#[must_use]
pub fn effective_expiry(token: &AccessToken, api: &Api) -> i64 {
    token.expires_at.min(token.issued_at.saturating_add(api.access_token_lifetime_seconds))
}

/// Whether `caller` may learn about a token: the APIs it is for, and who holds it.
#[must_use]
pub fn may_learn(caller: &Client, token: &AccessToken) -> bool {
    caller.may_introspect && (caller.apis.contains(&token.api) || caller.id == token.client)
}
