//! Changing a client's registration.

use std::sync::Arc;

use super::create::{parse_contact, parse_jwks, parse_method, parse_scopes};
use super::{Client, TABLE};
use crate::api::Api;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_name;
use crate::outcome::Outcome;
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
}

/// Changes a client; `apis` are all those it may ask for from now on.
pub fn update(client: &Client, request: &UpdateClient, apis: &[&Api], actor: &Actor, moment: &mut Moment) -> Outcome<Client> {
    let commit = Commit::new(moment);
    let updated = match apply(client, request, apis) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changed = changed(client, &updated);
    if changed.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Client { updated_at: moment.now.seconds(), ..updated };
    let event = Event::ClientUpdated { actor: actor.clone(), client: client.id.clone(), changed: Arc::from(changed.join(" ")) };
    let commit = commit.put(&TABLE, updated.row()).tell(event);
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
    updated.apis = apis.iter().map(|api| api.id.clone()).collect();
    updated.scopes = match &request.scopes {
        Some(scopes) => parse_scopes(Some(scopes), apis)?,
        None => {
            let kept: Vec<&str> = client.scopes.iter().filter(|name| apis.iter().any(|api| api.scopes.contains_key(*name))).collect();
            parse_scopes(Some(&kept.join(" ")), apis)?
        }
    };
    Ok(updated)
}

fn changed(before: &Client, after: &Client) -> Vec<&'static str> {
    let changes = [
        ("name", before.name != after.name),
        ("token_endpoint_auth_method", before.authentication != after.authentication),
        ("jwks", before.jwks != after.jwks),
        ("apis", before.apis != after.apis),
        ("scopes", before.scopes != after.scopes),
        ("may_introspect", before.may_introspect != after.may_introspect),
        ("contact", before.contact != after.contact),
    ];
    changes.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect()
}
