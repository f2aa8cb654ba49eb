//! What is allowed, in words: as an API describes its scopes, and as the texts do what is of no API.

use jeton_core::api::Api;
use jeton_core::grant::scopes::{IdentityScope, IdentityScopes};
use jeton_core::id::ApiId;
use jeton_core::plain;
use jeton_oauth::scope::ScopeSet;
use jeton_service::Service;

use super::texts::{Texts, fill};
use super::view::Line;

/// Each of it, in words.
pub(super) fn lines<'s>(
    service: &Service,
    texts: &Texts,
    identity: IdentityScopes,
    scopes: impl Iterator<Item = (&'s ApiId, &'s ScopeSet)>,
) -> Vec<Line> {
    let of_person = identity.iter().map(|scope| Line {
        words: match scope {
            IdentityScope::OpenId => texts.scopes.openid.clone(),
            IdentityScope::Profile => texts.scopes.profile.clone(),
            IdentityScope::Email => texts.scopes.email.clone(),
            IdentityScope::OfflineAccess => texts.scopes.offline_access.clone(),
        },
        place: None,
    });
    let of_apis = scopes.flat_map(|(id, scopes)| {
        let api = service.registry().api(id.as_str());
        let lines = scopes.iter().map(|name| {
            let place = api.as_ref().map(|api| fill(&texts.scopes.of_api, &[("api", &api.record.audience)]));
            Line { words: words_of(api.as_ref().map(|api| &api.record), name), place: place.as_deref().map(plain::shown) }
        });
        lines.collect::<Vec<_>>()
    });
    of_person.chain(of_apis).collect()
}

/// A scope of an API as that describes it; by its name where it does not.
pub(super) fn words_of(api: Option<&Api>, name: &str) -> String {
    let described = api.and_then(|api| api.scopes.get(name)).filter(|words| !words.is_empty());
    plain::shown(described.map_or(name, |words| words.as_ref()))
}
