//! What people let clients do: codes exchanged, refreshed, ended.

pub mod device;
mod end;
mod exchange;
mod introspect;
pub mod list;
pub(crate) mod live_codes;
mod presented;
pub(crate) mod read;
mod refresh;
mod surroundings;

pub(crate) use surroundings::Between;

use std::sync::Arc;

use jeton_core::client::{Client, GrantType};
use jeton_core::grant::Grant;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::AccessToken;
use jeton_token::Secret;

/// Whether a client may use a grant at all, whatever it presents.
pub(crate) fn check_registered(client: &Client, grant: GrantType) -> Result<(), Refusal> {
    if client.grant_types.contains(&grant) {
        return Ok(());
    }
    Err(Refusal::new(Reason::UnauthorizedClient, format!("this client may not use the grant `{}`", grant.name())))
}

/// What a client gets that acts for a person (RFC 6749 section 5.1).
pub struct GrantedTokens {
    /// The access token.
    pub access_token: Secret,
    /// How long it lives, in seconds.
    pub expires_in_seconds: i64,
    /// What it allows.
    pub scope: Arc<str>,
    /// What is kept of it.
    pub token: AccessToken,
    /// With what the client goes on, where it may.
    pub refresh_token: Option<Secret>,
    /// What it comes of.
    pub grant: Grant,
    /// What the ID token repeats, of a code that was exchanged.
    pub nonce: Option<Arc<str>>,
}
