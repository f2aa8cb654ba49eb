use jeton_core::client::secret::CreatedSecret;
use jeton_core::id::SecretId;
use schemars::JsonSchema;
use serde::Serialize;

use super::rfc3339;

/// A secret that was just made: its text is in this one answer and nowhere else.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FreshClientSecret")]
pub(super) struct FreshSecret<'a> {
    /// The secret of the client: shown this once.
    client_secret: &'a str,
    /// The id of that secret.
    #[schemars(with = "String")]
    client_secret_id: &'a SecretId,
    /// When that secret ends.
    client_secret_expires_at: String,
}

impl<'a> From<&'a CreatedSecret> for FreshSecret<'a> {
    fn from(created: &'a CreatedSecret) -> FreshSecret<'a> {
        FreshSecret {
            client_secret: created.clear.0.expose(),
            client_secret_id: &created.secret.id,
            client_secret_expires_at: rfc3339::format(created.secret.expires_at),
        }
    }
}
