//! Making a role.

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;

use super::{Role, TABLE};
use crate::api::{Api, parse_scope_list};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, RoleId, draw_name};
use crate::moment::Moment;
use crate::name::{parse_description, parse_name, spaced};
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct CreateRole {
    /// What people call it.
    pub name: String,
    /// What it is for; nothing when empty.
    pub description: Option<String>,
    /// What it gives: scopes of its API, separated by spaces.
    pub scopes: String,
}

/// Makes a role of an API, which nobody holds. That the name is free there is the store's word: it is unique.
pub fn create(request: &CreateRole, api: &Api, actor: &Actor, moment: &mut Moment) -> Outcome<Role> {
    let commit = Commit::new(moment);
    let role = match parse(request, api, moment) {
        Ok(role) => role,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::RoleCreated {
        actor: actor.clone(),
        api: role.api.clone(),
        name: role.name.clone(),
        role: role.id.clone(),
        scopes: Arc::from(role.scopes.as_str()),
    };
    let commit = commit.put(&TABLE, role.row()).tell(event);
    Outcome::grant(role, commit)
}

fn parse(request: &CreateRole, api: &Api, moment: &mut Moment) -> Result<Role, Refusal> {
    let seconds = moment.now.seconds();
    Ok(Role {
        id: RoleId(draw_name("role_", moment)),
        api: api.id.clone(),
        name: parse_role_name(&request.name)?,
        description: parse_description(request.description.as_deref())?,
        scopes: parse_role_scopes(&request.scopes, api)?,
        created_at: seconds,
        updated_at: seconds,
    })
}

/// A name that is no id of another role.
pub(super) fn parse_role_name(name: &str) -> Result<Arc<str>, Refusal> {
    if name.starts_with("role_") {
        return Err(Refusal::invalid("a role's name does not begin with `role_`, as an id does"));
    }
    parse_name(name, "a role")
}

/// What a role gives: at least one scope, and each of them the API's.
pub(super) fn parse_role_scopes(text: &str, api: &Api) -> Result<ScopeSet, Refusal> {
    let scopes = parse_scope_list(text).map_err(|problem| Refusal::invalid(format!("the scopes: {problem}")))?;
    let unknown = scopes.iter().find(|name| !api.scopes.contains_key(*name)).map(str::to_owned);
    match unknown {
        Some(unknown) => Err(Refusal::invalid(format!("`{unknown}` is no scope of the API of this role{}", spaced(&unknown)))),
        None if scopes.is_empty() => Err(Refusal::invalid("a role gives at least one scope of its API")),
        None => Ok(scopes),
    }
}
