//! What administrators may do: the scopes of the management API, and the roles that are built in.

use jeton_oauth::scope::ScopeSet;
use jeton_token::Kind;

use crate::api::parse_scope_list;
use crate::event::CutOffSubject;

macro_rules! permissions {
    ($(#[doc = $description:literal] $permission:ident = $name:literal),* $(,)?) => {
        /// One thing that an administrator may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Permission {
            $(#[doc = $description] $permission),*
        }

        impl Permission {
            /// All of them.
            pub const ALL: &[Permission] = &[$(Permission::$permission),*];

            /// Its name: a scope of the management API.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Permission::$permission => $name),*
                }
            }

            /// What it allows, in words for people.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Permission::$permission => $description),*
                }
                .trim()
            }
        }
    };
}

permissions! {
    /// See APIs.
    ApisRead = "jeton:apis:read",
    /// Declare, change and remove APIs.
    ApisWrite = "jeton:apis:write",
    /// See clients.
    ClientsRead = "jeton:clients:read",
    /// Register, change and remove clients, and make and end their secrets.
    ClientsWrite = "jeton:clients:write",
    /// See keys.
    KeysRead = "jeton:keys:read",
    /// Make, change, rotate and transfer keys.
    KeysWrite = "jeton:keys:write",
    /// Suspend, resume and revoke single keys.
    KeysRevoke = "jeton:keys:revoke",
    /// Ask whether a key is good.
    KeysVerify = "jeton:keys:verify",
    /// See tokens.
    TokensRead = "jeton:tokens:read",
    /// Issue tokens to clients.
    TokensIssue = "jeton:tokens:issue",
    /// Suspend, resume and revoke single tokens.
    TokensRevoke = "jeton:tokens:revoke",
    /// See people and groups.
    PeopleRead = "jeton:people:read",
    /// Take in, change and disable people, and make and fill groups.
    PeopleWrite = "jeton:people:write",
    /// Let people try again at once who failed too often.
    PeopleRecover = "jeton:people:recover",
    /// See roles and who holds them.
    RolesRead = "jeton:roles:read",
    /// Make roles, give and take them.
    RolesWrite = "jeton:roles:write",
    /// See policies.
    PoliciesRead = "jeton:policies:read",
    /// Set policies and make exceptions.
    PoliciesWrite = "jeton:policies:write",
    /// End or suspend everything of a subject at once.
    RevocationsWrite = "jeton:revocations:write",
    /// See signing keys.
    SigningKeysRead = "jeton:signing_keys:read",
    /// Rotate and revoke signing keys.
    SigningKeysWrite = "jeton:signing_keys:write",
    /// See the epochs of the root key.
    RootKeyRead = "jeton:root_key:read",
    /// Rotate the root key.
    RootKeyWrite = "jeton:root_key:write",
    /// Read the ledger.
    AuditRead = "jeton:audit:read",
    /// See what is used.
    UsageRead = "jeton:usage:read",
    /// See how the server is.
    ServerRead = "jeton:server:read",
    /// Let the server look over its folder.
    ServerWrite = "jeton:server:write",
    /// Accept what a restore from a backup may have lost.
    BackupsAccept = "jeton:backups:accept",
    /// Erase people, and what the ledger says of them.
    PeopleErase = "jeton:people:erase",
    /// Take out people with the hashes of their passwords.
    PeopleExport = "jeton:people:export",
}

impl Permission {
    /// The permission of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Permission> {
        Permission::ALL.iter().copied().find(|permission| permission.name() == name)
    }
}

/// What one administrator may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// Everything.
    #[must_use]
    pub fn all() -> Permissions {
        Permissions::of(Permission::ALL)
    }

    /// These.
    #[must_use]
    pub fn of(permissions: &[Permission]) -> Permissions {
        Permissions(permissions.iter().fold(0, |bits, permission| bits | bit(*permission)))
    }

    /// Those that scopes of the management API name.
    #[must_use]
    pub fn of_scopes(scopes: &ScopeSet) -> Permissions {
        Permissions(scopes.iter().filter_map(Permission::from_name).fold(0, |bits, permission| bits | bit(permission)))
    }

    /// As scopes of the management API.
    #[must_use]
    pub fn scopes(self) -> ScopeSet {
        let names: Vec<&str> = self.iter().map(Permission::name).collect();
        // There are fewer than a set may have, and each is a name.
        parse_scope_list(&names.join(" ")).unwrap_or_else(|_| ScopeSet::empty())
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }

    /// Whether this is among them.
    #[must_use]
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }
}

fn bit(permission: Permission) -> u32 {
    1 << permission as u32
}

/// Whether somebody may give scopes of the management API to another: nobody gives what he has not. A scope that is no permission of this
/// program may be one of a newer program, so nobody gives it here.
#[must_use]
pub fn may_give(grantor: Permissions, scopes: &ScopeSet) -> bool {
    scopes.iter().all(|name| Permission::from_name(name).is_some_and(|permission| grantor.has(permission)))
}

/// What it takes to end everything of a subject; of one token, where there is none.
#[must_use]
pub fn to_end(subject: Option<CutOffSubject>) -> Permission {
    match subject {
        None => Permission::TokensRevoke,
        Some(CutOffSubject::Key) => Permission::KeysRevoke,
        Some(
            CutOffSubject::Client
            | CutOffSubject::Api
            | CutOffSubject::User
            | CutOffSubject::Group
            | CutOffSubject::Session
            | CutOffSubject::Family
            | CutOffSubject::Everything,
        ) => Permission::RevocationsWrite,
    }
}

