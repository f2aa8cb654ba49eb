//! A person, as they are answered: in lists, and with what they have by groups and roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::group::Group;
use jeton_core::id::{Actor, GroupId, PersonId, RoleId};
use jeton_core::person::{Person, State as Standing};
use jeton_core::role::holder::Holder;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::registry::people::Held;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{SubjectState, UserState};
use super::rfc3339;
use super::suspended::Suspension;

/// Where people are found.
pub(super) const LOOK: &str = "list the users: `jeton user list`";

/// A person, as they are answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "User")]
pub(super) struct Shown {
    /// The id of the person.
    #[schemars(with = "String")]
    id: PersonId,
    /// The name that they are known by.
    username: Arc<str>,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Arc<str>>,
    /// Whether it is known that letters reach them there; absent where there is no address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// `active`; `suspended` until they are resumed: nothing of theirs is accepted, and they get nothing new; or `disabled`.
    #[schemars(with = "UserState")]
    state: &'static str,
    #[serde(flatten)]
    suspension: Suspension,
    /// When they were disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<String>,
    /// Who disabled them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    disabled_by: Option<Actor>,
    /// When they were taken in.
    created_at: String,
    /// When they were last changed.
    updated_at: String,
}

/// A person with what they have by groups and roles.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UserWithRights")]
pub(super) struct ShownWhole {
    #[serde(flatten)]
    person: Shown,
    /// What is known of them by name.
    attributes: BTreeMap<String, String>,
    /// The groups that they are in.
    groups: Vec<InGroup>,
    /// The roles that they hold.
    roles: Vec<HeldRole>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "GroupOfUser")]
struct InGroup {
    /// The id of the group.
    #[schemars(with = "String")]
    id: GroupId,
    /// Its name.
    name: Arc<str>,
    /// `active`, or `suspended` until it is resumed.
    #[schemars(with = "SubjectState")]
    state: &'static str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RoleOfUser")]
struct HeldRole {
    /// The id of the role.
    #[schemars(with = "String")]
    id: RoleId,
    /// Its name.
    name: Arc<str>,
    /// The API that it is a role of.
    audience: Arc<str>,
    /// What it gives: names with spaces between.
    scope: String,
    /// The group that it comes through; absent where they hold it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Arc<str>>,
}

/// How somebody stands; who is disabled has nothing that a suspension would keep from them.
pub(super) fn state_of(person: &Person, service: &Service) -> &'static str {
    match person.state {
        Standing::Active if service.registry().suspended_since(CutOffSubject::User, &person.id.0).is_some() => "suspended",
        _ => person.state.name(),
    }
}

impl Shown {
    pub(super) fn of(person: &Person, service: &Service) -> Result<Shown, Failure> {
        let (disabled_at, disabled_by) = match &person.state {
            Standing::Active => (None, None),
            Standing::Disabled { at, by } => (Some(rfc3339::format(*at)), Some(by.clone())),
        };
        Ok(Shown {
            id: person.id.clone(),
            username: person.username.clone(),
            name: person.name.clone(),
            email: person.email.clone(),
            email_verified: person.email.as_ref().map(|_| person.email_verified_at.is_some()),
            state: state_of(person, service),
            suspension: Suspension::of(service, CutOffSubject::User, &person.id.0)?,
            disabled_at,
            disabled_by,
            created_at: rfc3339::format(person.created_at),
            updated_at: rfc3339::format(person.updated_at),
        })
    }
}

impl ShownWhole {
    pub(super) fn of(person: &Person, service: &Service) -> Result<ShownWhole, Failure> {
        let groups = service.groups_of(person);
        let roles = service.registry().people.roles_of(&Holder::Person(person.id.clone()));
        Ok(ShownWhole {
            person: Shown::of(person, service)?,
            attributes: person.attributes.clone(),
            groups: groups.iter().map(|group| InGroup::of(&group.record, service)).collect(),
            roles: roles.iter().filter_map(|held| HeldRole::of(held, service)).collect(),
        })
    }
}

impl InGroup {
    fn of(group: &Group, service: &Service) -> InGroup {
        let is_suspended = service.registry().suspended_since(CutOffSubject::Group, &group.id.0).is_some();
        InGroup { id: group.id.clone(), name: group.name.clone(), state: if is_suspended { "suspended" } else { "active" } }
    }
}

impl HeldRole {
    fn of(held: &Held, service: &Service) -> Option<HeldRole> {
        let role = &held.role.record;
        Some(HeldRole {
            id: role.id.clone(),
            name: role.name.clone(),
            audience: service.registry().api(role.api.as_str())?.record.audience.clone(),
            scope: role.scopes.to_string(),
            group: held.through.as_ref().map(|group| group.record.name.clone()),
        })
    }
}
