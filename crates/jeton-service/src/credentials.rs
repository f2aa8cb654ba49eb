//! Access tokens by their text: proven, found, judged.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::id::{ApiId, ClientId, CredentialId, GrantId, PersonId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::policy::LEEWAY_SECONDS;
use jeton_core::record::{Value, Versioned};
use jeton_core::token::held::Held;
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::standing::Standing;
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
use crate::text_digest::TextDigest;

impl Service {
    /// Proves a token by its text: the hash of an opaque one, the signature of a JWT. `None`: it is none of ours.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn prove(&self, text: &str) -> Result<Option<Arc<Proven>>, Failure> {
        let Some(seen) = TextDigest::of(text) else { return Ok(None) };
        if let Some(known) = self.credentials.get(&seen) {
            return Ok(self.still_proven(known));
        }
        let proven = self.prove_anew(text).await?;
        if let Some(proven) = &proven {
            self.credentials.keep(seen, proven.clone());
        }
        Ok(proven)
    }

    /// The same for who asks for the last time: what is not in memory does not come into it.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn prove_once(&self, text: &str) -> Result<Option<Arc<Proven>>, Failure> {
        let Some(seen) = TextDigest::of(text) else { return Ok(None) };
        match self.credentials.get(&seen) {
            Some(known) => Ok(self.still_proven(known)),
            None => self.prove_anew(text).await,
        }
    }

    /// What a key signed is proven only as long as the key is trusted: its revocation is forgotten one day, a thief's tokens may be of a later
    /// one. The epoch of an opaque one's hash needs no second look: none leaves
    /// or changes while the process runs, and the cache ends with it.
    fn still_proven(&self, known: Arc<Proven>) -> Option<Arc<Proven>> {
        let is_trusted = known.signing_key.as_deref().is_none_or(|key| self.registry.keys().trusts(key));
        is_trusted.then_some(known)
    }

    async fn prove_anew(&self, text: &str) -> Result<Option<Arc<Proven>>, Failure> {
        let is_signed = text.bytes().filter(|byte| *byte == b'.').count() == 2;
        if is_signed { Ok(self.check_signature(text).map(Arc::new)) } else { self.prove_opaque(text).await }
    }

    async fn prove_opaque(&self, text: &str) -> Result<Option<Arc<Proven>>, Failure> {
        let Some(parsed) = Token::parse(text, &self.prefix).ok().filter(|parsed| parsed.kind() == Kind::AccessToken) else {
            return Ok(None);
        };
        let root_keys = self.registry.root_keys().clone();
        // The keyed check turns away what was never issued without a read.
        let Some(keys) = root_keys.epoch(parsed.epoch()).filter(|keys| parsed.check(&keys.check)) else {
            return Ok(None);
        };
        let Some(proven) = self.find(CredentialId(parsed.id().to_bytes())).await? else { return Ok(None) };
        let is_it = proven.token.proof.as_ref().is_some_and(|(hash, _)| keys.hash.hash(text).matches(hash));
        Ok(is_it.then_some(proven))
    }

    /// A token by its id: for those who may see it without holding it.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn find(&self, id: CredentialId) -> Result<Option<Arc<Proven>>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.fetches.hand_over(Fetch { table: &token::TABLE, key: vec![Value::Id(id.0)], reply });
        let closed = || Fault::new(FaultKind::Closed, "the store is closed");
        let Some(row) = answer.await.map_err(|_| closed())?? else { return Ok(None) };
        let mut token = AccessToken::from_row(&row.record).map_err(|malformed| Fault::new(FaultKind::Damaged, malformed.to_string()))?;
        self.share_names(&mut token);
        let not_before = token.issued_at;
        Ok(Some(Arc::new(Proven { token, signing_key: None, not_before })))
    }

    /// Lets a token name its client and API with the registry's own texts: a cache of many tokens holds each name once.
    pub(crate) fn share_names(&self, token: &mut AccessToken) {
        if let Some(entry) = self.registry.clients.get(token.client.as_str()) {
            token.client = entry.client.record.id.clone();
        }
        if let Some(api) = self.registry.api(token.api.as_str()) {
            token.api = api.record.id.clone();
        }
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
        let mut token = AccessToken {
            id: CredentialId::parse(&claims.token_id)?,
            client: ClientId::from(claims.client_id.as_str()),
            api: self.registry.api_of_audience(audience).map(|api| api.record.id.clone()).unwrap_or_else(|| ApiId::from("")),
            scope: ScopeSet::parse(claims.scope.as_deref().unwrap_or_default())
                .map_or_else(|_| Arc::from(""), |scope| Arc::from(scope.as_str())),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            proof: None,
            held: held(&claims),
        };
        self.share_names(&mut token);
        let not_before = claims.not_before.map_or(token.issued_at, |not_before| not_before.max(token.issued_at));
        Some(Proven { token, signing_key: verified.key.key_id().map(Arc::from), not_before })
    }

    /// How a token stands now, and the API it is for. `None`: its API is gone.
    #[must_use]
    pub fn stand(&self, proven: &Proven, moment: &Moment) -> (Standing, Option<Arc<Versioned<Api>>>) {
        let token = &proven.token;
        // What has expired by the ledger's time stays dead, also where the clock was set back since.
        let now = self.ledger_time(moment).seconds();
        let Some(api) = self.registry.api(token.api.as_str()) else {
            return (if now < token.expires_at { Standing::Revoked } else { Standing::Expired }, None);
        };
        let standing = match self.judge(proven, &api, now) {
            Judgement::Accepted
                if now < effective_expiry(token, &api.record, &self.registry.policies())
                    && self.registry.clients.get(token.client.as_str()).is_some() =>
            {
                Standing::Active
            }
            _ if self.ends_at(proven, &api) <= now => Standing::Expired,
            Judgement::Suspended | Judgement::SubjectSuspended(_) => Standing::Suspended,
            _ => Standing::Revoked,
        };
        // Nobody but a thief of the key has a token of a later time than a cut-off gives.
        let is_early = now.saturating_add(LEEWAY_SECONDS) < proven.not_before;
        (if is_early && standing == Standing::Active { Standing::Suspended } else { standing }, Some(api))
    }

    /// When an active token ends, in seconds: as issued, or earlier where its API's lifetime is lower now, or was since it was issued.
    pub(crate) fn ends_at(&self, proven: &Proven, api: &Versioned<Api>) -> i64 {
        let end = effective_expiry(&proven.token, &api.record, &self.registry.policies());
        let outlived_at = |seconds: i64| self.judge(proven, api, seconds) == Judgement::Outlived;
        if !outlived_at(end.saturating_sub(1)) {
            return end;
        }
        // Once outlived, always outlived: the first such second is found by halving.
        let (mut alive, mut outlived) = (proven.token.issued_at, end);
        while alive < outlived {
            let middle = alive + (outlived - alive) / 2;
            if outlived_at(middle) {
                outlived = middle;
            } else {
                alive = middle + 1;
            }
        }
        outlived
    }

    /// Whether a token is dead whatever the time: nothing needs to be written to revoke it.
    pub(crate) fn is_dead_for_good(&self, proven: &Proven, api: &Versioned<Api>, moment: &Moment) -> bool {
        match self.judge(proven, api, moment.now.seconds()) {
            Judgement::Revoked | Judgement::CutOff(_) | Judgement::KeyRevoked => true,
            Judgement::Accepted | Judgement::Suspended | Judgement::SubjectSuspended(_) | Judgement::Outlived => false,
        }
    }

    /// Whether a suspension of a token is written.
    pub(crate) fn is_suspended(&self, proven: &Proven, api: &Versioned<Api>, moment: &Moment) -> bool {
        self.judge(proven, api, moment.now.seconds()) == Judgement::Suspended
    }

    /// Whether a token is refused because something that it names is suspended, and not it itself.
    pub(crate) fn is_subject_suspended(&self, proven: &Proven, api: &Versioned<Api>, moment: &Moment) -> bool {
        matches!(self.judge(proven, api, moment.now.seconds()), Judgement::SubjectSuspended(_))
    }

    fn judge(&self, proven: &Proven, api: &Versioned<Api>, now_seconds: i64) -> Judgement {
        let token = &proven.token;
        let (session, family) = match &token.held {
            Some(held) => (held.session.map(|session| session.to_string()), Some(held.grant.to_string())),
            None => (None, None),
        };
        let described = Described {
            user: token.held.as_ref().map(|held| held.person.as_str()),
            session: session.as_deref(),
            family: family.as_deref(),
            token: token.id.0,
            issued_at: token.issued_at,
            client: token.client.as_str(),
            audience: &api.record.audience,
            signing_key: proven.signing_key.as_deref(),
        };
        self.registry.negatives.judge(&described, now_seconds)
    }
}

/// Whose authority a token carries, as it says.
fn held(claims: &AccessTokenClaims) -> Option<Held> {
    let grant = claims.grant_id.as_deref().and_then(GrantId::parse)?;
    let session = claims.session_id.as_deref().and_then(SessionId::parse);
    Some(Held { grant, person: PersonId::from(claims.subject.as_str()), session })
}
