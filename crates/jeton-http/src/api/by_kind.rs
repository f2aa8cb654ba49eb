//! How many credentials of each kind, as answers say it.

use jeton_service::pasted::ByKind;
use schemars::JsonSchema;
use serde::Serialize;

/// How many of each kind; `null` where counting them took too long, or failed.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CountsByKind")]
pub(super) struct Counts {
    /// Access tokens.
    access_tokens: Option<u64>,
    /// API keys.
    keys: Option<u64>,
    /// Personal access tokens.
    personal_access_tokens: Option<u64>,
    /// Client secrets.
    client_secrets: Option<u64>,
    /// Sessions of people.
    sessions: Option<u64>,
    /// Authorization codes that were not exchanged.
    authorization_codes: Option<u64>,
    /// Refresh tokens: one of each family.
    refresh_tokens: Option<u64>,
}

impl From<Option<ByKind>> for Counts {
    fn from(counted: Option<ByKind>) -> Counts {
        Counts {
            access_tokens: counted.map(|counted| counted.access_tokens),
            keys: counted.map(|counted| counted.keys),
            personal_access_tokens: counted.map(|counted| counted.personal_access_tokens),
            client_secrets: counted.map(|counted| counted.client_secrets),
            sessions: counted.map(|counted| counted.sessions),
            authorization_codes: counted.map(|counted| counted.authorization_codes),
            refresh_tokens: counted.map(|counted| counted.refresh_tokens),
        }
    }
}
