use std::sync::Arc;

use jeton_core::id::{ClientId, CredentialId, KeyId};
use jeton_core::token::standing::Standing;
use jeton_service::token_state::TokenState;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{StandingName, TokenFormatName};
use super::rfc3339;

/// A token, as it is answered: all but its text.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Token")]
pub(super) struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: CredentialId,
    /// The kind of credential.
    kind: &'static str,
    /// How it stands: `active`, `suspended`, `expired` or `revoked`.
    #[schemars(with = "StandingName")]
    standing: &'static str,
    /// The id of the client.
    #[schemars(with = "String")]
    client_id: ClientId,
    /// The name of the client; absent where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<Arc<str>>,
    /// The API that it is for, by audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// What it may do: names with spaces between.
    scope: Arc<str>,
    /// `jwt` or `opaque`.
    #[schemars(with = "TokenFormatName")]
    format: &'static str,
    /// The `kid` that signed it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    signing_key: Option<KeyId>,
    /// What else there is to know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// When it was issued.
    issued_at: String,
    /// When it ends.
    expires_at: String,
    /// When it was issued, in seconds since 1970.
    iat: i64,
    /// When it ends, in seconds since 1970.
    exp: i64,
}

impl From<TokenState> for Shown {
    fn from(state: TokenState) -> Shown {
        Shown::from(&state)
    }
}

impl From<&TokenState> for Shown {
    fn from(state: &TokenState) -> Shown {
        let (signing_key, remark) = (signing_key(state), remark(state));
        let token = state.token.clone();
        Shown {
            id: token.id,
            kind: "access_token",
            standing: state.standing.name(),
            client_id: token.client,
            client_name: state.client.as_ref().map(|entry| entry.client.record.name.clone()),
            audience: state.api.as_ref().map(|api| api.record.audience.clone()),
            scope: token.scope,
            format: if token.proof.is_some() { "opaque" } else { "jwt" },
            signing_key,
            remark,
            issued_at: rfc3339::format(token.issued_at),
            expires_at: rfc3339::format(state.expires_at),
            iat: token.issued_at,
            exp: state.expires_at,
        }
    }
}

fn signing_key(state: &TokenState) -> Option<KeyId> {
    match state.signed_by.as_slice() {
        [only] => Some(only.key.clone()),
        _ => None,
    }
}

fn remark(state: &TokenState) -> Option<String> {
    let key = state.signed_by_revoked()?;
    Some(match state.standing {
        Standing::Expired => return None,
        Standing::Revoked => format!("the key that signed it, {key}, was revoked"),
        Standing::Active | Standing::Suspended => format!(
            "it was issued while signing keys changed: if {key} signed it, which was revoked, it is dead; its text tells: `jeton token introspect -`"
        ),
    })
}
