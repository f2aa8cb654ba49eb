use std::sync::Arc;

use jeton_core::id::{ClientId, CredentialId};
use jeton_service::token_state::TokenState;
use serde::Serialize;

use super::rfc3339;

/// A token, as it is answered: all but its text.
#[derive(Serialize)]
pub(super) struct Shown {
    id: CredentialId,
    kind: &'static str,
    standing: &'static str,
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    scope: Arc<str>,
    format: &'static str,
    issued_at: String,
    expires_at: String,
    iat: i64,
    exp: i64,
}

impl From<TokenState> for Shown {
    fn from(state: TokenState) -> Shown {
        let token = state.token;
        Shown {
            id: token.id,
            kind: "access_token",
            standing: state.life.name(),
            client_id: token.client,
            client_name: state.client.map(|entry| entry.client.record.name.clone()),
            audience: state.api.map(|api| api.record.audience.clone()),
            scope: token.scope,
            format: if token.proof.is_some() { "opaque" } else { "jwt" },
            issued_at: rfc3339::format(token.issued_at),
            expires_at: rfc3339::format(state.expires_at),
            iat: token.issued_at,
            exp: state.expires_at,
        }
    }
}
