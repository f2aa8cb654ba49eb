//! `/apis`: declared, changed, removed, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::api::Api;
use jeton_core::api::create::CreateApi;
use jeton_core::api::update::UpdateApi;
use jeton_core::api::userinfo;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ApiId};
use jeton_core::permission::Permission;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::rule::Subject;
use jeton_service::Service;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, ok};
use super::blocking::blocking;
use super::body::Body;
use super::by_kind::Counts;
use super::counting::count;
use super::management::Management;
use super::names::{self, AlgorithmName, TokenFormatName};
use super::once::Once;
use super::page::Listing;
use super::parameter::Parameter;
use super::policies::{COUNTING as ENDING, Counted};
use super::problem::{Problem, ProblemKind};
use super::revocations::COUNTING;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::sought::Sought;
use super::suspended::{Standing, state_of_subject};
use super::target::Target;

const READ: Access = Access::Permission(Permission::ApisRead);
const WRITE: Access = Access::Permission(Permission::ApisWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/apis"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("apis", "Lists the APIs.").asks(PARAMETERS).lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/apis"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("apis", "Declares an API.").takes::<Create>().makes::<Shown>(),
    ),
    Route::new((Verb::Get, "/apis/{api}"), READ, Repeats::Reads, |at| at.on(show), About::new("apis", "Shows an API.").answers::<Shown>()),
    Route::new(
        (Verb::Patch, "/apis/{api}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("apis", "Changes an API.").takes::<Update>().answers::<Changed>(),
    ),
    Route::new(
        (Verb::Delete, "/apis/{api}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("apis", "Removes an API: all tokens and keys for it end.").takes::<Remove>().answers::<Removed>(),
    ),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("search", "Only those with these beginnings of words in their audience, name or id."),
    Parameter::one_of("state", "Only those that stand so: `active` or `suspended`.", names::subject_states),
];
const LOOK: &str = "list the APIs: `jeton api list`";

/// An API, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Api")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: ApiId,
    /// The URI that tokens name it by (RFC 8707).
    audience: Arc<str>,
    /// Its name.
    name: Arc<str>,
    /// Its scopes, each with what it allows, in words.
    scopes: BTreeMap<String, String>,
    /// What a client gets that names no scope, with spaces between.
    default_scope: String,
    /// How long its access tokens live, as it asks.
    access_token_lifetime_seconds: i64,
    /// What a policy leaves of it.
    effective_lifetime_seconds: i64,
    /// `jwt` or `opaque`.
    #[schemars(with = "TokenFormatName")]
    token_format: &'static str,
    /// The algorithm that its JWTs are signed with.
    #[schemars(with = "AlgorithmName")]
    signing_alg: &'static str,
    /// What its access tokens tell beside what is standard: claims, each with its source, `text:WORDS`, `attribute:NAME`, `groups` or `roles`.
    claims: BTreeMap<String, String>,
    #[serde(flatten)]
    standing: Standing,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateApi")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The URI that tokens name it by (RFC 8707).
    audience: String,
    /// Its name.
    name: Option<String>,
    /// Its scopes, each with what it allows, in words.
    #[serde(default)]
    scopes: BTreeMap<String, String>,
    /// What a client gets that names no scope, with spaces between.
    default_scope: Option<String>,
    /// How long its access tokens live; as the policy says if left out.
    access_token_lifetime_seconds: Option<i64>,
    /// `jwt` or `opaque`.
    #[schemars(with = "Option<TokenFormatName>")]
    token_format: Option<String>,
    /// The algorithm that its JWTs are signed with.
    #[schemars(with = "Option<AlgorithmName>")]
    signing_alg: Option<String>,
    /// What its access tokens tell beside what is standard: claims, each with its source, `text:WORDS`, `attribute:NAME`, `groups` or `roles`.
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateApi")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// Its name.
    name: Option<String>,
    /// Its scopes, each with what it allows, in words: they replace those it has.
    scopes: Option<BTreeMap<String, String>>,
    /// What a client gets that names no scope, with spaces between.
    default_scope: Option<String>,
    /// How long its access tokens live.
    access_token_lifetime_seconds: Option<i64>,
    /// `jwt` or `opaque`.
    #[schemars(with = "Option<TokenFormatName>")]
    token_format: Option<String>,
    /// The algorithm that its JWTs are signed with.
    #[schemars(with = "Option<AlgorithmName>")]
    signing_alg: Option<String>,
    /// What its access tokens tell beside what is standard: they replace those it has.
    claims: Option<BTreeMap<String, String>>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// An API as it is now, or would be.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ChangedApi")]
struct Changed {
    #[serde(flatten)]
    api: Shown,
    /// With `dry_run`: what would become of access tokens that are out.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<Counted>,
    /// With `dry_run`: nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RemoveApi")]
#[serde(deny_unknown_fields)]
pub(super) struct Remove {
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What fell with an API, by kind.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RemovedApi")]
struct Removed {
    /// What fell, by kind.
    fell: Counts,
    /// Whether nothing was written.
    dry_run: bool,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let page = blocking(move || {
        let listing = Listing::parse(&uri, &service)?;
        // What tells who somebody is is nobody's to look after.
        let mut apis: Vec<_> = service.apis().into_iter().filter(|api| !userinfo::is(&api.record.id)).collect();
        let sought = Sought::parse(listing.query(), names::subject_states)?;
        apis.retain(|api| {
            let Api { id, audience, name, .. } = &api.record;
            sought.is_one(|| state_of_subject(&service, CutOffSubject::Api, audience), [audience, name, &id.0].map(|text| &**text))
        });
        listing.sorted(&apis, |api| api.record.audience.to_string(), |api| Shown::of(&api.record, &service))?.read()
    });
    ok(&page.await??)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = CreateApi {
        audience: create.audience,
        name: create.name,
        scopes: create.scopes,
        default_scope: create.default_scope,
        access_token_lifetime_seconds: create.access_token_lifetime_seconds,
        token_format: create.token_format,
        signing_algorithm: create.signing_alg,
        claims: create.claims,
    };
    let made = service.create_api(&request, &actor, &repeat.moment(&service)).await;
    let taken = "see it with `jeton api show AUDIENCE`, and change it with `jeton api update AUDIENCE`";
    let api = made.map_err(|failure| Problem::from(failure).advise(ProblemKind::Conflict, taken))?;
    created(&blocking(move || Shown::of(&api, &service)).await??)
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let api = service.find_api(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&blocking(move || Shown::of(&api.record, &service)).await??)
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let request = UpdateApi {
        name: update.name,
        scopes: update.scopes,
        default_scope: update.default_scope,
        access_token_lifetime_seconds: update.access_token_lifetime_seconds,
        token_format: update.token_format,
        signing_algorithm: update.signing_alg,
        claims: update.claims,
    };
    let (moment, look) = (service.moments().now(), |problem: Problem| problem.look(LOOK));
    if update.dry_run {
        let planned = service.plan_api(&name, &request, &actor, &moment).map_err(|refusal| look(refusal.into()))?;
        let (reader, after) = (service.clone(), planned.clone());
        let consequence = count(ENDING, move |goes_on| reader.lifetime_consequence(&after, &moment, goes_on)).await?;
        let api = blocking(move || Shown::of(&planned, &service)).await??;
        return ok(&Changed { api, consequence: Some(consequence.into()), dry_run: Some(true) });
    }
    let api = service.update_api(&name, &request, &actor, &moment).await.map_err(|failure| look(failure.into()))?;
    let api = blocking(move || Shown::of(&api, &service)).await??;
    ok(&Changed { api, consequence: None, dry_run: None })
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(Remove { dry_run }): Body<Remove>,
) -> Answer {
    let (moment, look) = (service.moments().now(), |failure: Failure| Problem::from(failure).look(LOOK));
    let survey = service.survey_removal(&name).map_err(|refusal| look(refusal.into()))?;
    // Counted first: afterwards nobody knows what it was that was for it.
    let (reader, at) = (service.clone(), moment.clone());
    let counted = count(COUNTING, move |goes_on| reader.count_with_api(&survey, &at, goes_on)).await;
    let fell = match counted {
        Err(failure) if dry_run => return Err(failure.into()),
        // It is removed whether or not that could be counted.
        counted => counted.unwrap_or_default(),
    };
    if !dry_run {
        service.delete_api(&name, &actor, &moment).await.map_err(look)?;
    }
    ok(&Removed { fell: fell.into(), dry_run })
}

impl Shown {
    fn of(api: &Api, service: &Service) -> Result<Shown, Failure> {
        let allowed = service.registry().policies().effective(CredentialKind::AccessToken, &Subject::Api(api.id.clone()));
        Ok(Shown {
            id: api.id.clone(),
            audience: api.audience.clone(),
            name: api.name.clone(),
            scopes: (*api.scopes).clone(),
            default_scope: api.default_scope.to_string(),
            access_token_lifetime_seconds: api.access_token_lifetime_seconds,
            effective_lifetime_seconds: api.access_token_lifetime_seconds.min(allowed.max_seconds),
            token_format: api.token_format.name(),
            signing_alg: api.signing_algorithm.name(),
            claims: api.claims.texts(),
            standing: Standing::of(service, CutOffSubject::Api, &api.audience)?,
            created_at: rfc3339::format(api.created_at),
            updated_at: rfc3339::format(api.updated_at),
        })
    }
}
