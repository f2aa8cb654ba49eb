//! What somebody granted: scopes of APIs, and what a client may know of who they are.

use std::collections::BTreeMap;
use std::fmt;

use jeton_oauth::scope::ScopeSet;

use crate::api::parse_scope_list;
use crate::id::ApiId;
use crate::record::Value;

/// The scopes of each API: at most [`ScopesByApi::APIS_MAX`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopesByApi(BTreeMap<ApiId, ScopeSet>);

impl ScopesByApi {
    /// The most APIs of one grant.
    pub const APIS_MAX: usize = 8;

    /// These; `None`: too many APIs.
    #[must_use]
    pub fn new(scopes: BTreeMap<ApiId, ScopeSet>) -> Option<ScopesByApi> {
        (scopes.len() <= ScopesByApi::APIS_MAX).then_some(ScopesByApi(scopes))
    }

    /// An API of which nothing but who somebody is is asked.
    #[must_use]
    pub fn of_nothing_at(api: ApiId) -> ScopesByApi {
        ScopesByApi(BTreeMap::from([(api, ScopeSet::empty())]))
    }

    /// Those of one API; `None`: it is none of them.
    #[must_use]
    pub fn of(&self, api: &ApiId) -> Option<&ScopeSet> {
        self.0.get(api)
    }

    /// Each API with its scopes.
    pub fn iter(&self) -> impl Iterator<Item = (&ApiId, &ScopeSet)> {
        self.0.iter()
    }

    /// How many APIs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no API in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both have: of the APIs of both, the scopes of both.
    #[must_use]
    pub fn intersection(&self, other: &ScopesByApi) -> ScopesByApi {
        let both = |(api, scopes): (&ApiId, &ScopeSet)| Some((api.clone(), scopes.intersection(other.of(api)?)));
        ScopesByApi(self.0.iter().filter_map(both).collect())
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<ScopesByApi> {
        let texts: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        let read = |(api, scopes): (String, String)| Some((ApiId::from(api.as_str()), parse_scope_list(&scopes).ok()?));
        ScopesByApi::new(texts.into_iter().map(read).collect::<Option<_>>()?)
    }

    /// As a column.
    pub(crate) fn value(&self) -> Value {
        Value::text(&self.to_string())
    }
}

impl fmt::Display for ScopesByApi {
    /// A JSON object: API, scopes with spaces between them. No other mark may not stand in a scope (RFC 6749 section 3.3).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: BTreeMap<&str, &str> = self.0.iter().map(|(api, scopes)| (api.as_str(), scopes.as_str())).collect();
        formatter.write_str(&serde_json::to_string(&texts).map_err(|_| fmt::Error)?)
    }
}

/// Scopes that are of no API: what a client learns of the person, and whether it may go on while they are away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IdentityScopes(u8);

/// One of them (OpenID Connect Core sections 5.4 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityScope {
    /// Who they are: an ID token, and userinfo.
    OpenId,
    /// Their name.
    Profile,
    /// Their address.
    Email,
    /// Refresh tokens that outlive the session.
    OfflineAccess,
}

impl IdentityScope {
    /// All of them.
    pub const ALL: [IdentityScope; 4] = [IdentityScope::OpenId, IdentityScope::Profile, IdentityScope::Email, IdentityScope::OfflineAccess];

    /// Its name in requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IdentityScope::OpenId => "openid",
            IdentityScope::Profile => "profile",
            IdentityScope::Email => "email",
            IdentityScope::OfflineAccess => "offline_access",
        }
    }

    /// That of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<IdentityScope> {
        IdentityScope::ALL.into_iter().find(|scope| scope.name() == name)
    }

    fn bit(self) -> u8 {
        match self {
            IdentityScope::OpenId => 1,
            IdentityScope::Profile => 2,
            IdentityScope::Email => 4,
            IdentityScope::OfflineAccess => 8,
        }
    }
}

impl IdentityScopes {
    /// Whether this is in it.
    #[must_use]
    pub fn has(self, scope: IdentityScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = IdentityScope> {
        IdentityScope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// What both have.
    #[must_use]
    pub fn intersection(self, other: IdentityScopes) -> IdentityScopes {
        IdentityScopes(self.0 & other.0)
    }

    /// What this has and the other has not.
    #[must_use]
    pub fn difference(self, other: IdentityScopes) -> IdentityScopes {
        IdentityScopes(self.0 & !other.0)
    }

    /// What either has.
    #[must_use]
    pub fn union(self, other: IdentityScopes) -> IdentityScopes {
        IdentityScopes(self.0 | other.0)
    }

    /// Those of names with spaces between them; `None`: one of them is unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<IdentityScopes> {
        text.split_ascii_whitespace().map(IdentityScope::from_name).collect()
    }
}

impl FromIterator<IdentityScope> for IdentityScopes {
    fn from_iter<I: IntoIterator<Item = IdentityScope>>(scopes: I) -> IdentityScopes {
        IdentityScopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for IdentityScopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.iter().map(IdentityScope::name).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        let scopes = |pairs: &[(&str, &str)]| {
            ScopesByApi::new(pairs.iter().map(|(api, scopes)| (ApiId::from(*api), parse_scope_list(scopes).unwrap())).collect()).unwrap()
        };
        let all = scopes(&[("api_a", "read write;all"), ("api_b", "")]);
        assert_eq!(all.to_string(), r#"{"api_a":"read write;all","api_b":""}"#);
        assert_eq!(ScopesByApi::parse(&all.to_string()), Some(all.clone()));
        assert_eq!(all.intersection(&scopes(&[("api_a", "read x"), ("api_c", "y")])), scopes(&[("api_a", "read")]));
        for wrong in ["", "[]", r#"{"a":1}"#, r#"{"a":"b  c"}"#] {
            assert_eq!(ScopesByApi::parse(wrong), None, "{wrong}");
        }
        let nine = (0..9).map(|number| (ApiId::from(format!("api_{number}").as_str()), ScopeSet::empty())).collect();
        assert_eq!(ScopesByApi::new(nine), None);
    }

    #[test]
    fn identity_is_apart_from_apis() {
        let asked = IdentityScopes::parse("openid offline_access").unwrap();
        assert_eq!(asked.to_string(), "openid offline_access");
        assert!(asked.has(IdentityScope::OpenId) && !asked.has(IdentityScope::Email));
        let held = IdentityScopes::parse("openid email").unwrap();
        assert_eq!(asked.difference(held).to_string(), "offline_access");
        assert_eq!(asked.intersection(held).to_string(), "openid");
        assert_eq!(asked.union(held).to_string(), "openid email offline_access");
        assert_eq!(IdentityScopes::parse("openid orders:read"), None);
        assert!(IdentityScopes::parse("").unwrap().is_empty());
    }
}
