//! `/providers`: those elsewhere by which people sign in, made, changed, removed, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::id::{Actor, ProviderId, RoleId};
use jeton_core::permission::Permission;
use jeton_core::provider::{Provider, Settings};
use jeton_service::Service;
use jeton_service::providers::Asked;
use jeton_token::Secret;
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
    Route::new(
        (Verb::Get, "/providers"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("providers", "Lists the providers by which people sign in.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/providers"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("providers", "Makes a provider by which people sign in.").takes::<Create>().makes::<Shown>(),
    ),
    Route::new(
        (Verb::Get, "/providers/{provider}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("providers", "Shows a provider, without the secret that this server has there.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Patch, "/providers/{provider}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("providers", "Changes a provider.").takes::<Update>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/providers/{provider}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("providers", "Removes a provider: nobody signs in by it any more.").only_does(),
    ),
];

const LOOK: &str = "list the providers and the roles: `jeton provider list`, `jeton role list`";

/// A provider, as it is answered: all but the secret.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Provider")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: ProviderId,
    /// Its name in addresses.
    name: Arc<str>,
    /// What people read where they choose it.
    title: Arc<str>,
    /// Who signs what it says.
    issuer: String,
    /// What this server is called there.
    client_id: Arc<str>,
    /// The address that it sends people back to: it is registered there.
    redirect_uri: String,
    /// The domains of e-mail for which its word counts; where there are some, nobody else comes in by it.
    domains: Vec<String>,
    /// Whether somebody who is not known here is taken in when they come.
    creates_users: bool,
    /// The claim whose values give roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    role_claim: Option<Arc<str>>,
    /// The id of the role that each value gives.
    #[schemars(with = "BTreeMap<String, String>")]
    roles: BTreeMap<String, RoleId>,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateProvider")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Its name in addresses: it stays.
    name: String,
    /// Who signs what it says: it stays.
    issuer: String,
    /// What people read where they choose it.
    title: Option<String>,
    /// What this server is called there.
    client_id: String,
    /// The secret that this server has there.
    client_secret: String,
    /// The domains of e-mail for which its word counts.
    domains: Option<Vec<String>>,
    /// Whether somebody who is not known here is taken in when they come.
    creates_users: Option<bool>,
    /// The claim whose values give roles.
    role_claim: Option<String>,
    /// The name or id of the role that each value gives.
    roles: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateProvider")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// What people read where they choose it.
    title: Option<String>,
    /// What this server is called there.
    client_id: Option<String>,
    /// The secret that this server has there.
    client_secret: Option<String>,
    /// The domains of e-mail for which its word counts: these alone from then on.
    domains: Option<Vec<String>>,
    /// Whether somebody who is not known here is taken in when they come.
    creates_users: Option<bool>,
    /// The claim whose values give roles; none when empty.
    role_claim: Option<String>,
    /// The name or id of the role that each value gives: these alone from then on.
    roles: Option<BTreeMap<String, String>>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let fetch = |after: Option<&str>, limit| service.registry().people.providers.after(after, limit);
    let listing = Listing::parse(&uri, &service)?;
    ok(&listing.fetched(fetch, |provider| provider.record.name.to_string(), |provider| Shown::of(&provider.record, &service))?)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let Create { name, issuer, title, client_id, client_secret, domains, creates_users, role_claim, roles } = create;
    let client_secret = Some(Secret::new(client_secret));
    let settings = Settings { title, client_id: Some(client_id), client_secret, domains, creates_users, role_claim, roles: None };
    let made = service.create_provider((&name, &issuer), &Asked { settings, roles }, &by, &repeat.moment(&service)).await;
    created(&Shown::of(&made.map_err(|failure| Problem::from(failure).look(LOOK))?, &service))
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let provider = service.find_provider(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    ok(&Shown::of(&provider.record, &service))
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let Update { title, client_id, client_secret, domains, creates_users, role_claim, roles } = update;
    let client_secret = client_secret.map(Secret::new);
    let settings = Settings { title, client_id, client_secret, domains, creates_users, role_claim, roles: None };
    let updated = service.update_provider(&name, &Asked { settings, roles }, &by, &service.moments().now()).await;
    ok(&Shown::of(&updated.map_err(|failure| Problem::from(failure).look(LOOK))?, &service))
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
) -> Answer {
    let removed = service.delete_provider(&name, &actor, &service.moments().now()).await;
    removed.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

impl Shown {
    fn of(provider: &Provider, service: &Service) -> Shown {
        Shown {
            id: provider.id.clone(),
            name: provider.name.clone(),
            title: provider.title.clone(),
            issuer: provider.issuer.as_str().to_owned(),
            client_id: provider.client_id.clone(),
            redirect_uri: service.provider_redirect_uri(provider),
            domains: provider.domains.iter().cloned().collect(),
            creates_users: provider.creates_users,
            role_claim: provider.role_claim.clone(),
            roles: provider.roles.clone(),
            created_at: rfc3339::format(provider.created_at),
            updated_at: rfc3339::format(provider.updated_at),
        }
    }
}
