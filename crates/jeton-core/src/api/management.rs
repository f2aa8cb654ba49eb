//! The management API as an API of its own: what keys, personal access tokens and tokens of administrators are for. Its row and the roles that
//! are built in are made and kept by the program itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::scope::ScopeSet;

use super::{Api, TABLE, TokenFormat, userinfo};
use crate::claim_rules::ClaimRules;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ApiId, RoleId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::permission::{BuiltIn, Permission};
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::refusal::{Reason, Refusal};
use crate::role::{self, Role};

/// The id of its row: no other is written like it, since they are drawn.
const ID: &str = "api_management";

impl Api {
    /// Whether this is the management API.
    #[must_use]
    pub fn is_management(&self) -> bool {
        is_management(&self.id)
    }
}

/// Whether this is the id of the management API.
#[must_use]
pub fn is_management(id: &ApiId) -> bool {
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
    format!("{}/api/v1", issuer.trim_end_matches('/'))
}

/// The id of a role that is built in: no other is written like it, since they are drawn.
#[must_use]
pub fn role_id(role: BuiltIn) -> RoleId {
    RoleId::from(format!("role_{}", role.name()).as_str())
}

/// The role that is built in under this id.
#[must_use]
pub fn built_in(id: &RoleId) -> Option<BuiltIn> {
    BuiltIn::ALL.into_iter().find(|role| role_id(*role) == *id)
}

/// Whether an API may be removed, or changed by people.
///
/// # Errors
/// `Conflict`: the management API may not, and neither may that of who somebody is.
pub fn check_changeable(api: &Api) -> Result<(), Refusal> {
    if userinfo::is(&api.id) {
        return Err(Refusal::new(Reason::Conflict, "this API is built in, for `/oauth/userinfo`: it is neither changed nor removed"));
    }
    if api.is_management() {
        return Err(Refusal::new(Reason::Conflict, "this is the management API: it is neither changed nor removed"));
    }
    Ok(())
}

/// Whether a role may be removed or changed.
///
/// # Errors
/// `Conflict`: one that is built in may not.
pub fn check_role_changeable(role: &Role) -> Result<(), Refusal> {
    if built_in(&role.id).is_some() {
        return Err(Refusal::new(Reason::Conflict, "this role is built in: make another role of the management API beside it"));
    }
    Ok(())
}

/// Makes the row of the management API and the roles that are built in, or brings them to what this program knows. Nothing is written where
/// all is so already.
pub fn keep(issuer: &str, api: Option<&Api>, roles: &[&Role], policies: &Policies, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let mut commit = Commit::new(moment);
    let scopes: BTreeMap<String, String> =
        Permission::ALL.iter().map(|permission| (permission.name().to_owned(), permission.description().to_owned())).collect();
    commit = match api {
        None => {
            let made = make(issuer, scopes, policies, moment);
            let event = Event::ApiCreated {
                actor: actor.clone(),
                api: made.id.clone(),
                audience: made.audience.clone(),
                scopes: Arc::from(made.scope_set().to_string()),
            };
            commit.put(&TABLE, made.row()).tell(event)
        }
        Some(known) if *known.scopes != scopes => {
            let updated = Api { scopes: scopes.into(), updated_at: moment.now.seconds(), ..known.clone() };
            let event = Event::ApiUpdated { actor: actor.clone(), api: known.id.clone(), changed: Arc::from("scopes") };
            commit.put(&TABLE, updated.row()).tell(event)
        }
        Some(_) => commit,
    };
    for role in BuiltIn::ALL {
        let known = roles.iter().find(|known| known.id == role_id(role));
        commit = keep_role(commit, role, known.copied(), actor, moment);
    }
    Outcome::grant((), commit)
}

fn make(issuer: &str, scopes: BTreeMap<String, String>, policies: &Policies, moment: &Moment) -> Api {
    let seconds = moment.now.seconds();
    Api {
        id: id(),
        audience: Arc::from(audience(issuer)),
        name: Arc::from("Jeton management API"),
        scopes: scopes.into(),
        default_scope: ScopeSet::empty(),
        access_token_lifetime_seconds: policies.effective(CredentialKind::AccessToken, &Subject::Deployment).default_seconds,
        // Looked up at each use: nothing that was revoked administers for another moment.
        token_format: TokenFormat::Opaque,
        signing_algorithm: Algorithm::Es256,
        created_at: seconds,
        updated_at: seconds,
        claims: ClaimRules::default(),
    }
}

fn keep_role(commit: Commit, role: BuiltIn, known: Option<&Role>, actor: &Actor, moment: &Moment) -> Commit {
    let (scopes, seconds, actor) = (role.permissions().scopes(), moment.now.seconds(), actor.clone());
    let Some(known) = known else {
        let made = Role {
            id: role_id(role),
            api: id(),
            name: Arc::from(role.name()),
            description: Some(Arc::from(role.description())),
            scopes,
            created_at: seconds,
            updated_at: seconds,
        };
        let event = Event::RoleCreated {
            actor,
            api: made.api.clone(),
            name: made.name.clone(),
            role: made.id.clone(),
            scopes: Arc::from(made.scopes.as_str()),
        };
        return commit.put(&role::TABLE, made.row()).tell(event);
    };
    let (given, taken) = (scopes.difference(&known.scopes), known.scopes.difference(&scopes));
    if given.is_empty() && taken.is_empty() {
        return commit;
    }
    let mut commit = commit.put(&role::TABLE, Role { scopes, updated_at: seconds, ..known.clone() }.row());
    if !taken.is_empty() {
        commit = commit.tell(Event::RoleNarrowed { actor: actor.clone(), role: known.id.clone(), scopes: Arc::from(taken.as_str()) });
    }
    if !given.is_empty() {
        commit = commit.tell(Event::RoleWidened { actor, role: known.id.clone(), scopes: Arc::from(given.as_str()) });
    }
    commit
}
