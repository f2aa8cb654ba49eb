//! Who administers, for the length of one request.

pub mod appoint;

use std::ops::Deref;

use jeton_oauth::scope::ScopeSet;

use crate::api::management::is_management;
use crate::api_key::ApiKey;
use crate::client::Client;
use crate::id::{Actor, ApiId};
use crate::owner::Owner;
use crate::permission::{Permission, Permissions, may_give};
use crate::refusal::{Reason, Refusal};
use crate::role::Role;
use crate::why::Speaker;

/// Somebody who administers, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// Who the ledger names.
    pub actor: Actor,
    /// What they may do now.
    pub permissions: Permissions,
}

/// What a request to the management API needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// This.
    One(Permission),
    /// One of these: which one depends on what is asked.
    AnyOf(&'static [Permission]),
    /// To be an administrator.
    Nothing,
}

/// They say what they do.
impl<'a> From<&'a Administrator> for Speaker<'a> {
    fn from(administrator: &'a Administrator) -> Speaker<'a> {
        Speaker::from(&administrator.actor)
    }
}

/// Who acts.
impl Deref for Administrator {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Administrator {
    /// Somebody who may everything: who owns the process, and the process itself.
    #[must_use]
    pub fn of_everything(actor: Actor) -> Administrator {
        Administrator { actor, permissions: Permissions::all() }
    }

    /// Whether they may do this, for what only some requests of a kind need.
    ///
    /// # Errors
    /// `Forbidden`, with the permission that lacks.
    pub fn check_has(&self, permission: Permission) -> Result<(), Refusal> {
        if self.permissions.has(permission) {
            return Ok(());
        }
        Err(Refusal::new(Reason::Forbidden, format!("the permission `{}` lacks", permission.name())))
    }

    /// Whether they may give scopes of an API to somebody, or make a way to act with them. Nobody gives what they have not; the scopes of
    /// other APIs than the management API are no permissions.
    ///
    /// # Errors
    /// `Forbidden`, with the first permission that lacks.
    pub fn check_gives(&self, api: &ApiId, scopes: &ScopeSet) -> Result<(), Refusal> {
        if !is_management(api) || may_give(self.permissions, scopes) {
            return Ok(());
        }
        let beyond = scopes.iter().find(|name| !Permission::from_name(name).is_some_and(|name| self.permissions.has(name)));
        let detail = format!("nobody gives what they have not: the permission `{}` lacks", beyond.unwrap_or_default());
        Err(Refusal::new(Reason::Forbidden, detail))
    }

    /// The same of what roles give.
    ///
    /// # Errors
    /// `Forbidden`, with the first permission that lacks.
    pub fn check_gives_roles<'a>(&self, roles: impl IntoIterator<Item = &'a Role>) -> Result<(), Refusal> {
        roles.into_iter().try_for_each(|role| self.check_gives(&role.api, &role.scopes))
    }

    /// The same of what a key allows. Who is outside administers nothing: they hold no roles that could be taken from them.
    ///
    /// # Errors
    /// `Forbidden`, with the first permission that lacks; `InvalidTarget`.
    pub fn check_gives_key(&self, key: &ApiKey) -> Result<(), Refusal> {
        if is_management(&key.api) && matches!(key.owner, Owner::External(_)) {
            let detail = "a key of the management API is a person's, a group's or a client's: others hold no roles";
            return Err(Refusal::new(Reason::InvalidTarget, detail));
        }
        self.check_gives(&key.api, &key.scopes)
    }

    /// The same of what a client may ask for.
    ///
    /// # Errors
    /// `Forbidden`, with the first permission that lacks.
    pub fn check_gives_client(&self, client: &Client) -> Result<(), Refusal> {
        match client.apis.iter().find(|api| is_management(api)) {
            Some(api) => self.check_gives(api, &Permissions::of_scopes(&client.scopes).scopes()),
            None => Ok(()),
        }
    }

    /// The same of an API that is to be accepted again: of the management API, all that it knows.
    ///
    /// # Errors
    /// `Forbidden`, with the first permission that lacks.
    pub fn check_gives_api(&self, api: &ApiId) -> Result<(), Refusal> {
        self.check_gives(api, &Permissions::all().scopes())
    }

    /// Whether they may ask for what needs this; else the permission that lacks.
    ///
    /// # Errors
    /// The first permission that would help.
    pub fn may(&self, needed: Needed) -> Result<(), Permission> {
        let has = |permission: &Permission| self.permissions.has(*permission);
        match needed {
            Needed::Nothing => Ok(()),
            Needed::One(permission) if has(&permission) => Ok(()),
            Needed::One(permission) => Err(permission),
            Needed::AnyOf(permissions) if permissions.iter().any(has) => Ok(()),
            Needed::AnyOf(permissions) => permissions.first().copied().map_or(Ok(()), Err),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::BuiltIn;
    use Permission::{KeysRevoke, KeysWrite, RevocationsWrite, RolesWrite, TokensRevoke};

    #[track_caller]
    fn check(role: BuiltIn, needed: Needed, expected: Result<(), Permission>) {
        let administrator = Administrator { actor: Actor::from("unix:1"), permissions: role.permissions() };
        assert_eq!(administrator.may(needed), expected, "{role:?} {needed:?}");
    }

    #[test]
    fn what_a_request_needs() {
        check(BuiltIn::Auditor, Needed::Nothing, Ok(()));
        check(BuiltIn::Auditor, Needed::One(KeysWrite), Err(KeysWrite));
        check(BuiltIn::Operator, Needed::One(RolesWrite), Err(RolesWrite));
        check(BuiltIn::Owner, Needed::One(RolesWrite), Ok(()));
        check(BuiltIn::Developer, Needed::AnyOf(&[RevocationsWrite, KeysRevoke]), Ok(()));
        check(BuiltIn::Auditor, Needed::AnyOf(&[TokensRevoke, KeysRevoke]), Err(TokensRevoke));
    }
}
