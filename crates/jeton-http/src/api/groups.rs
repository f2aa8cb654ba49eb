//! `/groups`: made, changed, removed, listed, and who is in them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::event::CutOffSubject;
use jeton_core::group::Group;
use jeton_core::group::create::CreateGroup;
use jeton_core::group::update::UpdateGroup;
use jeton_core::id::{Actor, GroupId, PersonId};
use jeton_core::owner::Owner;
use jeton_core::permission::Permission;
use jeton_core::record::Versioned;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::groups::Member;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, no_content, ok};
use super::blocking::blocking;
use super::body::Body;
use super::management::Management;
use super::names::{self, UserState};
use super::once::Once;
use super::page::Listing;
use super::parameter::Parameter;
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::sought::Sought;
use super::suspended::{Standing, state_of_subject};
use super::target::Target;
use super::user_shown::state_of;

const READ: Access = Access::Permission(Permission::PeopleRead);
const WRITE: Access = Access::Permission(Permission::PeopleWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/groups"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("groups", "Lists the groups.").asks(PARAMETERS).lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/groups"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("groups", "Makes a group.").takes::<Create>().makes::<Shown>(),
    ),
    Route::new(
        (Verb::Get, "/groups/{group}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("groups", "Shows a group.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Patch, "/groups/{group}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("groups", "Changes a group.").takes::<Update>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/groups/{group}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("groups", "Removes a group.").only_does(),
    ),
    Route::new(
        (Verb::Get, "/groups/{group}/members"),
        READ,
        Repeats::Reads,
        |at| at.on(members),
        About::new("groups", "Lists the members of a group.").lists::<ShownMember>(),
    ),
    Route::new(
        (Verb::Put, "/groups/{group}/members/{user}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(add_member),
        About::new("groups", "Takes a person into a group.").only_does(),
    ),
    Route::new(
        (Verb::Delete, "/groups/{group}/members/{user}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove_member),
        About::new("groups", "Takes a person out of a group.").only_does(),
    ),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("search", "Only those with these beginnings of words in their name, description or id."),
    Parameter::one_of("state", "Only those that stand so: `active` or `suspended`.", names::subject_states),
];
const HAS_KEYS: &str =
    "see them: `jeton key list --owner group:NAME`; then `jeton key transfer KEY --owner OWNER` or `jeton key revoke KEY`";
const LOOK: &str = "list the groups and the users: `jeton group list`, `jeton user list`";

/// A group, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Group")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: GroupId,
    /// Its name.
    name: Arc<str>,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Arc<str>>,
    /// How many are in it.
    members: usize,
    #[serde(flatten)]
    standing: Standing,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// One who is in a group.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Member")]
struct ShownMember {
    /// The id of the person.
    #[schemars(with = "String")]
    id: PersonId,
    /// The name that they are known by.
    username: Arc<str>,
    /// `active`, `suspended` or `disabled`.
    #[schemars(with = "UserState")]
    state: &'static str,
    /// Since when.
    since: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateGroup")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Its name.
    name: String,
    /// What it is for, in words.
    description: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateGroup")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// Its name.
    name: Option<String>,
    /// What it is for, in words.
    description: Option<String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let page = blocking(move || {
        let groups = &service.registry().people.groups.all;
        let fetch = |after: Option<&str>, limit| groups.after(after, limit);
        let listing = Listing::parse(&uri, &service)?;
        let sought = Sought::parse(listing.query(), names::subject_states)?;
        let is_one = |group: &Arc<Versioned<Group>>| {
            let Group { id, name, description, .. } = &group.record;
            let says = [Some(name), description.as_ref(), Some(&id.0)];
            sought.is_one(|| state_of_subject(&service, CutOffSubject::Group, &id.0), says.into_iter().flatten().map(|text| &**text))
        };
        let (place, item) = (|group: &Arc<Versioned<Group>>| group.record.name.to_string(), |group: &_| shown(group, &service));
        listing.sought(&sought, fetch, is_one, (place, item))?.read()
    });
    ok(&page.await??)
}

fn shown(group: &Arc<Versioned<Group>>, service: &Service) -> Result<Shown, Failure> {
    Shown::of(&group.record, service)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = CreateGroup { name: create.name, description: create.description };
    let group = service.create_group(&request, &actor, &repeat.moment(&service)).await?;
    created(&blocking(move || Shown::of(&group, &service)).await??)
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let group = service.find_group(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&blocking(move || Shown::of(&group.record, &service)).await??)
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let request = UpdateGroup { name: update.name, description: update.description };
    let updated = service.update_group(&name, &request, &actor, &service.moments().now()).await;
    let group = updated.map_err(|failure| Problem::from(failure).look(LOOK))?;
    ok(&blocking(move || Shown::of(&group, &service)).await??)
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
) -> Answer {
    let look = |failure| Problem::from(failure).look(LOOK);
    let group = service.find_group(&name).map_err(|refusal| look(Failure::Refused(refusal)))?;
    let (moment, reading) = (service.moments().now(), service.clone());
    let owner = Owner::Group(group.record.id.clone());
    let owned = blocking(move || reading.owned_keys(&owner, &reading.moments().now())).await?.map_err(look)?;
    let removed = service.delete_group(&name, &owned, &actor, &moment).await;
    removed.map_err(|failure| look(failure).advise(ProblemKind::Conflict, HAS_KEYS))?;
    no_content()
}

async fn members(State(Management { service, .. }): State<Management>, Target(name): Target<String>, uri: Uri) -> Answer {
    let group = service.find_group(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    let fetch = |after: Option<&str>, limit| service.members_after(&group.record, after, limit);
    let listing = Listing::parse(&uri, &service)?;
    ok(&listing.fetched(fetch, |member| member.person.record.id.to_string(), |member| ShownMember::of(member, &service))?)
}

async fn add_member(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target((group, user)): Target<(String, String)>,
) -> Answer {
    let added = service.add_member(&group, &user, &by, &service.moments().now()).await;
    added.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

async fn remove_member(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target((group, user)): Target<(String, String)>,
) -> Answer {
    let removed = service.remove_member(&group, &user, &actor, &service.moments().now()).await;
    removed.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

impl Shown {
    fn of(group: &Group, service: &Service) -> Result<Shown, Failure> {
        Ok(Shown {
            id: group.id.clone(),
            name: group.name.clone(),
            description: group.description.clone(),
            members: service.count_members(group),
            standing: Standing::of(service, CutOffSubject::Group, &group.id.0)?,
            created_at: rfc3339::format(group.created_at),
            updated_at: rfc3339::format(group.updated_at),
        })
    }
}

impl ShownMember {
    fn of(member: &Member, service: &Service) -> ShownMember {
        let person = &member.person.record;
        ShownMember {
            id: person.id.clone(),
            username: person.username.clone(),
            state: state_of(person, service),
            since: rfc3339::format(member.since),
        }
    }
}
