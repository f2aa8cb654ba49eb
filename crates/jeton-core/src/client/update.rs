//! Changing a client's registration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::asking::Asking;
use super::create::{parse_contact, parse_grant_types, parse_jwks, parse_method, parse_scopes};
use super::{Client, TABLE, signing_in};
use crate::api::Api;
use crate::claim_rules::{ClaimRules, Place};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_name;
use crate::outcome::Outcome;
use crate::owner::Owner;
use crate::refusal::Refusal;

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateClient {
    /// What people call it.
    pub name: Option<String>,
    /// How it proves who it is.
    pub authentication: Option<String>,
    /// Its public keys, a JWK Set.
    pub jwks: Option<String>,
    /// The scopes it may have.
    pub scopes: Option<String>,
    /// Whether it may introspect and follow the feed.
    pub may_introspect: Option<bool>,
    /// Whom to ask about it; an empty text takes it away.
    pub contact: Option<String>,
    /// The grants it may use.
    pub grant_types: Option<Vec<String>>,
    /// Where people who signed in may be sent back to, all of them.
    pub redirect_uris: Option<Vec<String>>,
    /// Where people who signed out may be sent back to, all of them.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told that somebody signed out; an empty text is nowhere.
    pub backchannel_logout_uri: Option<String>,
    /// What kind of application it is.
    pub application: Option<String>,
    /// Whether its refresh tokens stay as they are.
    pub keeps_refresh_tokens: Option<bool>,
    /// How long a spent refresh token is answered as before, in seconds.
    pub refresh_window_seconds: Option<i64>,
    /// Whether it has to hand its authorization requests in first.
    pub needs_pushed_requests: Option<bool>,
    /// What is asked of its authorization requests, of the people who sign in, and of its ID tokens.
    pub asking: Asking,
    /// Who answers for it; `None` within: nobody.
    pub owner: Option<Option<Owner>>,
    /// All that its ID tokens, and userinfo, tell beside what is standard.
    pub claims: Option<BTreeMap<String, String>>,
}

/// Changes a client; `apis` are all those it may ask for from now on. What is given and what is taken are told apart, each by its own entry.
pub fn update(client: &Client, request: &UpdateClient, apis: &[&Api], actor: &Actor, moment: &mut Moment) -> Outcome<Client> {
    let commit = Commit::new(moment);
    let updated = match apply(client, request, apis) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changes = changes(client, &updated, actor);
    if changes.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Client { updated_at: moment.now.seconds(), ..updated };
    let commit = changes.into_iter().fold(commit.put(&TABLE, updated.row()), Commit::tell);
    Outcome::grant(updated, commit)
}

fn apply(client: &Client, request: &UpdateClient, apis: &[&Api]) -> Result<Client, Refusal> {
    let mut updated = client.clone();
    if let Some(name) = &request.name {
        updated.name = parse_name(name, "a client")?;
    }
    if let Some(method) = &request.authentication {
        updated.authentication = parse_method(method)?;
    }
    if request.jwks.is_some() || request.authentication.is_some() {
        let kept = client.jwks.as_deref().filter(|_| updated.authentication == client.authentication);
        updated.jwks = parse_jwks(request.jwks.as_deref().or(kept), updated.authentication)?;
    }
    if let Some(may_introspect) = request.may_introspect {
        updated.may_introspect = may_introspect;
    }
    if request.contact.is_some() {
        updated.contact = parse_contact(request.contact.as_deref())?;
    }
    if let Some(owner) = &request.owner {
        updated.owner.clone_from(owner);
    }
    if let Some(claims) = &request.claims {
        updated.claims = ClaimRules::parse(claims, Place::Identity)?;
    }
    sign_in(&mut updated, request)?;
    updated.apis = apis.iter().map(|api| api.id.clone()).collect();
    updated.scopes = match &request.scopes {
        Some(scopes) => parse_scopes(Some(scopes), apis)?,
        None => {
            let kept: Vec<&str> = client.scopes.iter().filter(|name| apis.iter().any(|api| api.scopes.contains_key(*name))).collect();
            parse_scopes(Some(&kept.join(" ")), apis)?
        }
    };
    signing_in::check(&updated)?;
    Ok(updated)
}

