//! What a key was given and does not have now, and what took it away.

use crate::api::Api;
use crate::api_key::ApiKey;
use crate::owner::Owner;
use crate::rights::OwnerStanding;
use jeton_oauth::scope::ScopeSet;

/// What took a scope away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBy {
    /// The API knows it no more, or is gone.
    Api,
    /// The owner does not stand: it is gone, disabled or suspended.
    Owner,
    /// The client, its owner or who handed it out, may not have it.
    Client,
    /// The roles of the person or the group do not give it.
    Roles,
}

impl TakenBy {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TakenBy::Api => "api",
            TakenBy::Owner => "owner",
            TakenBy::Client => "client",
            TakenBy::Roles => "roles",
        }
    }
}

/// Each scope of a key that its owner may not have now.
#[must_use]
pub fn taken(key: &ApiKey, api: Option<&Api>, owner: OwnerStanding, may_have: &ScopeSet) -> Vec<(String, TakenBy)> {
    let known = api.map_or_else(ScopeSet::empty, Api::scope_set);
    let by = |scope: &str| {
        if !known.contains(scope) {
            return TakenBy::Api;
        }
        match (owner, &key.owner) {
            (OwnerStanding::Disabled | OwnerStanding::Suspended | OwnerStanding::Gone, _) => TakenBy::Owner,
            (OwnerStanding::NoAccess, _) => TakenBy::Client,
            (OwnerStanding::Stands, Owner::Client(_) | Owner::External(_)) => TakenBy::Client,
            (OwnerStanding::Stands, Owner::Person(_) | Owner::Group(_)) => TakenBy::Roles,
        }
    };
    let lost = key.scopes.iter().filter(|scope| !may_have.contains(scope));
    lost.map(|scope| (scope.to_owned(), by(scope))).collect()
}
