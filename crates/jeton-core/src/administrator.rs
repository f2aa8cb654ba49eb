//! Who administers, for the length of one request.

use crate::id::Actor;
use crate::permission::{Permission, Permissions};

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

impl Administrator {
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
