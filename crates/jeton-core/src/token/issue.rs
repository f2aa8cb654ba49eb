//! Issuing an access token to a client for itself (RFC 6749 section 4.4).

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;
use jeton_token::{ClearToken, Environment, Kind, Label, Prefix, TokenId};

use super::{AccessToken, TABLE};
use crate::api::{Api, TokenFormat};
use crate::client::{Client, GrantType};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, CommitId, CredentialId};
use crate::moment::Moment;
use crate::once;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::{CredentialKind, Level};
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;

/// What is known when it is decided.
pub struct Facts<'a> {
    /// The client, authenticated.
    pub client: &'a Client,
    /// The API that is asked for.
    pub api: &'a Api,
    /// The latest cut-off over client, API and everything, in seconds: a token issued now must not lie before it. Not further ahead than
    /// [`DATED_AHEAD_SECONDS`](super::cut_off::DATED_AHEAD_SECONDS).
    pub not_before_seconds: i64,
    /// How long tokens may live.
    pub policies: &'a Policies,
    /// The first part of opaque tokens.
    pub prefix: &'a Prefix,
    /// Where the hash of an opaque token comes from.
    pub root_keys: &'a RootKeys,
    /// Who asks for it, where that is not the client itself.
    pub by: Option<&'a Actor>,
}

/// A token that exists once its commit is durable.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What is kept of it.
    pub token: AccessToken,
    /// The text of an opaque token; a JWT is signed after the commit.
    pub clear: Option<Clear>,
    /// How long it lives, in seconds.
    pub expires_in_seconds: i64,
}

/// The text of an opaque token, which nothing prints.
#[derive(Clone)]
pub struct Clear(pub ClearToken);

impl std::fmt::Debug for Clear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// Decides a client-credentials request: granted = requested ∩ API ∩ client, and nothing of what is asked is left out silently.
pub fn issue(facts: &Facts<'_>, requested: Option<&ScopeSet>, moment: &mut Moment) -> Outcome<Issued> {
    let mut commit = Commit::new(moment);
    let scope = match granted_scope(facts, requested) {
        Ok(scope) => scope,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let id = CredentialId::draw(moment);
    // The commit of an issue is found again by its row, so that no index is kept for it.
    commit.id = CommitId(id.0);
    let (clear, proof) = match facts.api.token_format {
        TokenFormat::Jwt => (None, None),
        TokenFormat::Opaque => {
            let (epoch, Some(keys)) = facts.root_keys.current() else {
                return Outcome::refuse(Refusal::invalid("the root key holds no epoch"), commit);
            };
            let clear = label(*facts.prefix, epoch, id).mint(&once::secret(moment, keys, || secret_context(id)), &keys.check);
            let hash = keys.hash.hash(clear.expose());
            (Some(Clear(clear)), Some((hash, epoch)))
        }
    };
    let issued_at = moment.now.seconds().max(facts.not_before_seconds);
    let lifetime_seconds = lifetime_seconds(facts);
    let token = AccessToken {
        id,
        client: facts.client.id.clone(),
        api: facts.api.id.clone(),
        scope,
        issued_at,
        expires_at: issued_at + lifetime_seconds,
        proof,
    };
    let mut commit = commit.put(&TABLE, token.row());
    if let Some(by) = facts.by {
        let (api, client) = (token.api.clone(), token.client.clone());
        commit = commit.tell(Event::TokenIssued { actor: by.clone(), api, client, token: token.id });
    }
    Outcome::grant(Issued { token, clear, expires_in_seconds: lifetime_seconds }, commit)
}

/// The text of an opaque token from the salt of the request that it was issued by; `None`: it was another one.
#[must_use]
pub fn once_more(token: &AccessToken, salt: &[u8; 32], prefix: Prefix, root_keys: &RootKeys) -> Option<Clear> {
    let (hash, epoch) = token.proof.as_ref()?;
    let keys = root_keys.epoch(*epoch)?;
    let clear = label(prefix, *epoch, token.id).mint(&keys.derive_secret(&secret_context(token.id), salt), &keys.check);
    keys.hash.hash(clear.expose()).matches(hash).then(|| Clear(clear))
}

fn label(prefix: Prefix, epoch: u16, id: CredentialId) -> Label {
    Label { prefix, environment: Environment::Live, kind: Kind::AccessToken, epoch, id: TokenId::from_bytes(id.0) }
}

fn secret_context(id: CredentialId) -> String {
    format!("access_token {id}")
}

/// The API's lifetime, within the maximum; a default that is said for this API or client shortens it.
fn lifetime_seconds(facts: &Facts<'_>) -> i64 {
    let Facts { client, api, policies, .. } = facts;
    let allowed = policies.resolve(CredentialKind::AccessToken, Some(&api.id), Some(&client.id));
    let said = allowed.default_from.is_some_and(|level| level != Level::Deployment).then_some(allowed.default_seconds);
    api.access_token_lifetime_seconds.min(allowed.max_seconds).min(said.unwrap_or(i64::MAX))
}

fn granted_scope(facts: &Facts<'_>, requested: Option<&ScopeSet>) -> Result<Arc<str>, Refusal> {
    let Facts { client, api, .. } = facts;
    if !client.grant_types.contains(&GrantType::ClientCredentials) {
        return Err(Refusal::new(Reason::UnauthorizedClient, "this client may not use the grant `client_credentials`"));
    }
    if !client.apis.contains(&api.id) {
        return Err(Refusal::new(Reason::InvalidTarget, "this client may not ask for tokens for that resource"));
    }
    let may_have = |name: &&str| api.scopes.contains_key(*name) && client.scopes.contains(name);
    let Some(requested) = requested.filter(|requested| !requested.is_empty()) else {
        return default_scope(facts, may_have);
    };
    match requested.iter().find(|name| !may_have(name)) {
        Some(beyond) => {
            let detail = format!("the scope '{beyond}' is unknown for this resource, or not one that this client may have");
            Err(Refusal::new(Reason::InvalidScope, detail))
        }
        None => fitting(Arc::from(requested.as_str())),
    }
}

/// What is granted when nothing is asked for: a default, or a refusal, but never nothing (RFC 6749 section 3.3), unless the API knows no
/// scopes at all.
fn default_scope(facts: &Facts<'_>, may_have: impl Fn(&&str) -> bool) -> Result<Arc<str>, Refusal> {
    let Facts { client, api, .. } = facts;
    let default = if api.default_scope.is_empty() { &client.scopes } else { &api.default_scope };
    let granted = default.iter().filter(may_have).collect::<Vec<_>>().join(" ");
    if granted.is_empty() && !api.scopes.is_empty() {
        let detail = "this client may have nothing of what is granted by default for this resource: name a `scope`";
        return Err(Refusal::new(Reason::InvalidScope, detail));
    }
    fitting(Arc::from(granted))
}

/// The most bytes of scope names in a token: with more of them a JWT outgrows what verifiers take, 8 KiB.
const SCOPE_BYTES: usize = 4_096;

fn fitting(scope: Arc<str>) -> Result<Arc<str>, Refusal> {
    if scope.len() <= SCOPE_BYTES {
        return Ok(scope);
    }
    let detail = format!("the scope names take more than {SCOPE_BYTES} bytes, too many for a token: ask for fewer");
    Err(Refusal::new(Reason::InvalidScope, detail))
}
