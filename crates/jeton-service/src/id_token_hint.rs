//! ID tokens that come back: an application says by one whom it is about (OpenID Connect RP-Initiated Logout 1.0 section 2).

use jeton_core::id::{ClientId, SessionId};
use jeton_jose::TokenError;
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

/// What comes back as an ID token is none of this server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

impl Service {
    /// What an ID token says that may have expired; `None`: it says nothing any more, since a key signed it that is not known. Sessions outlive
    /// keys: whoever signs out long after a rotation is asked, as without it.
    ///
    /// # Errors
    /// [`NotOurs`]: it is no ID token, or not of this server.
    pub fn id_token_hint(&self, text: &str) -> Result<Option<IdTokenHint>, NotOurs> {
        let keys = self.registry.keys();
        let validation =
            Validation { token_type: TokenType::Named("JWT".to_owned()), ..Validation::access_token(self.issuer.as_str(), "") };
        let verified = match validation.check_signature(text, keys.verifying.as_ref().ok_or(NotOurs)?) {
            Ok(verified) => verified,
            Err(TokenError::UnknownKey) => return Ok(None),
            Err(_) => return Err(NotOurs),
        };
        let claims = Claims::parse(&verified.payload).map_err(|_| NotOurs)?;
        if claims.issuer.as_deref() != Some(self.issuer.as_str()) {
            return Err(NotOurs);
        }
        let audience = claims.audience.ok_or(NotOurs)?;
        let [client] = audience.names() else { return Err(NotOurs) };
        let session = claims.additional.get("sid").and_then(|sid| SessionId::parse(sid.as_str()?));
        Ok(Some(IdTokenHint { client: ClientId::from(client.as_str()), session }))
    }
}
