//! Who the person of a token is (OpenID Connect Core 1.0 section 5.3).

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::grant::scopes::{IdentityScope, IdentityScopes};
use jeton_core::moment::Moment;
use jeton_core::person::Person;
use jeton_core::record::Versioned;
use jeton_core::token::standing::Standing;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::service::Service;

/// Somebody, and what may be told of them.
#[derive(Clone, Debug)]
pub struct Userinfo {
    /// Who it is.
    pub person: Arc<Versioned<Person>>,
    /// What was granted.
    pub scopes: IdentityScopes,
    /// What the client declares beside what is standard.
    pub declared: Map<String, Value>,
}

/// Why nothing is told.
#[derive(Clone, Debug)]
pub enum NotTold {
    /// The token is none of ours, or is not accepted.
    Invalid,
    /// It is nobody's but its client's, or its person did not let it tell who they are.
    Insufficient,
    /// Nothing can be read now.
    Failed(Failure),
}

impl From<Failure> for NotTold {
    fn from(failure: Failure) -> NotTold {
        NotTold::Failed(failure)
    }
}

impl Service {
    /// Who the person of an access token is. Any token of ours does that has the scope `openid`, whatever API it is for.
    ///
    /// # Errors
    /// [`NotTold`].
    pub async fn userinfo(&self, text: &str, moment: &Moment) -> Result<Userinfo, NotTold> {
        let proven = self.prove(text).await?.ok_or(NotTold::Invalid)?;
        if self.stand(&proven, moment).0 != Standing::Active {
            return Err(NotTold::Invalid);
        }
        let held = proven.token.held.as_ref().ok_or(NotTold::Insufficient)?;
        let scopes: IdentityScopes = proven.token.scope.split(' ').filter_map(IdentityScope::from_name).collect();
        if !scopes.has(IdentityScope::OpenId) {
            return Err(NotTold::Insufficient);
        }
        let person = self.registry.people.all.get(held.person.as_str()).filter(|person| person.record.is_active());
        let is_suspended = self.registry.suspended_since(CutOffSubject::User, &held.person.0).is_some();
        let person = person.filter(|_| !is_suspended).ok_or(NotTold::Invalid)?;
        let declared = self.claims_of_person(&proven.token.client, &person.record, scopes);
        Ok(Userinfo { person, scopes, declared })
    }
}
