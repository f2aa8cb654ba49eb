//! Authorization requests (RFC 6749 section 4.1.1): where the answer goes, what is asked for, what a person must still do, and the code.

pub mod answer;
pub mod check;
pub mod device;
pub mod next;
pub mod polling;
pub mod pushed;
pub mod target;
pub mod way;

use std::sync::Arc;

use jeton_oauth::authorization::Prompt;

use crate::grant::scopes::{IdentityScopes, ScopesByApi};
use crate::id::{ApiId, ClientId};
use crate::session::proof::Acr;
use way::Way;

/// What is asked for, checked against what the client may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub client: ClientId,
    /// How the answer comes to it.
    pub way: Way,
    /// The scopes of APIs.
    pub scopes: ScopesByApi,
    /// What the client wants to know of the person.
    pub identity: IdentityScopes,
    /// What a token is for when nobody says.
    pub api: ApiId,
    /// Whether the person is asked for what they did not say yet.
    pub asks_consent: bool,
    /// What the ID token repeats.
    pub nonce: Option<Arc<str>>,
    /// What the person must or must not be asked.
    pub prompt: Prompt,
    /// How long ago the person may have proved who they are, in seconds.
    pub max_age_seconds: Option<u32>,
    /// How strongly they must have proved it at least (RFC 9470).
    pub acr: Acr,
}
