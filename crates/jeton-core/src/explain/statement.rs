//! What was said of a credential, or of what it belongs to: revocations, suspensions, cut-offs, each with who said it and when.

use std::sync::Arc;

use crate::event::CutOffSubject;
use crate::id::{Actor, CredentialId, KeyId};
use crate::token::negative::Says;
use crate::why::Because;

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where the ledger tells it.
    pub sequence: u64,
    /// When, in seconds.
    pub at: i64,
    /// Who.
    pub by: Actor,
    /// Why, where that was said.
    pub why: Option<Because>,
    /// What.
    pub says: Says,
}

/// Of whom statements are looked for: a credential and what it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// The token itself; `None` of a key, whose own row says what was said of it.
    pub token: Option<CredentialId>,
    /// The client that holds it or handed it out.
    pub client: Option<Arc<str>>,
    /// The person whose it is.
    pub person: Option<Arc<str>>,
    /// The session that it goes with.
    pub session: Option<Arc<str>>,
    /// The grant that it came of.
    pub family: Option<Arc<str>>,
    /// The group whose it is.
    pub group: Option<Arc<str>>,
    /// The audience of what it is for.
    pub audience: Option<Arc<str>>,
    /// The keys that can have signed it.
    pub signing_keys: Vec<KeyId>,
}

impl Concerned {
    /// Whether something that is said is said of them.
    #[must_use]
    pub fn hears(&self, says: &Says) -> bool {
        match says {
            Says::Revoked(token, _) | Says::Suspended(token, _) | Says::Resumed(token, _) => self.token == Some(*token),
            Says::CutOff(subject, name, _) | Says::SubjectSuspended(subject, name) | Says::SubjectResumed(subject, name) => {
                self.belongs_to(*subject, name)
            }
            // Of tokens alone: keys live as their policies say.
            Says::Lifetime(audience, ..) => self.token.is_some() && self.audience.as_ref() == Some(audience),
            Says::KeyRevoked(key) => self.signing_keys.contains(key),
            // Its own row says more.
            Says::ApiKeyChanged(..) => false,
        }
    }

    fn belongs_to(&self, subject: CutOffSubject, name: &Arc<str>) -> bool {
        let named = match subject {
            CutOffSubject::Everything => return true,
            CutOffSubject::Client => &self.client,
            CutOffSubject::User => &self.person,
            CutOffSubject::Group => &self.group,
            CutOffSubject::Api => &self.audience,
            CutOffSubject::Session => &self.session,
            CutOffSubject::Family => &self.family,
            // Of one key, its own row says more.
            CutOffSubject::Key => return false,
        };
        named.as_ref() == Some(name)
    }
}
