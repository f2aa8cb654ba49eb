//! `/keys`: made, listed, shown, ended. Their text is in the answer that makes them and nowhere else.

pub(super) mod change;
pub(super) mod import;
pub(super) mod itself;
mod limits;
mod shown;
pub(super) mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::api_key::create::CreateKey;
use jeton_core::api_key::state::Why;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::permission::Permission;
use jeton_core::policy::exception::request::CreateException;
use jeton_core::usage::Subject;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::list::{KeyFilter, StandingKind};
use jeton_token::Environment;
use serde::{Deserialize, Serialize};

use self::limits::Rate;
use self::shown::Shown;
use super::answer::{Answer, created, ok};
use super::before::Before;
use super::blocking::blocking;
use super::body::Body;
use super::management::Management;
use super::once::Once;
use super::page::Listing;
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;
use super::used::Used;

const READ: Access = Access::Permission(Permission::KeysRead);
const WRITE: Access = Access::Permission(Permission::KeysWrite);
const REVOKE: Access = Access::Permission(Permission::KeysRevoke);

pub(super) static ROUTES: &[Route] = &[
    Route::new((Verb::Get, "/keys"), READ, Repeats::Reads, |at| at.on(list), About::new("keys", "Lists the keys.")),
    Route::new(
        (Verb::Post, "/keys"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("keys", "Makes a key; its text is shown this once."),
    ),
    Route::new((Verb::Get, "/keys/{key}"), READ, Repeats::Reads, |at| at.on(show), About::new("keys", "Shows a key.")),
    Route::new((Verb::Delete, "/keys/{key}"), REVOKE, Repeats::ByNature, |at| at.on(revoke), About::new("keys", "Revokes a key.")),
    Route::new((Verb::Post, "/keys/{key}/suspend"), REVOKE, Repeats::ByNature, |at| at.on(suspend), About::new("keys", "Suspends a key.")),
    Route::new(
        (Verb::Post, "/keys/{key}/resume"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(resume),
        About::new("keys", "Resumes a key that is suspended."),
    ),
];

const LOOK: &str = "list the keys, the APIs and the clients: `jeton key list`, `jeton api list`, `jeton client list`";
const OVER: &str = "see how it stands: `jeton key show KEY`; a key that is revoked or expired is replaced: `jeton key create`";

/// A key that was just made, with its text: shown this once.
#[derive(Serialize)]
struct Created<'a> {
    key: &'a str,
    #[serde(flatten)]
    shown: Shown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    owner: String,
    audience: String,
    name: String,
    note: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    scope: Option<String>,
    #[serde(default)]
    allow_ip: Vec<String>,
    rate_limit: Option<Rate>,
    max_uses: Option<i64>,
    environment: Option<EnvironmentName>,
    expires_in_seconds: Option<i64>,
    client: Option<String>,
    /// What lets it live beyond the maximum.
    exception: Option<Exception>,
}

/// An exception from the maximum: all of it is needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    owner: String,
    reason: String,
    ends_at: Before,
}

impl Exception {
    fn request(self) -> Result<CreateException, Problem> {
        let now = || Problem::invalid("an exception does not end now", "name the day in `exception.ends_at`");
        let ends_at = self.ends_at.seconds().ok_or_else(now)?;
        Ok(CreateException { owner: self.owner, reason: self.reason, ends_at })
    }
}

/// Where a key may be used.
#[derive(Clone, Copy, Deserialize)]
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

/// Why a key is ended.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    why: Option<String>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service, &["owner", "audience", "state"])?;
    let query = listing.query();
    let look = |refusal| Problem::from(Failure::Refused(refusal)).look(LOOK);
    let api = query.text("audience").map(|api| service.find_api(api)).transpose().map_err(look)?;
    let filter = KeyFilter {
        owner: query.text("owner").map(|owner| service.named_owner(owner)).transpose().map_err(look)?,
        api: api.map(|api| api.record.id.clone()),
        standing: query.text("state").map(standing_kind).transpose()?,
    };
    let after = listing.after().map(id).transpose()?;
    let (limit, moment, reader) = (listing.limit(), service.moments().now(), service.clone());
    let page = blocking(move || {
        let page = reader.list_keys(&filter, after, limit, &moment)?;
        let uses = reader.subject_uses()?;
        let shown = |entry: &Arc<KeyEntry>| {
            let used = Used::of(&Subject::Key(entry.key.record.id), &uses)?;
            Ok(Shown::of(entry, used, &reader, &moment))
        };
        let items = page.keys.iter().map(shown).collect::<Result<Vec<_>, Failure>>()?;
        Ok::<_, Failure>((items, page.next.map(|id| id.to_string())))
    });
    let (items, next) = page.await??;
    ok(&listing.page(items, next.as_deref())?)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let look = |failure: Failure| Problem::from(failure).look(LOOK);
    let request = CreateKey {
        owner: service.named_owner(&create.owner).map_err(|refusal| look(refusal.into()))?,
        name: create.name,
        note: create.note,
        metadata: create.metadata,
        scopes: create.scope,
        networks: create.allow_ip,
        rate: create.rate_limit.map(Rate::limit).transpose()?,
        max_uses: create.max_uses,
        environment: create.environment.map_or(Environment::Live, Environment::from),
        expires_in_seconds: create.expires_in_seconds,
        exception: create.exception.map(Exception::request).transpose()?,
    };
    let moment = repeat.moment(&service);
    let made = service.create_key(&request, (&create.audience, create.client.as_deref()), &by, &moment).await.map_err(look)?;
    let shown = shown(&service, made.key.id, &moment).await?;
    created(&Created { key: made.clear.0.expose(), shown })
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

impl End {
    fn why(&self) -> Result<Why, Problem> {
        let Some(name) = &self.why else { return Ok(Why::Unspecified) };
        Why::from_name(name).filter(|why| Why::SAID_BY_PEOPLE.contains(why)).ok_or_else(|| {
            let names = Why::SAID_BY_PEOPLE.map(Why::name).join(", ");
            Problem::invalid("there is no such reason", format!("`why` is one of {names}"))
        })
    }
}

async fn shown(service: &Service, id: ApiKeyId, moment: &Moment) -> Result<Shown, Problem> {
    let entry = service.find_key(id).await.map_err(over)?;
    let known = service.subject_use(&Subject::Key(id)).await.map_err(over)?;
    Ok(Shown::of(&entry, known.as_deref().map(Used::from).unwrap_or_default(), service, moment))
}

fn over(failure: Failure) -> Problem {
    Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, OVER)
}

pub(super) fn id(text: &str) -> Result<ApiKeyId, Problem> {
    ApiKeyId::parse(text).ok_or_else(|| Problem::invalid("a key's id is 32 lowercase hexadecimal digits: it is not its text", LOOK))
}

fn standing_kind(name: &str) -> Result<StandingKind, Problem> {
    StandingKind::from_name(name).ok_or_else(|| {
        let names = StandingKind::ALL.map(StandingKind::name).join(", ");
        Problem::invalid("there is no such state of keys", format!("`state` is one of {names}"))
    })
}
