//! What people let clients do: codes exchanged, refreshed, ended.

mod end;
mod exchange;
mod presented;
pub(crate) mod read;
mod refresh;
mod surroundings;

pub(crate) use surroundings::Between;

use std::sync::Arc;

use jeton_core::grant::Grant;
use jeton_core::token::AccessToken;
use jeton_token::Secret;

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