/// What it takes to see a subject.
#[must_use]
pub fn to_see(subject: CutOffSubject) -> Permission {
    match subject {
        CutOffSubject::Client => Permission::ClientsRead,
        CutOffSubject::Api => Permission::ApisRead,
        CutOffSubject::User | CutOffSubject::Group => Permission::PeopleRead,
        CutOffSubject::Key => Permission::KeysRead,
        CutOffSubject::Session | CutOffSubject::Family => Permission::TokensRead,
        CutOffSubject::Everything => Permission::ServerRead,
    }
}

/// What it takes to end one credential of a kind, or to suspend and resume it.
#[must_use]
pub fn to_end_one(kind: Kind) -> Permission {
    match kind {
        Kind::AccessToken => Permission::TokensRevoke,
        Kind::ApiKey | Kind::PersonalAccessToken => Permission::KeysRevoke,
        Kind::ClientSecret => Permission::ClientsWrite,
        _ => Permission::RevocationsWrite,
    }
}

/// A role of administrators that is there from the start and cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Everything.
    Owner,
    /// All that runs a deployment, but neither who administers it nor its root key.
    Operator,
    /// APIs, clients, keys and tokens.
    Developer,
    /// Sees everything, changes nothing.
    Auditor,
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [BuiltIn; 4] = [BuiltIn::Owner, BuiltIn::Operator, BuiltIn::Developer, BuiltIn::Auditor];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::Owner => "owner",
            BuiltIn::Operator => "operator",
            BuiltIn::Developer => "developer",
            BuiltIn::Auditor => "auditor",
        }
    }

    /// What it is for, in words for people.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            BuiltIn::Owner => "Everything",
            BuiltIn::Operator => "All that runs a deployment, but neither who administers it nor its root key",
            BuiltIn::Developer => "APIs, clients, keys and tokens",
            BuiltIn::Auditor => "Sees everything, changes nothing",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<BuiltIn> {
        BuiltIn::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it allows.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        let allowed: Vec<Permission> = Permission::ALL.iter().copied().filter(|permission| self.allows(*permission)).collect();
        Permissions::of(&allowed)
    }

    /// Exhaustive on purpose: whoever adds a permission decides for each role.
    fn allows(self, permission: Permission) -> bool {
        use BuiltIn::{Auditor, Developer, Operator, Owner};
        use Permission as P;
        match permission {
            P::ApisRead
            | P::ClientsRead
            | P::KeysRead
            | P::TokensRead
            | P::PeopleRead
            | P::RolesRead
            | P::PoliciesRead
            | P::SigningKeysRead
            | P::UsageRead
            | P::ServerRead => true,
            P::ApisWrite | P::ClientsWrite | P::KeysWrite | P::KeysRevoke | P::KeysVerify | P::TokensIssue | P::TokensRevoke => {
                self != Auditor
            }
            P::PeopleWrite | P::PeopleRecover | P::PoliciesWrite | P::RevocationsWrite | P::SigningKeysWrite | P::ServerWrite => {
                matches!(self, Owner | Operator)
            }
            P::AuditRead | P::RootKeyRead => self != Developer,
            P::RolesWrite | P::RootKeyWrite | P::BackupsAccept | P::PeopleErase | P::PeopleExport => self == Owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_has_a_name_and_a_bit_of_its_own() {
        for (place, permission) in Permission::ALL.iter().enumerate() {
            assert_eq!(Permission::from_name(permission.name()), Some(*permission));
            assert_eq!(Permissions::of(&[*permission]).0, 1 << place, "{permission:?}");
        }
        assert_eq!((Permission::ALL.len(), Permissions::all().0.count_ones()), (30, 30));
        assert_eq!(Permission::from_name("jeton:everything"), None);
    }

    #[track_caller]
    fn check(grantor: BuiltIn, scopes: &str, expected: bool) {
        assert_eq!(may_give(grantor.permissions(), &ScopeSet::parse(scopes).unwrap()), expected, "{grantor:?} {scopes}");
    }

    #[test]
    fn nobody_gives_what_he_has_not() {
        check(BuiltIn::Operator, "jeton:keys:read jeton:people:write", true);
        check(BuiltIn::Operator, "jeton:keys:read jeton:roles:write", false);
        check(BuiltIn::Developer, "jeton:keys:write", true);
        check(BuiltIn::Developer, "jeton:audit:read", false);
        check(BuiltIn::Auditor, "jeton:keys:write", false);
        check(BuiltIn::Auditor, "", true);
        check(BuiltIn::Owner, "jeton:root_key:write", true);
        check(BuiltIn::Owner, "jeton:keys:read jeton:moon:write", false);
        for giver in BuiltIn::ALL {
            for taker in BuiltIn::ALL {
                let names: Vec<&str> =
                    Permission::ALL.iter().filter(|each| taker.permissions().has(**each)).map(|each| each.name()).collect();
                let scopes = ScopeSet::parse(&names.join(" ")).unwrap();
                assert_eq!(Permissions::of_scopes(&scopes), taker.permissions());
                let is_more = Permission::ALL.iter().any(|each| taker.permissions().has(*each) && !giver.permissions().has(*each));
                assert_eq!(may_give(giver.permissions(), &scopes), !is_more, "{giver:?} to {taker:?}");
            }
        }
    }

    #[test]
    fn built_in_roles() {
        let counts = BuiltIn::ALL.map(|role| (role.name(), role.permissions().0.count_ones()));
        assert_eq!(counts, [("owner", 30), ("operator", 25), ("developer", 17), ("auditor", 12)]);
        for role in BuiltIn::ALL {
            assert_eq!(BuiltIn::from_name(role.name()), Some(role));
        }
    }
}
