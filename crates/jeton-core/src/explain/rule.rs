//! The rule that decides over a credential.

use std::net::IpAddr;

use super::cut_off::CutOff;
use super::end::End;
use super::said::Said;
use super::suspension::Suspension;
use crate::id::KeyId;
use crate::policy::Level;

/// The rule that decides over a credential: the first that speaks against it, in the order in which they are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// None speaks against it.
    Accepted,
    /// Somebody revoked it. `None` here and below: who, was not found.
    Revoked(Option<Said>),
    /// Somebody suspended it.
    Suspended(Option<Said>),
    /// Everything of a subject that was issued before a time is dead.
    CutOff(Option<CutOff>),
    /// Everything of a subject is suspended, it or what it belongs to.
    SubjectSuspended(Option<Suspension>),
    /// The key that signed it is not trusted any more.
    SigningKeyRevoked(KeyId, Option<Said>),
    /// Its time is over.
    Expired(End),
    /// Nobody used it for long.
    Idle(Unused),
    /// Its owner is gone.
    OwnerGone,
    /// Its owner, or who handed it out, may not ask for its API now.
    NoAccess,
    /// Its owner is disabled.
    OwnerDisabled,
    /// What it was for is gone.
    ApiGone,
    /// Who held it is gone.
    ClientGone,
    /// It may be used from this second on.
    NotYet(i64),
    /// It is bound to networks, and the address that was asked about is in none of them.
    IpDenied(IpAddr),
}

/// The idle time that a key went over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// Whether it is revoked for that, not suspended.
    pub is_final: bool,
    /// After how long without a use a key is suspended, in seconds; after as long again it is revoked.
    pub seconds: i64,
    /// The level that says so; `None` is the table.
    pub level: Option<Level>,
}

impl Rule {
    /// Its name in answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Accepted => "accepted",
            Rule::Revoked(_) => "revoked",
            Rule::Suspended(_) => "suspended",
            Rule::CutOff(_) => "cut_off",
            Rule::SubjectSuspended(_) => "subject_suspended",
            Rule::SigningKeyRevoked(..) => "signing_key_revoked",
            Rule::Expired(_) => "expired",
            Rule::Idle(_) => "idle",
            Rule::OwnerGone => "owner_gone",
            Rule::NoAccess => "no_access",
            Rule::OwnerDisabled => "owner_disabled",
            Rule::ApiGone => "api_gone",
            Rule::ClientGone => "client_gone",
            Rule::NotYet(_) => "not_yet",
            Rule::IpDenied(_) => "ip_denied",
        }
    }
}
