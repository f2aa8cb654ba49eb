//! Whether a client may ask for what it asks.

use std::collections::BTreeMap;

use jeton_oauth::authorization::AuthorizationRequest;
use jeton_oauth::scope::ScopeSet;
use jeton_oauth::{ErrorCode, ErrorResponse, RedirectUri};

use super::Asked;
use super::way::Way;
use crate::api::{Api, userinfo};
use crate::client::Client;
use crate::grant::scopes::{IdentityScope, IdentityScopes, ScopesByApi};
use crate::session::proof::Acr;

/// What is known when it is checked.
pub struct Facts<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The APIs that the request names, each `None` where there is none such; where it names none, all that the client may ask for.
    pub apis: &'a [Option<&'a Api>],
}

/// Checks a request whose answer goes to this address; `None`: a device comes for it.
///
/// # Errors
/// What goes back to the application.
pub fn check(facts: &Facts<'_>, request: &AuthorizationRequest<'_>, redirect_uri: Option<RedirectUri>) -> Result<Asked, ErrorResponse> {
    let way = match redirect_uri {
        Some(_) if request.challenge.is_none() && facts.client.needs_pkce => {
            let detail = "the parameter code_challenge is missing: send code_challenge and code_challenge_method=S256";
            return Err(ErrorResponse::invalid_request(detail));
        }
        Some(redirect_uri) => Way::Address { redirect_uri, challenge: request.challenge },
        None => Way::Device,
    };
    let is_device = way == Way::Device;
    let names: Vec<&str> = request.scope.iter().flat_map(ScopeSet::iter).collect();
    let identity: IdentityScopes = names.iter().filter_map(|name| IdentityScope::from_name(name)).collect();
    let of_apis: Vec<&str> = names.iter().copied().filter(|name| IdentityScope::from_name(name).is_none()).collect();
    let apis = apis(facts, request, identity, &of_apis)?;
    let (mut scopes, mut first) = (BTreeMap::new(), None);
    for api in &apis {
        first.get_or_insert_with(|| api.id.clone());
        scopes.insert(api.id.clone(), wanted(facts.client, api, &of_apis)?);
    }
    if let Some(unknown) = of_apis.iter().find(|name| !scopes.values().any(|scopes| scopes.contains(name))) {
        let detail = format!("the scope '{unknown}' is unknown for what is asked for, or not one that this client may have");
        return Err(ErrorResponse::new(ErrorCode::InvalidScope, detail));
    }
    let many = || ErrorResponse::new(ErrorCode::InvalidTarget, "too many resources are named");
    Ok(Asked {
        client: facts.client.id.clone(),
        way,
        scopes: ScopesByApi::new(scopes).ok_or_else(many)?,
        identity,
        api: first.unwrap_or_else(userinfo::id),
        // Who sends others a code of a device must not find it answered by habit.
        asks_consent: facts.client.asks_consent || is_device,
        nonce: request.nonce.map(Into::into),
        prompt: request.prompt,
        max_age_seconds: request.max_age_seconds,
        acr: least(&request.acr_values)?,
    })
}

/// The weakest of what is asked for is enough; where nobody can reach any of it, it is said before somebody signs in for it (RFC 9470 section 5).
fn least(values: &[&str]) -> Result<Acr, ErrorResponse> {
    let known = values.iter().filter_map(|name| Acr::from_name(name)).filter(|acr| Acr::OFFERED.contains(acr)).min();
    match known {
        None if values.is_empty() => Ok(Acr::OneFactor),
        None => Err(ErrorResponse::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "none of acr_values is offered: acr_values_supported of the metadata has those that are",
        )),
        Some(acr) => Ok(acr),
    }
}

/// What tokens will be for: what is named; else the only API of the client, where anything of one is asked; else who the person is.
fn apis<'a>(
    facts: &Facts<'a>,
    request: &AuthorizationRequest<'_>,
    identity: IdentityScopes,
    of_apis: &[&str],
) -> Result<Vec<&'a Api>, ErrorResponse> {
    let target = |detail: &'static str| ErrorResponse::new(ErrorCode::InvalidTarget, detail);
    if !request.resources.is_empty() {
        let named: Option<Vec<&Api>> =
            facts.apis.iter().map(|api| api.filter(|api| facts.client.apis.contains(&api.id) || userinfo::is(&api.id))).collect();
        return named.ok_or_else(|| target("a resource is unknown, or not one that this client may ask for"));
    }
    if of_apis.is_empty() && !identity.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = facts.apis.iter().flatten().copied();
    match (known.next(), known.next()) {
        (Some(only), None) => Ok(vec![only]),
        (None, _) => {
            let detail = "this client may ask for no resource: ask for the scope 'openid', and those beside it, to know who somebody is";
            Err(ErrorResponse::new(ErrorCode::InvalidScope, detail))
        }
        (Some(_), Some(_)) => Err(target("this client may ask for more than one resource: name one with 'resource'")),
    }
}

/// What is wanted of an API: what is named and the client may have there; its default where nothing is.
fn wanted(client: &Client, api: &Api, of_apis: &[&str]) -> Result<ScopeSet, ErrorResponse> {
    if userinfo::is(&api.id) {
        return Ok(ScopeSet::empty());
    }
    let may_have = client.scopes.intersection(&api.scope_set());
    if !of_apis.is_empty() {
        let names = ScopeSet::parse(&of_apis.join(" ")).map_err(|error| ErrorResponse::new(ErrorCode::InvalidScope, error.to_string()))?;
        return Ok(names.intersection(&may_have));
    }
    let default = if api.default_scope.is_empty() { may_have.clone() } else { api.default_scope.intersection(&may_have) };
    if default.is_empty() && !api.scopes.is_empty() {
        let detail = "this client may have nothing of what is asked for by default for this resource: name a 'scope'";
        return Err(ErrorResponse::new(ErrorCode::InvalidScope, detail));
    }
    Ok(default)
}
