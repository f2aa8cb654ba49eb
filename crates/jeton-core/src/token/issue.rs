//! Issuing an access token to a client for itself (RFC 6749 section 4.4).

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;
use jeton_token::Prefix;

use super::mint::{Terms, mint};
use super::scope;
use crate::api::Api;
use crate::client::{Client, GrantType};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;

pub use super::mint::{Clear, Issued, once_more};

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

/// Decides a client-credentials request: granted = requested ∩ API ∩ client, and nothing of what is asked is left out silently.
pub fn issue(facts: &Facts<'_>, requested: Option<&ScopeSet>, moment: &mut Moment) -> Outcome<Issued> {
    let commit = Commit::new(moment);
    let scope = match granted_scope(facts, requested) {
        Ok(scope) => scope,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let terms = Terms {
        client: facts.client,
        api: facts.api,
        not_before_seconds: facts.not_before_seconds,
        policies: facts.policies,
        prefix: facts.prefix,
        root_keys: facts.root_keys,
        held: None,
        salt: None,
    };
    let (issued, mut commit) = match mint(&terms, scope, commit.clone(), moment) {
        Ok(minted) => minted,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    if let Some(by) = facts.by {
        let (api, client, token) = (issued.token.api.clone(), issued.token.client.clone(), issued.token.id);
        commit = commit.tell(Event::TokenIssued { actor: by.clone(), api, client, token });
    }
    Outcome::grant(issued, commit)
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
        None => scope::fitting(Arc::from(requested.as_str())),
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
    scope::fitting(Arc::from(granted))
}
