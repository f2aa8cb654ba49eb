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
