//! Who administers from elsewhere: what they present is a key or a token for the management API.

use jeton_core::administrator::{Administrator, Needed};
use jeton_core::api::management;
use jeton_core::api_key::verify::Code;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::permission::{Permission, Permissions};
use jeton_core::rights::OwnerStanding;
use jeton_core::token::standing::Standing;
use jeton_core::usage::{Outcome, Subject};
use jeton_oauth::scope::ScopeSet;
use jeton_token::Environment;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::keys::verify::{CheckedBy, KeyCheck};
use crate::service::Service;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

/// Why somebody does not administer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// What was presented is good for nothing, or for another API.
    Unknown,
    /// It was used too often; in so many seconds it may be used again.
    TooOften {
        /// When to come back.
        retry_seconds: i64,
    },
}

impl Service {
    /// Who administers with a bearer token: a key, a personal access token or an access token for the management API. What they may do is
    /// what it allows and its owner may have now.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read. Or why they do not.
    pub async fn administrator(
        &self,
        bearer: &str,
        marks: &Marks<'_>,
        moment: &Moment,
    ) -> Result<Result<Administrator, NotAdmitted>, Failure> {
        match self.prove(bearer).await? {
            Some(proven) => Ok(self.administrator_by_token(&proven, marks, moment).ok_or(NotAdmitted::Unknown)),
            None => self.administrator_by_key(bearer, marks, moment).await,
        }
    }

    /// Notes which permission an administrator made use of: that is a scope of the management API. Where one of several was needed, all of
    /// these that they have.
    pub fn note_exercised(&self, administrator: &Administrator, needed: Needed) {
        let permissions = match &needed {
            Needed::One(permission) => std::slice::from_ref(permission),
            Needed::AnyOf(permissions) => permissions,
            Needed::Nothing => return,
        };
        let Some(subject @ (Subject::Key(_) | Subject::Client(_))) = Subject::parse(administrator.actor.as_str()) else { return };
        let had: Vec<Permission> = permissions.iter().copied().filter(|permission| administrator.permissions.has(*permission)).collect();
        let scopes = Permissions::of(&had).scopes();
        self.recorder.mark(subject, Some(&management::id()), &Marks { scopes: Some(&scopes), ..Marks::default() });
    }

    async fn administrator_by_key(
        &self,
        text: &str,
        marks: &Marks<'_>,
        moment: &Moment,
    ) -> Result<Result<Administrator, NotAdmitted>, Failure> {
        let check = KeyCheck { text, scopes: None, client_ip: marks.address, agent: marks.agent, environment: Some(Environment::Live) };
        // Asked first: a key for another API is not used up by being presented here.
        let is_for_this = match self.presented_key(text).await? {
            Some((entry, _)) => management::is_management(&entry.key.record.api),
            None => false,
        };
        if !is_for_this {
            return Ok(Err(NotAdmitted::Unknown));
        }
        let answer = self.check_key(CheckedBy::Administrator, &check, moment).await?;
        let retry_seconds = answer.rate.as_ref().map_or(1, |left| left.rate.retry_seconds);
        match (answer.code, answer.key) {
            (Code::Valid, Some(key)) => Ok(Ok(Administrator {
                actor: Actor::key(key.entry.key.record.id),
                permissions: Permissions::of_scopes(&key.judged.scopes),
            })),
            (Code::RateLimited, _) => Ok(Err(NotAdmitted::TooOften { retry_seconds })),
            _ => Ok(Err(NotAdmitted::Unknown)),
        }
    }

    fn administrator_by_token(&self, proven: &Proven, marks: &Marks<'_>, moment: &Moment) -> Option<Administrator> {
        let (standing, api) = self.stand(proven, moment);
        let api = api.filter(|api| api.record.is_management() && standing == Standing::Active)?;
        let token = &proven.token;
        let client = self.registry.clients.get(token.client.as_str())?;
        let is_for_this = client.client.record.apis.contains(&api.record.id);
        let granted = ScopeSet::parse(&token.scope).unwrap_or_else(|_| ScopeSet::empty());
        let now = if is_for_this { granted.intersection(&client.client.record.scopes) } else { ScopeSet::empty() };
        let subject = Subject::Client(token.client.clone());
        self.record(Seen {
            subject,
            api: Some(api.record.id.clone()),
            outcome: Outcome::Active,
            refused_by: None,
            marks: *marks,
            at: moment.now,
        });
        let (actor, now) = match &token.held {
            None => (Actor::client(&token.client), now),
            // What it was issued with counts as far as its person may still do it.
            Some(held) => {
                let rights = self.rights_at(&held.person, Some(&api.record));
                if rights.standing != OwnerStanding::Stands {
                    return None;
                }
                (Actor::person(&held.person), now.intersection(&rights.scopes))
            }
        };
        Some(Administrator { actor, permissions: Permissions::of_scopes(&now) })
    }
}
