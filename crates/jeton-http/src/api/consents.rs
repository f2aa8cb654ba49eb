//! `/users/{user}/consents`: what people said clients may have; taken back for them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::consent::{Consent, Of};
use jeton_core::id::{Actor, ClientId, PersonId};
use jeton_core::permission::Permission;
use jeton_service::Service;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::page::Listing;
use super::problem::Problem;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/users/{user}/consents"),
        Access::Permission(Permission::TokensRead),
        Repeats::Reads,
        |at| at.on(list),
        About::new("consents", "Lists what a person said clients may have.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/users/{user}/consents/{client}"),
        Access::Permission(Permission::RevocationsWrite),
        Repeats::ByNature,
        |at| at.on(withdraw),
        About::new("consents", "Takes back what a person said of a client, and ends what came of it.")
            .takes::<End>()
            .answers::<Withdrawn>(),
    ),
];

const LOOK: &str = "list the people and the clients: `jeton user list`, `jeton client list`";

/// What somebody said of a client and one API, or of who they are.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Consent")]
struct Shown {
    /// The id of the person.
    #[schemars(with = "String")]
    user_id: PersonId,
    /// The id of the client.
    #[schemars(with = "String")]
    client_id: ClientId,
    /// The name of the client; absent where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<Arc<str>>,
    /// The API, by audience, or its id where it is gone; absent of who the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// What it may have: names with spaces between.
    scope: String,
    /// When it was said.
    given_at: String,
    /// When it ends.
    expires_at: String,
}

/// What ended with a withdrawal.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "WithdrawnConsent")]
struct Withdrawn {
    /// How many consents, one for each API and one of who the person is.
    consents: u64,
    /// How many grants.
    grants: u64,
}

async fn list(State(Management { service, .. }): State<Management>, Target(user): Target<String>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let person = service.find_user(&user).map_err(|refusal| Problem::from(refusal).look(LOOK))?.record.id.clone();
    let now = service.moments().time().seconds();
    let all = service.all_consents_of(&person).await?;
    let held: Vec<Consent> = all.into_iter().map(|consent| consent.record).filter(|consent| now < consent.expires_at).collect();
    ok(&listing.sorted(&held, place, |consent| Shown::of(consent, &service))?)
}

async fn withdraw(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target((user, client)): Target<(String, String)>,
    Body(end): Body<End>,
) -> Answer {
    let look = |refusal| Problem::from(refusal).look(LOOK);
    let why = end.why()?;
    let person = service.find_user(&user).map_err(look)?.record.id.clone();
    let client = service.find_client(&client).map_err(look)?.client.record.id.clone();
    let withdrawn = service.withdraw((&person, &client), (&actor, &why), &service.moments().now()).await?;
    ok(&Withdrawn { consents: withdrawn.consents as u64, grants: withdrawn.grants as u64 })
}

/// As the store has them: by client, and of each first who they are.
fn place(consent: &Consent) -> String {
    let of = match &consent.of {
        Of::Identity => "",
        Of::Api(api) => api.as_str(),
    };
    format!("{} {of}", consent.client)
}

impl Shown {
    fn of(consent: &Consent, service: &Service) -> Shown {
        Shown {
            user_id: consent.person.clone(),
            client_id: consent.client.clone(),
            client_name: service.find_client(consent.client.as_str()).ok().map(|entry| entry.client.record.name.clone()),
            audience: match &consent.of {
                Of::Identity => None,
                Of::Api(api) => Some(service.registry().api(api.as_str()).map_or_else(|| api.0.clone(), |api| api.record.audience.clone())),
            },
            scope: consent.scopes.to_string(),
            given_at: rfc3339::format(consent.given_at),
            expires_at: rfc3339::format(consent.expires_at),
        }
    }
}
