//! `/users`: people, taken in, changed, disabled, enabled, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use jeton_core::person::Person;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::update::UpdatePerson;
use jeton_core::record::Versioned;
use jeton_service::Service;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, created, ok};
use super::blocking::blocking;
use super::body::Body;
use super::management::Management;
use super::names;
use super::nothing::Nothing;
use super::once::Once;
use super::page::Listing;
use super::parameter::Parameter;
use super::problem::Problem;
use super::route::{About, Access, Repeats, Route, Verb};
use super::sought::Sought;
use super::target::Target;
use super::user_deletion::{self, Delete, Deleted};
use super::user_disabling::{self, Disable, Disabled};
use super::user_erasure::{self, Erase, Erased};
use super::user_invitation::{self, Invite};
use super::user_password::{self, SetPassword};
use super::user_shown::{LOOK, Shown, ShownWhole, state_of};

const READ: Access = Access::Permission(Permission::PeopleRead);
const WRITE: Access = Access::Permission(Permission::PeopleWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/users"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("users", "Lists the people.").asks(PARAMETERS).lists::<Shown>(),
    ),
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
        (Verb::Post, "/users/{user}/invitation"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(user_invitation::invite),
        About::new("users", "Invites a person, taken in by it or here already: they choose their first password.")
            .takes::<Invite>()
            .answers::<user_invitation::Shown>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/disable"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(user_disabling::disable),
        About::new("users", "Disables a person: all that is theirs ends.").takes::<Disable>().answers::<Disabled>(),
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

const PARAMETERS: &[Parameter] = &[
    Parameter::text("search", "Only those with these beginnings of words in their username, name, address or id."),
    Parameter::one_of("state", "Only those that stand so: `active`, `suspended` or `disabled`.", names::user_states),
];

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
    /// Whether it is known that letters reach them there.
    #[serde(default)]
    email_verified: bool,
    /// What is known of them by name, and told by the rules of APIs and clients: 32 texts at most.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
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
    /// Whether it is known that letters reach them at the address that they have then; another address is not known so.
    email_verified: Option<bool>,
    /// What is known of them by name: an empty text takes one away, what is not named stays.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let page = blocking(move || {
        let people = &service.registry().people.all;
        let fetch = |after: Option<&str>, limit| people.after(after, limit);
        let listing = Listing::parse(&uri, &service)?;
        let sought = Sought::parse(listing.query(), names::user_states)?;
        let is_one = |person: &Arc<Versioned<Person>>| {
            let Person { id, username, name, email, .. } = &person.record;
            let says = [Some(username), name.as_ref(), email.as_ref(), Some(&id.0)];
            sought.is_one(|| state_of(&person.record, &service), says.into_iter().flatten().map(|text| &**text))
        };
        let (place, item) = (|person: &Arc<Versioned<Person>>| person.record.username.to_string(), |person: &_| shown(person, &service));
        listing.sought(&sought, fetch, is_one, (place, item))?.read()
    });
    ok(&page.await??)
}

fn shown(person: &Arc<Versioned<Person>>, service: &Service) -> Result<Shown, Failure> {
    Shown::of(&person.record, service)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let Create { username, name, email, email_verified, attributes } = create;
    let request = CreatePerson { username, name, email, email_verified, attributes };
    let person = service.create_user(&request, &actor, &repeat.moment(&service)).await?;
    created(&blocking(move || ShownWhole::of(&person, &service)).await??)
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let person = service.find_user(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&blocking(move || ShownWhole::of(&person.record, &service)).await??)
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let Update { username, name: called, email, email_verified, attributes } = update;
    let request = UpdatePerson { username, name: called, email, email_verified, attributes };
    answer(service.update_user(&name, &request, &by, &service.moments().now()).await, service).await
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
