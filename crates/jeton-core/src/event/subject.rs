//! What cut-offs and suspensions are over.

use serde::{Deserialize, Serialize};

/// Whose tokens a cut-off ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutOffSubject {
    /// Those of one client.
    Client,
    /// Those of one person.
    User,
    /// Those of one session.
    Session,
    /// Those of one refresh family.
    Family,
    /// Those for one API.
    Api,
    /// Those of one key.
    Key,
    /// The keys of one group.
    Group,
    /// All of them.
    Everything,
}

impl CutOffSubject {
    /// Its name in entries, requests and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CutOffSubject::Client => "client",
            CutOffSubject::User => "user",
            CutOffSubject::Session => "session",
            CutOffSubject::Family => "family",
            CutOffSubject::Api => "api",
            CutOffSubject::Key => "key",
            CutOffSubject::Group => "group",
            CutOffSubject::Everything => "everything",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_entries_have() {
        for subject in [
            CutOffSubject::Client,
            CutOffSubject::User,
            CutOffSubject::Session,
            CutOffSubject::Family,
            CutOffSubject::Api,
            CutOffSubject::Key,
            CutOffSubject::Group,
            CutOffSubject::Everything,
        ] {
            assert_eq!(serde_json::to_value(subject).unwrap(), subject.name());
        }
    }
}
