//! What the run knows of what it asked for: clients, APIs and tokens as they were acknowledged.

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::token::AccessToken;
use jeton_service::Proven;

use crate::request::Credentials;

/// An API that was acknowledged.
pub(crate) struct ApiSubject {
    /// Its id.
    pub(crate) id: String,
    /// Its audience.
    pub(crate) audience: String,
    /// The shortest lifetime that was ever asked for, in seconds.
    pub(crate) shortest_lifetime_seconds: i64,
    /// Its removal was asked for.
    pub(crate) may_be_gone: bool,
}

/// A client that was acknowledged.
pub(crate) struct ClientSubject {
    /// Its id and the last secret it was given.
    pub(crate) credentials: Credentials,
    /// The API it was registered for, by its place.
    pub(crate) api: usize,
    /// Its removal was asked for.
    pub(crate) may_be_gone: bool,
}

/// A token that was acknowledged.
pub(crate) struct TokenSubject {
    /// Its text.
    pub(crate) text: String,
    /// What is kept of it, as the service judges it.
    pub(crate) proven: Arc<Proven>,
    /// Its audience.
    pub(crate) audience: String,
    /// Its API, by its place.
    pub(crate) api: usize,
    /// The step at which its client heard of it.
    pub(crate) heard_at: u64,
    /// How many incarnations of the ledger there had been then.
    pub(crate) incarnation: u64,
    /// When somebody heard that it is dead for good, in microseconds since the run began.
    pub(crate) dead_since_micros: Option<i64>,
    /// Somebody heard that it is suspended, and nobody asked for its resumption since.
    pub(crate) is_suspended: bool,
    /// The step at which its resumption was asked for last.
    pub(crate) resume_asked_at: Option<u64>,
    /// A resumption was given up on its way: it may come into effect at any time.
    pub(crate) may_be_resumed: bool,
    /// The entry of the ledger that kills it.
    pub(crate) killed_by: Option<u64>,
    /// The entries of the ledger that suspend (`true`) and resume it.
    pub(crate) suspensions: Vec<(u64, bool)>,
    /// The verifiers that refused it for good.
    pub(crate) refused_by: Vec<usize>,
    /// Its row may have left with its time.
    pub(crate) may_have_left: bool,
}

impl TokenSubject {
    /// What is kept of it.
    #[must_use]
    pub(crate) fn kept(&self) -> &AccessToken {
        &self.proven.token
    }

    /// Whether it is a JWT.
    #[must_use]
    pub(crate) fn is_signed(&self) -> bool {
        self.kept().proof.is_none()
    }

    /// Whether a cut-off of this subject reaches it.
    #[must_use]
    pub(crate) fn is_of(&self, subject: CutOffSubject, name: &str) -> bool {
        match subject {
            CutOffSubject::Everything => true,
            CutOffSubject::Client => self.kept().client.as_str() == name,
            CutOffSubject::Api => self.audience == name,
            CutOffSubject::User | CutOffSubject::Group | CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => false,
        }
    }

    /// Whether the ledger's entries before `next` leave it suspended.
    #[must_use]
    pub(crate) fn is_suspended_before(&self, next: u64) -> bool {
        self.suspensions.iter().rev().find(|(sequence, _)| *sequence < next).is_some_and(|(_, suspends)| *suspends)
    }
}
