//! `/roles`: made, changed, removed, listed, and who holds them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::api::management::built_in;
use jeton_core::id::{Actor, RoleId};
use jeton_core::permission::Permission;
use jeton_core::record::Versioned;
use jeton_core::role::Role;
use jeton_core::role::assign::Assignment;
use jeton_core::role::create::CreateRole;
use jeton_core::role::holder::Holder;
use jeton_core::role::update::UpdateRole;
use jeton_service::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, no_content, ok};
use super::body::Body;
use super::management::Management;
use super::once::Once;
use super::page::Listing;
use super::problem::Problem;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

const READ: Access = Access::Permission(Permission::RolesRead);
const WRITE: Access = Access::Permission(Permission::RolesWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new((Verb::Get, "/roles"), READ, Repeats::Reads, |at| at.on(list), About::new("roles", "Lists the roles.").lists::<Shown>()),
    Route::new(
        (Verb::Post, "/roles"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("roles", "Makes a role of an API.").takes::<Create>().makes::<Shown>(),
    ),
    Route::new(
        (Verb::Get, "/roles/{role}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("roles", "Shows a role.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Patch, "/roles/{role}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("roles", "Changes a role.").takes::<Update>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/roles/{role}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("roles", "Removes a role.").only_does(),
    ),
    Route::new(
        (Verb::Get, "/roles/{role}/assignments"),
        READ,
        Repeats::Reads,
        |at| at.on(assignments),
        About::new("roles", "Lists who holds a role.").lists::<ShownAssignment>(),
    ),
    Route::new(
        (Verb::Put, "/roles/{role}/assignments/{subject}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(assign),
        About::new("roles", "Gives a role to a person or a group.").only_does(),
    ),
    Route::new(
        (Verb::Delete, "/roles/{role}/assignments/{subject}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(unassign),
        About::new("roles", "Takes a role from a person or a group.").only_does(),
    ),
];

const LOOK: &str = "list what there is: `jeton role list`, `jeton api list`, `jeton user list`, `jeton group list`";

/// A role, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Role")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: RoleId,
    /// Its name.
    name: Arc<str>,
    /// The API that it is a role of.
    audience: Arc<str>,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Arc<str>>,
    /// What it gives: names with spaces between.
    scope: String,
    /// Whether it comes with Jeton: then it is not changed.
    built_in: bool,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// One who holds a role.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Assignment")]
struct ShownAssignment {
    /// `user:ID` or `group:ID`.
    subject: String,
    /// The username, or the group's name.
    name: Option<Arc<str>>,
    /// Since when.
    since: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateRole")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The API that it is a role of, by audience or id.
    audience: String,
    /// Its name.
    name: String,
    /// What it is for, in words.
    description: Option<String>,
    /// What it gives: names with spaces between.
    scope: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateRole")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// Its name.
    name: Option<String>,
    /// What it is for, in words.
    description: Option<String>,
    /// What it gives: names with spaces between, in place of what it gives now.
    scope: Option<String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let roles = &service.registry().people.roles.all;
    let fetch = |after: Option<&str>, limit| roles.after(after, limit);
    let listing = Listing::parse(&uri, &service)?;
    ok(&listing.fetched(fetch, |role| format!("{} {}", role.record.name, role.record.id), |role| Shown::of(&role.record, &service))?)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = CreateRole { name: create.name, description: create.description, scopes: create.scope };
    let made = service.create_role(&create.audience, &request, &by, &repeat.moment(&service)).await;
    created(&Shown::of(&made.map_err(|failure| Problem::from(failure).look(LOOK))?, &service))
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let role = service.find_role(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&Shown::of(&role.record, &service))
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let request = UpdateRole { name: update.name, description: update.description, scopes: update.scope };
    let updated = service.update_role(&name, &request, &by, &service.moments().now()).await;
    ok(&Shown::of(&updated.map_err(|failure| Problem::from(failure).look(LOOK))?, &service))
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
) -> Answer {
    let removed = service.delete_role(&name, &actor, &service.moments().now()).await;
    removed.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

async fn assignments(State(Management { service, .. }): State<Management>, Target(name): Target<String>, uri: Uri) -> Answer {
    let role = service.find_role(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    let fetch = |after: Option<&str>, limit| service.holders_after(&role.record, after, limit);
    let item = |assignment: &Arc<Versioned<Assignment>>| ShownAssignment::of(&assignment.record, &service);
    let listing = Listing::parse(&uri, &service)?;
    ok(&listing.fetched(fetch, |assignment| assignment.record.holder.to_string(), item)?)
}

async fn assign(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target((role, subject)): Target<(String, String)>,
) -> Answer {
    let assigned = service.assign_role(&role, &subject, &by, &service.moments().now()).await;
    assigned.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

async fn unassign(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target((role, subject)): Target<(String, String)>,
) -> Answer {
    let unassigned = service.unassign_role(&role, &subject, &actor, &service.moments().now()).await;
    unassigned.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

impl Shown {
    fn of(role: &Role, service: &Service) -> Shown {
        Shown {
            id: role.id.clone(),
            name: role.name.clone(),
            // An API takes its roles with it.
            audience: service.registry().api(role.api.as_str()).map(|api| api.record.audience.clone()).unwrap_or_default(),
            description: role.description.clone(),
            scope: role.scopes.to_string(),
            built_in: built_in(&role.id).is_some(),
            created_at: rfc3339::format(role.created_at),
            updated_at: rfc3339::format(role.updated_at),
        }
    }
}

impl ShownAssignment {
    fn of(assignment: &Assignment, service: &Service) -> ShownAssignment {
        let (holder, people) = (&assignment.holder, &service.registry().people);
        let name = match holder {
            Holder::Person(person) => people.all.get(person.as_str()).map(|person| person.record.username.clone()),
            Holder::Group(group) => people.groups.all.get(group.as_str()).map(|group| group.record.name.clone()),
        };
        ShownAssignment { subject: holder.to_string(), name, since: rfc3339::format(assignment.created_at) }
    }
}
