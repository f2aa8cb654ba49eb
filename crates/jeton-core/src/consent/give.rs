//! Somebody says yes.

use jeton_oauth::scope::{ScopeName, ScopeSet};

use super::needed::NewConsent;
use super::{Consent, Of, TABLE};
use crate::api::parse_scope_list;
use crate::commit::Commit;
use crate::event::Event;
use crate::grant::scopes::{IdentityScopes, ScopesByApi};
use crate::id::{Actor, ClientId};
use crate::moment::Moment;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::session::Session;

/// Adds to a commit what was consented to beside what was before; and when the first of all that is asked for ends, in seconds.
pub(crate) fn give(
    mut commit: Commit,
    (session, client): (&Session, &ClientId),
    (scopes, identity): (&ScopesByApi, IdentityScopes),
    new: &NewConsent,
    held: &[Consent],
    policies: &Policies,
    moment: &Moment,
) -> (Commit, i64) {
    let now = moment.now.seconds();
    let ends_at = now.saturating_add(policies.resolve(CredentialKind::Consent, None, Some(client)).default_seconds);
    let known = |of: &Of| held.iter().find(|consent| consent.of == *of && now < consent.expires_at);
    let mut first_end = i64::MAX;
    let names = parse_scope_list(&identity.to_string()).unwrap_or_default();
    let of_identity = (!identity.is_empty()).then_some((Of::Identity, &names, !new.identity.is_empty()));
    let of_apis = scopes.iter().map(|(api, wanted)| (Of::Api(api.clone()), wanted, new.apis.contains(api)));
    for (of, wanted, is_new) in of_apis.chain(of_identity) {
        match known(&of) {
            Some(consent) if !is_new => first_end = first_end.min(consent.expires_at),
            before => {
                let given = Consent {
                    person: session.person.clone(),
                    client: client.clone(),
                    scopes: before.map_or_else(|| wanted.clone(), |before| both(&before.scopes, wanted)),
                    of,
                    given_at: now,
                    expires_at: ends_at,
                    session: session.id,
                };
                first_end = first_end.min(ends_at);
                commit = commit.put(&TABLE, given.row()).tell(told(&given));
            }
        }
    }
    (commit, first_end)
}

/// What either has; only what is new where both are too much for one set.
fn both(one: &ScopeSet, other: &ScopeSet) -> ScopeSet {
    let names: Vec<ScopeName> = one.iter().chain(other.iter()).filter_map(|name| ScopeName::parse(name).ok()).collect();
    ScopeSet::from_names(&names).unwrap_or_else(|_| other.clone())
}

fn told(given: &Consent) -> Event {
    Event::ConsentGiven {
        actor: Actor::person(&given.person),
        api: match &given.of {
            Of::Identity => "".into(),
            Of::Api(api) => api.0.clone(),
        },
        client: given.client.clone(),
        expires_at_seconds: given.expires_at,
        scopes: given.scopes.as_str().into(),
        user: given.person.clone(),
    }
}
