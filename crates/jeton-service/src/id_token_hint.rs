//! ID tokens that come back: an application says by one whom it is about (OpenID Connect RP-Initiated Logout 1.0 section 2).

use jeton_core::id::{ClientId, SessionId};
use jeton_jose::jwt::{Claims, TokenType, Validation};

use crate::service::Service;

/// What an ID token of this server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// For whom it was.
    pub client: ClientId,
    /// In which session.
    pub session: Option<SessionId>,
}

impl Service {
    /// What an ID token says that may have expired; `None`: it is none of this server's, or a key that is not trusted signed it.
    #[must_use]
    pub fn id_token_hint(&self, text: &str) -> Option<IdTokenHint> {
        let keys = self.registry.keys();
        let validation =
            Validation { token_type: TokenType::Named("JWT".to_owned()), ..Validation::access_token(self.issuer.as_str(), "") };
        let verified = validation.check_signature(text, keys.verifying.as_ref()?).ok()?;
        let claims = Claims::parse(&verified.payload).ok()?;
        if claims.issuer.as_deref() != Some(self.issuer.as_str()) {
            return None;
        }
        let audience = claims.audience?;
        let [client] = audience.names() else { return None };
        let session = claims.additional.get("sid").and_then(|sid| SessionId::parse(sid.as_str()?));
        Some(IdTokenHint { client: ClientId::from(client.as_str()), session })
    }
}
