//! `/users`: people, taken in, changed, disabled, enabled, listed.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::event::CutOffSubject;
use jeton_core::group::Group;
use jeton_core::id::{Actor, GroupId, PersonId, RoleId};
use jeton_core::permission::Permission;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::update::UpdatePerson;
use jeton_core::person::{Person, State as Standing};
use jeton_core::role::holder::Holder;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::registry::people::Held;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, ok};
use super::blocking::blocking;
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::names::{SubjectState, UserState};
use super::nothing::Nothing;
use super::once::Once;
use super::page::Listing;
use super::problem::Problem;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::suspended::Suspension;
use super::target::Target;
use super::user_deletion::{self, Delete, Deleted};
use super::user_erasure::{self, Erase, Erased};
use super::user_password::{self, SetPassword};

const READ: Access = Access::Permission(Permission::PeopleRead);
const WRITE: Access = Access::Permission(Permission::PeopleWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new((Verb::Get, "/users"), READ, Repeats::Reads, |at| at.on(list), About::new("users", "Lists the people.").lists::<Shown>()),
    Route::new(
        (Verb::Post, "/users"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("users", "Takes in a person.").takes::<Create>().makes::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Get, "/users/{user}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("users", "Shows a person.").answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Patch, "/users/{user}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("users", "Changes a person.").takes::<Update>().answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Put, "/users/{user}/password"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(user_password::set),
        About::new("users", "Gives a person a password.").takes::<SetPassword>().only_does(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/disable"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(disable),
        About::new("users", "Disables a person: all that is theirs ends.").takes::<End>().answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/enable"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(enable),
        About::new("users", "Enables a person again.").takes::<Nothing>().answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/unlock"),
        Access::Permission(Permission::PeopleRecover),
        Repeats::ByNature,
        |at| at.on(unlock),
        About::new("users", "Lets a person try again at once: what failed for their name is forgotten.")
            .takes::<Nothing>()
            .answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/reset-mfa"),
        Access::Permission(Permission::PeopleRecover),
        Repeats::ByNature,
        |at| at.on(reset_mfa),
        About::new("users", "Takes away the second factor of a person who lost it: their password alone signs them in.")
            .takes::<Nothing>()
            .answers::<ShownWhole>(),
    ),
    Route::new(
        (Verb::Delete, "/users/{user}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(user_deletion::delete),
        About::new("users", "Deletes a person: all that is theirs ends, and what depends on them alone goes elsewhere or ends.")
            .takes::<Delete>()
            .answers::<Deleted>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/erase"),
        Access::Permission(Permission::PeopleErase),
        Repeats::ByNature,
        |at| at.on(user_erasure::erase),
        About::new("users", "Erases a person: all that is theirs ends, and nothing says any more who they were.")
            .takes::<Erase>()
            .answers::<Erased>(),
    ),
];

const LOOK: &str = "list the users: `jeton user list`";

/// A person, as they are answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "User")]
struct Shown {
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
struct ShownWhole {
    #[serde(flatten)]
    person: Shown,
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

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateUser")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The name that they are known by.
    username: String,
    /// What they are called.
    name: Option<String>,
    /// Their address.
    email: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateUser")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// The name that they are known by.
    username: Option<String>,
    /// What they are called; an empty one takes it away.
    name: Option<String>,
    /// Their address.
    email: Option<String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let page = blocking(move || {
        let people = &service.registry().people.all;
        let fetch = |after: Option<&str>, limit| people.after(after, limit);
        let listing = Listing::parse(&uri, &service)?;
        listing.fetched(fetch, |person| person.record.username.to_string(), |person| Shown::of(&person.record, &service))?.read()
    });
    ok(&page.await??)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = CreatePerson { username: create.username, name: create.name, email: create.email };
    let person = service.create_user(&request, &actor, &repeat.moment(&service)).await?;
    created(&blocking(move || ShownWhole::of(&person, &service)).await??)
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let person = service.find_user(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&blocking(move || ShownWhole::of(&person.record, &service)).await??)
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let request = UpdatePerson { username: update.username, name: update.name, email: update.email };
    answer(service.update_user(&name, &request, &actor, &service.moments().now()).await, service).await
}

async fn disable(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(end): Body<End>,
) -> Answer {
    let why = end.why()?;
    answer(service.disable_user(&name, (&actor, &why), &service.moments().now()).await, service).await
}

async fn enable(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Answer {
    answer(service.enable_user(&name, &by, &service.moments().now()).await, service).await
}

async fn unlock(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Answer {
    answer(service.unlock_user(&name, &by, &service.moments().now()).await, service).await
}

async fn reset_mfa(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Answer {
    answer(service.reset_second_factor(&name, &by, &service.moments().now()).await, service).await
}

async fn answer(changed: Result<Person, Failure>, service: Arc<Service>) -> Answer {
    let person = changed.map_err(|failure| Problem::from(failure).look(LOOK))?;
    ok(&blocking(move || ShownWhole::of(&person, &service)).await??)
}

/// How somebody stands; who is disabled has nothing that a suspension would keep from them.
pub(super) fn state_of(person: &Person, service: &Service) -> &'static str {
    match person.state {
        Standing::Active if service.registry().suspended_since(CutOffSubject::User, &person.id.0).is_some() => "suspended",
        _ => person.state.name(),
    }
}

impl Shown {
    fn of(person: &Person, service: &Service) -> Result<Shown, Failure> {
        let (disabled_at, disabled_by) = match &person.state {
            Standing::Active => (None, None),
            Standing::Disabled { at, by } => (Some(rfc3339::format(*at)), Some(by.clone())),
        };
        Ok(Shown {
            id: person.id.clone(),
            username: person.username.clone(),
            name: person.name.clone(),
            email: person.email.clone(),
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
    fn of(person: &Person, service: &Service) -> Result<ShownWhole, Failure> {
        let groups = service.groups_of(person);
        let roles = service.registry().people.roles_of(&Holder::Person(person.id.clone()));
        Ok(ShownWhole {
            person: Shown::of(person, service)?,
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
