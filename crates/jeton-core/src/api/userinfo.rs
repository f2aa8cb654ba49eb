//! What tokens are for that only tell who somebody is: an API of its own, so that each token has one audience. Its row is made by the program
//! itself, once people may sign in to a client.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::scope::ScopeSet;

use super::{Api, TABLE, TokenFormat};
use crate::claim_rules::ClaimRules;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ApiId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;

/// The id of its row: no other is written like it, since they are drawn.
const ID: &str = "api_userinfo";

/// Whether this is its id.
#[must_use]
pub fn is(id: &ApiId) -> bool {
    id.as_str() == ID
}

/// Its id.
#[must_use]
pub fn id() -> ApiId {
    ApiId::from(ID)
}

/// Its audience, at an issuer.
#[must_use]
pub fn audience(issuer: &str) -> String {
    format!("{}/oauth/userinfo", issuer.trim_end_matches('/'))
}

/// Makes its row, where there is none.
pub fn keep(issuer: &str, known: Option<&Api>, policies: &Policies, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let (commit, seconds) = (Commit::new(moment), moment.now.seconds());
    if known.is_some() {
        return Outcome::grant((), commit);
    }
    let made = Api {
        id: id(),
        audience: Arc::from(audience(issuer)),
        name: Arc::from("Who somebody is"),
        scopes: BTreeMap::new().into(),
        default_scope: ScopeSet::empty(),
        access_token_lifetime_seconds: policies.effective(CredentialKind::AccessToken, &Subject::Deployment).default_seconds,
        // Asked for here alone, and looked up each time.
        token_format: TokenFormat::Opaque,
        signing_algorithm: Algorithm::Es256,
        created_at: seconds,
        updated_at: seconds,
        claims: ClaimRules::default(),
    };
    let event = Event::ApiCreated { actor: actor.clone(), api: made.id.clone(), audience: made.audience.clone(), scopes: Arc::from("") };
    Outcome::grant((), commit.put(&TABLE, made.row()).tell(event))
}
