//! `/keys`: made, listed, shown, ended. Their text is in the answer that makes them and nowhere else.

pub(super) mod change;
pub(super) mod create;
pub(super) mod explain;
pub(super) mod import;
pub(super) mod itself;
mod limits;
pub(super) mod list;
pub(super) mod lookup;
mod own;
mod shown;
pub(super) mod verify;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::permission::Permission;
use jeton_core::usage::Subject;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::keys::entry::KeyEntry;
use jeton_token::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::shown::Shown;
use super::answer::{Answer, ok};
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;
use super::used::Used;

const READ: Access = Access::Permission(Permission::KeysRead);
const REVOKE: Access = Access::Permission(Permission::KeysRevoke);

pub(super) static ROUTES: &[Route] = &[
    Route::new((Verb::Get, "/keys/{key}"), READ, Repeats::Reads, |at| at.on(show), About::new("keys", "Shows a key.").answers::<Shown>()),
    Route::new(
        (Verb::Delete, "/keys/{key}"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(revoke),
        About::new("keys", "Revokes a key.").takes::<End>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/keys/{key}/suspend"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(suspend),
        About::new("keys", "Suspends a key.").takes::<End>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/keys/{key}/resume"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(resume),
        About::new("keys", "Resumes a key that is suspended.").answers::<Shown>(),
    ),
];

const LOOK: &str = "list what there is: `jeton key list`, `jeton api list`, `jeton client list`, `jeton user list`, `jeton group list`";
const SCOPE: &str = "`jeton api show AUDIENCE` lists the scopes; a client may have what `jeton client update CLIENT --scope` says, a person or a group what \
                     their roles give: `jeton role create`, `jeton role assign`";
const OVER: &str = "see how it stands: `jeton key show KEY`; a key that is revoked or expired is replaced: `jeton key create`";

/// A key that was just made, with its text: shown this once.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CreatedKey")]
struct Created<'a> {
    /// The text of the key: shown this once.
    key: &'a str,
    #[serde(flatten)]
    shown: Shown,
}

/// Where a key may be used.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "Environment")]
#[serde(rename_all = "snake_case")]
enum EnvironmentName {
    Live,
    Test,
}

impl From<EnvironmentName> for Environment {
    fn from(name: EnvironmentName) -> Environment {
        match name {
            EnvironmentName::Live => Environment::Live,
            EnvironmentName::Test => Environment::Test,
        }
    }
}

async fn show(State(Management { service, .. }): State<Management>, Target(key): Target<String>) -> Answer {
    ok(&shown(&service, id(&key)?, &service.moments().now()).await?)
}

async fn revoke(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(key): Target<String>,
    Body(end): Body<End>,
) -> Answer {
    let (id, why, moment) = (id(&key)?, end.why()?, service.moments().now());
    service.revoke_key(id, why, &actor, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

async fn suspend(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(key): Target<String>,
    Body(end): Body<End>,
) -> Answer {
    let (id, why, moment) = (id(&key)?, end.why()?, service.moments().now());
    service.suspend_key(id, why, &actor, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

async fn resume(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(key): Target<String>,
) -> Answer {
    let (id, moment) = (id(&key)?, service.moments().now());
    service.resume_key(id, &by, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

async fn shown(service: &Service, id: ApiKeyId, moment: &Moment) -> Result<Shown, Problem> {
    let entry = service.find_key(id).await.map_err(over)?;
    found(service, &entry, moment).await
}

/// A key that was found, with what is known of its use.
async fn found(service: &Service, entry: &KeyEntry, moment: &Moment) -> Result<Shown, Problem> {
    let known = service.subject_use(&Subject::Key(entry.key.record.id)).await.map_err(over)?;
    Ok(Shown::of(entry, known.as_deref().map(Used::from).unwrap_or_default(), service, moment))
}

fn over(failure: Failure) -> Problem {
    Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, OVER).advise(ProblemKind::InvalidScope, SCOPE)
}

pub(super) fn id(text: &str) -> Result<ApiKeyId, Problem> {
    ApiKeyId::parse(text).ok_or_else(|| Problem::invalid("a key's id is 32 lowercase hexadecimal digits: it is not its text", LOOK))
}
