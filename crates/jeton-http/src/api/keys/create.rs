//! `POST /keys`.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::api_key::create::CreateKey;
use jeton_core::owner::Owner;
use jeton_core::permission::Permission;
use jeton_core::policy::exception::request::CreateException;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_token::Environment;
use schemars::JsonSchema;
use serde::Deserialize;

use super::limits::Rate;
use super::{Created, EnvironmentName, LOOK, SCOPE, id, over, shown};
use crate::api::answer::{Answer, created};
use crate::api::before::Before;
use crate::api::body::object;
use crate::api::management::Management;
use crate::api::once::Once;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::route::{About, Access, Repeats, Route, Verb};

pub(crate) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/keys"),
    Access::Permission(Permission::KeysWrite),
    Repeats::Remembered,
    |at| at.on(create),
    About::new("keys", "Makes a key; its text is shown this once.").takes::<Create>().makes::<Created<'_>>(),
)];

/// What is asked for; with `like`, what is left out is as it is with that key.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    /// A key that it is like, by id: what is left out is as it is with that one.
    like: Option<String>,
    /// Whose it is: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`.
    owner: Option<String>,
    /// The API that it is for, by audience or id.
    audience: Option<String>,
    /// Its name.
    name: Option<String>,
    /// A note for people.
    note: Option<String>,
    /// What its owner keeps beside it.
    metadata: Option<BTreeMap<String, String>>,
    /// What it may do: names with spaces between; the default of the API if left out.
    scope: Option<String>,
    /// The networks that it may be used from, as `192.0.2.0/24`; any where there are none.
    allow_ip: Option<Vec<String>>,
    /// How often it may be used.
    #[serde(default, deserialize_with = "object")]
    rate_limit: Option<Rate>,
    /// How often it may be used in all.
    max_uses: Option<i64>,
    /// Where it may be used; `live` if left out.
    environment: Option<EnvironmentName>,
    /// How long it lives from now; as the policy says if left out.
    expires_in_seconds: Option<i64>,
    /// The client that hands it out to somebody outside, by name or id.
    client: Option<String>,
    /// What lets it live beyond the maximum.
    #[serde(default, deserialize_with = "object")]
    exception: Option<Exception>,
}

/// An exception from the maximum: all of it is needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// Who answers for it.
    owner: String,
    /// Why.
    reason: String,
    /// When the exception ends.
    ends_at: Before,
}

impl Exception {
    fn request(self) -> Result<CreateException, Problem> {
        let now = || Problem::invalid("an exception does not end now", "name the day in `exception.ends_at`");
        let ends_at = self.ends_at.seconds().ok_or_else(now)?;
        Ok(CreateException { owner: self.owner, reason: self.reason, ends_at })
    }
}

/// A request, the API and the client that hands the key out.
struct Asked {
    request: CreateKey,
    audience: String,
    client: Option<String>,
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let look = |failure: Failure| Problem::from(failure).look(LOOK).advise(ProblemKind::InvalidScope, SCOPE);
    let Asked { request, audience, client } = create.asked(&service).await?;
    let moment = repeat.moment(&service);
    let made = service.create_key(&request, (&audience, client.as_deref()), &by, &moment).await.map_err(look)?;
    let shown = shown(&service, made.key.id, &moment).await?;
    created(&Created { key: made.clear.0.expose(), shown })
}

impl Create {
    async fn asked(self, service: &Service) -> Result<Asked, Problem> {
        let owner = self.owner.as_deref().map(|owner| service.named_owner(owner)).transpose();
        let owner: Option<Owner> = owner.map_err(|refusal| Problem::from(Failure::from(refusal)).look(LOOK))?;
        let (like, audience, client) = match &self.like {
            Some(like) => {
                let entry = service.find_key(id(like)?).await.map_err(over)?;
                let key = &entry.key.record;
                // Another owner comes without who handed the key out to this one.
                let client = key.client.as_ref().filter(|_| owner.is_none()).map(ToString::to_string);
                (Some(CreateKey::like(key)), Some(key.api.to_string()), client)
            }
            None => (None, None, None),
        };
        let like = match (like, owner) {
            (Some(like), owner) => CreateKey { owner: owner.unwrap_or_else(|| like.owner.clone()), ..like },
            (None, Some(owner)) => CreateKey::new(owner, self.name.as_deref().ok_or_else(|| missing("name"))?),
            (None, None) => return Err(missing("owner")),
        };
        Ok(Asked {
            audience: self.audience.or(audience).ok_or_else(|| missing("audience"))?,
            client: self.client.or(client),
            request: CreateKey {
                name: self.name.unwrap_or(like.name),
                note: self.note.or(like.note),
                metadata: self.metadata.unwrap_or(like.metadata),
                scopes: self.scope.or(like.scopes),
                networks: self.allow_ip.unwrap_or(like.networks),
                rate: self.rate_limit.map(Rate::limit).transpose()?.or(like.rate),
                max_uses: self.max_uses.or(like.max_uses),
                environment: self.environment.map_or(like.environment, Environment::from),
                expires_in_seconds: self.expires_in_seconds,
                exception: self.exception.map(Exception::request).transpose()?,
                ..like
            },
        })
    }
}

fn missing(member: &str) -> Problem {
    Problem::invalid(
        format!("`{member}` is missing"),
        "a key has an `owner`, an `audience` and a `name`; or all is as with another one: `like`",
    )
}
