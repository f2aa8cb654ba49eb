//! Access tokens by their text: proven, found, judged.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jeton_core::api::Api;
use jeton_core::id::{ApiId, ClientId, CredentialId};
use jeton_core::moment::Moment;
use jeton_core::record::{Value, Versioned};
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::suspend::Standing;
use jeton_core::token::{self, AccessToken};
use jeton_jose::jwt::{AccessTokenClaims, TokenType, Validation};
use jeton_oauth::scope::ScopeSet;
use jeton_store::store::{Fault, FaultKind, Fetch};
use jeton_token::{Kind, Token};
use jeton_verify::negatives::{Described, Judgement};
use tokio::sync::oneshot;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::issue::CLAIMS_VERSION;
use crate::service::Service;

impl Service {
    /// Proves a token by its text: the hash of an opaque one, the signature of a JWT. `None`: it is none of ours.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn prove(&self, text: &str) -> Result<Option<Arc<Proven>>, Failure> {
        if text.bytes().filter(|byte| *byte == b'.').count() == 2 {
            return Ok(self.prove_signed(text));
        }
        let Some(parsed) = Token::parse(text, &self.prefix).ok().filter(|parsed| parsed.kind() == Kind::AccessToken) else {
            return Ok(None);
        };
        let root_keys = self.registry.root_keys().clone();
        // The keyed check turns away what was never issued without a read.
        let Some(keys) = root_keys.epoch(parsed.epoch()).filter(|keys| parsed.check(&keys.check)) else {
            return Ok(None);
        };
        let id = CredentialId(parsed.id().to_bytes());
        let Some(proven) = self.find(id).await? else { return Ok(None) };
        let is_it = proven.token.proof.as_ref().is_some_and(|(hash, _)| keys.hash.hash(text).matches(hash));
        Ok(is_it.then_some(proven))
    }

    /// A token by its id: for those who may see it without holding it.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn find(&self, id: CredentialId) -> Result<Option<Arc<Proven>>, Failure> {
        if let Some(proven) = self.credentials.opaque.get(&id) {
            return Ok(Some(proven));
        }
        let (reply, answer) = oneshot::channel();
        self.fetches.hand_over(Fetch { table: &token::TABLE, key: vec![Value::Id(id.0)], reply });
        let closed = || Fault::new(FaultKind::Closed, "the store is closed");
        let Some(row) = answer.await.map_err(|_| closed())?? else { return Ok(None) };
        let token = AccessToken::from_row(&row.record).map_err(|malformed| Fault::new(FaultKind::Damaged, malformed.to_string()))?;
        let proven = Arc::new(Proven { token, signing_key: None });
        self.credentials.opaque.insert(id, proven.clone());
        Ok(Some(proven))
    }

    fn prove_signed(&self, text: &str) -> Option<Arc<Proven>> {
        if text.len() > jeton_jose::jws::MAX_TOKEN_BYTES {
            return None;
        }
        let mut seen = [0; 32];
        seen.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        if let Some(proven) = self.credentials.signed.get(&seen) {
            return Some(proven);
        }
        let proven = Arc::new(self.check_signature(text)?);
        self.credentials.signed.insert(seen, proven.clone());
        Some(proven)
    }

    fn check_signature(&self, text: &str) -> Option<Proven> {
        let keys = self.registry.keys();
        let mut validation = Validation::access_token(self.issuer.as_str(), "");
        validation.token_type = TokenType::AccessToken;
        let verified = validation.check_signature(text, keys.verifying.as_ref()?).ok()?;
        let claims = AccessTokenClaims::parse(&verified.payload).ok()?;
        let [audience] = claims.audience.names() else { return None };
        if claims.issuer != self.issuer.as_str() || claims.version != Some(CLAIMS_VERSION) {
            return None;
        }
        let token = AccessToken {
            id: CredentialId::parse(&claims.token_id)?,
            client: ClientId::from(claims.client_id.as_str()),
            api: self.registry.api_of_audience(audience).map(|api| api.record.id.clone()).unwrap_or_else(|| ApiId::from("")),
            scope: ScopeSet::parse(claims.scope.as_deref().unwrap_or_default())
                .map_or_else(|_| Arc::from(""), |scope| Arc::from(scope.as_str())),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            proof: None,
        };
        Some(Proven { token, signing_key: verified.key.key_id().map(Arc::from) })
    }

    /// How a token stands now, and the API it is for. `None`: its API or its client is gone, or it has expired.
    #[must_use]
    pub fn stand(&self, proven: &Proven, moment: &Moment) -> (Standing, Option<Arc<Versioned<Api>>>) {
        let token = &proven.token;
        let Some(api) = self.registry.api(token.api.as_str()) else { return (Standing::Revoked, None) };
        let described = Described {
            token: token.id.0,
            issued_at: token.issued_at,
            client: token.client.as_str(),
            audience: &api.record.audience,
            signing_key: proven.signing_key.as_deref(),
            ..Described::default()
        };
        let now = moment.now.seconds();
        let standing = match self.registry.negatives.judge(&described, now) {
            Judgement::Accepted
                if now < effective_expiry(token, &api.record) && self.registry.clients.get(token.client.as_str()).is_some() =>
            {
                Standing::Active
            }
            Judgement::Suspended => Standing::Suspended,
            _ => Standing::Revoked,
        };
        (standing, Some(api))
    }
}
