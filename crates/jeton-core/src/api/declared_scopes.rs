//! The scopes that an API knows: what each allows, and their names as a set.

use std::collections::BTreeMap;
use std::ops::Deref;

use jeton_oauth::scope::ScopeSet;

/// Scopes by name, each with what it allows, in words for people. It is read as the map that it is; the set of its names is made once, since
/// each check of a key asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredScopes {
    described: BTreeMap<String, String>,
    names: ScopeSet,
}

impl DeclaredScopes {
    /// Their names.
    #[must_use]
    pub fn names(&self) -> &ScopeSet {
        &self.names
    }
}

impl From<BTreeMap<String, String>> for DeclaredScopes {
    /// Names are checked where they are declared; of what is no set there are none.
    fn from(described: BTreeMap<String, String>) -> DeclaredScopes {
        let names = described.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let names = ScopeSet::parse(&names).unwrap_or_else(|_| ScopeSet::empty());
        DeclaredScopes { described, names }
    }
}

impl Deref for DeclaredScopes {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &BTreeMap<String, String> {
        &self.described
    }
}
