//! `/administrators`: who holds roles of the management API, made, listed, removed; and whoever asks, told to themselves.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::{Actor, PersonId};
use jeton_core::permission::{BuiltIn, Permission};
use jeton_service::administrators::{AdministratorRecord, MakeAdministrator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, no_content, ok};
use super::blocking::blocking;
use super::management::Management;
use super::names::{PermissionName, PersonState};
use super::once::Once;
use super::page::Listing;
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

const READ: Access = Access::Permission(Permission::RolesRead);
const WRITE: Access = Access::Permission(Permission::RolesWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/administrators"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("administrators", "Lists who holds roles of the management API.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/administrators"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("administrators", "Gives a person a role and a personal access token, whose text is shown this once.")
            .takes::<Create>()
            .makes::<Created<'_>>(),
    ),
    Route::new(
        (Verb::Get, "/administrators/self"),
        Access::Administrator,
        Repeats::Reads,
        |at| at.on(itself),
        About::new("administrators", "Tells whoever asks who they are and what they may do.").answers::<Itself>(),
    ),
    Route::new(
        (Verb::Delete, "/administrators/{user}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("administrators", "Takes the roles of the management API from a person and ends their tokens for it.").only_does(),
    ),
];

const LOOK: &str = "list them: `jeton admin list`, `jeton user list`";

/// An administrator, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Administrator")]
struct Shown {
    /// The id of the person.
    #[schemars(with = "String")]
    id: PersonId,
    /// The name that they are known by.
    username: Arc<str>,
    /// `active` or `disabled`.
    #[schemars(with = "PersonState")]
    state: &'static str,
    /// The roles that they hold.
    roles: Vec<ShownRole>,
    /// What they may do now, in names with spaces between.
    permissions: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RoleOfAdministrator")]
struct ShownRole {
    /// Its name.
    name: Arc<str>,
    /// The group that it comes through; absent where they hold it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Arc<str>>,
}

/// A token that was just made, with its text: shown this once.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CreatedAdministrator")]
struct Created<'a> {
    /// The text of the personal access token: shown this once.
    key: &'a str,
    /// The id of the key.
    key_id: String,
    /// When it ends.
    expires_at: String,
    #[serde(flatten)]
    shown: Shown,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "WhoAsks")]
struct Itself {
    /// Who asks: `key:ID`, `user:ID`, `local:UID` and the like.
    #[schemars(with = "String")]
    actor: Actor,
    /// What they may do, by name.
    #[schemars(with = "Vec<PermissionName>")]
    permissions: Vec<&'static str>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateAdministrator")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The name that they are known by.
    username: String,
    /// The role of the management API that they get.
    role: String,
    /// How long it lives from now; as the policy says if left out.
    expires_in_seconds: Option<i64>,
    /// The networks that it may be used from, as `192.0.2.0/24`; any where there are none.
    #[serde(default)]
    allow_ip: Vec<String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: http::Uri) -> Answer {
    let found = service.administrators();
    let listing = Listing::parse(&uri, &service)?;
    ok(&listing.sorted(&found, |record| record.person.username.to_string(), |record| Shown::from(record))?)
}

async fn itself(Extension(administrator): Extension<Administrator>) -> Answer {
    let permissions = administrator.permissions.iter().map(Permission::name).collect();
    ok(&Itself { actor: administrator.actor, permissions })
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = MakeAdministrator {
        username: create.username,
        role: role(&create.role)?,
        expires_in_seconds: create.expires_in_seconds,
        networks: create.allow_ip,
    };
    let disabled = "enable them first: `jeton user enable USERNAME`";
    let (record, made) = service
        .make_administrator(&request, &by, &repeat.moment(&service))
        .await
        .map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, disabled))?;
    created(&Created {
        key: made.clear.0.expose(),
        key_id: made.key.id.to_string(),
        expires_at: rfc3339::format(made.key.current.expires_at),
        shown: Shown::from(&record),
    })
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(user): Target<String>,
) -> Answer {
    let mut moments = service.moments().now();
    let by_group = "nothing changed: take them out of that group first, `jeton group remove GROUP USER`";
    let removed = service.remove_administrator(&user, &actor, &moments.split()).await;
    let left = removed.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, by_group))?;
    let (reading, at) = (service.clone(), moments.split());
    let tokens = blocking(move || reading.administrator_tokens(&left.person, &at)).await??;
    service.end_administrator_tokens(&tokens, &actor, &moments.split()).await?;
    no_content()
}

fn role(name: &str) -> Result<BuiltIn, Problem> {
    BuiltIn::from_name(name).ok_or_else(|| {
        let names = BuiltIn::ALL.map(BuiltIn::name).join(", ");
        Problem::invalid("there is no such role of administrators", format!("`role` is one of {names}"))
    })
}

impl From<&AdministratorRecord> for Shown {
    fn from(record: &AdministratorRecord) -> Shown {
        Shown {
            id: record.person.id.clone(),
            username: record.person.username.clone(),
            state: record.person.state.name(),
            roles: record
                .roles
                .iter()
                .map(|held| ShownRole {
                    name: held.role.record.name.clone(),
                    group: held.through.as_ref().map(|group| group.record.name.clone()),
                })
                .collect(),
            permissions: record.permissions.scopes().to_string(),
        }
    }
}