/// What people sign in with.
fn sign_in(updated: &mut Client, request: &UpdateClient) -> Result<(), Refusal> {
    if let Some(grant_types) = &request.grant_types {
        updated.grant_types = parse_grant_types(grant_types)?;
    }
    if let Some(uris) = &request.redirect_uris {
        updated.redirect_uris = signing_in::parse_redirect_uris(uris, signing_in::SIGNED_IN)?;
    }
    if let Some(uris) = &request.post_logout_redirect_uris {
        updated.post_logout_redirect_uris = signing_in::parse_redirect_uris(uris, signing_in::SIGNED_OUT)?;
    }
    if let Some(uri) = &request.backchannel_logout_uri {
        updated.backchannel_logout_uri = signing_in::parse_backchannel(uri)?;
    }
    if request.application.is_some() {
        updated.application = signing_in::parse_application(request.application.as_deref())?;
    }
    if let Some(keeps) = request.keeps_refresh_tokens {
        updated.rotates = !keeps;
    }
    if request.refresh_window_seconds.is_some() {
        updated.refresh_window_seconds = signing_in::parse_window(request.refresh_window_seconds)?;
    }
    updated.needs_pushed_requests = request.needs_pushed_requests.unwrap_or(updated.needs_pushed_requests);
    updated.needs_pkce = request.asking.pkce()?.unwrap_or(updated.needs_pkce);
    updated.asks_consent = request.asking.consent()?.unwrap_or(updated.asks_consent);
    updated.id_token_algorithm = request.asking.id_token_algorithm()?.unwrap_or(updated.id_token_algorithm);
    Ok(())
}

fn changes(before: &Client, after: &Client, actor: &Actor) -> Vec<Event> {
    let described = [
        ("name", before.name != after.name),
        ("token_endpoint_auth_method", before.authentication != after.authentication),
        ("jwks", before.jwks != after.jwks),
        ("contact", before.contact != after.contact),
        ("application_type", before.application != after.application),
        ("rotates", before.rotates != after.rotates),
        ("refresh_window_seconds", before.refresh_window() != after.refresh_window()),
        ("require_pushed_authorization_requests", before.needs_pushed_requests != after.needs_pushed_requests),
        ("id_token_signed_response_alg", before.id_token_algorithm != after.id_token_algorithm),
        ("backchannel_logout_uri", before.backchannel_logout_uri != after.backchannel_logout_uri),
        ("owner", before.owner != after.owner),
        ("claims", before.claims != after.claims),
    ];
    let (actor, client) = (actor.clone(), before.id.clone());
    let updated = named(&described).map(|changed| Event::ClientUpdated { actor: actor.clone(), changed, client: client.clone() });
    let narrowed =
        named(&beyond(before, after)).map(|changed| Event::ClientNarrowed { actor: actor.clone(), changed, client: client.clone() });
    let widened = named(&beyond(after, before)).map(|changed| Event::ClientWidened { actor, changed, client });
    [updated, narrowed, widened].into_iter().flatten().collect()
}

/// In what one may do more than another.
fn beyond(one: &Client, other: &Client) -> [(&'static str, bool); 8] {
    [
        ("grant_types", one.grant_types.iter().any(|grant| !other.grant_types.contains(grant))),
        ("redirect_uris", one.redirect_uris.iter().any(|uri| !other.redirect_uris.contains(uri))),
        ("post_logout_redirect_uris", one.post_logout_redirect_uris.iter().any(|uri| !other.post_logout_redirect_uris.contains(uri))),
        ("apis", one.apis.iter().any(|api| !other.apis.contains(api))),
        ("scopes", !one.scopes.difference(&other.scopes).is_empty()),
        ("may_introspect", one.may_introspect && !other.may_introspect),
        ("pkce", !one.needs_pkce && other.needs_pkce),
        ("consent", !one.asks_consent && other.asks_consent),
    ]
}

/// The names of what is so; `None`: nothing is.
fn named(changes: &[(&'static str, bool)]) -> Option<Arc<str>> {
    let names: Vec<&str> = changes.iter().filter_map(|(name, is_so)| is_so.then_some(*name)).collect();
    (!names.is_empty()).then(|| Arc::from(names.join(" ")))
}
