//! What changes a key: what it allows, whose it is, and its secrets.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::api_key::rotate::Rotate;
use jeton_core::api_key::update::{Change, UpdateKey};
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use jeton_core::refusal::Refusal;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer};

use super::limits::Rate;
use super::shown::Shown;
use super::{Created, id, over, shown};
use crate::api::answer::{Answer, ok};
use crate::api::body::{Body, object, present};
use crate::api::management::Management;
use crate::api::once::Once;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::route::{About, Access, Repeats, Route, Verb};
use crate::api::target::Target;

const WRITE: Access = Access::Permission(Permission::KeysWrite);
const REVOKE: Access = Access::Permission(Permission::KeysRevoke);

pub(crate) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Patch, "/keys/{key}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("keys", "Changes what a key allows, and what is said of it.").takes::<Update>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/keys/{key}/rotate"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(rotate),
        About::new("keys", "Gives a key another secret; its text is shown this once.").takes::<Rotation>().answers::<Created<'_>>(),
    ),
    Route::new(
        (Verb::Post, "/keys/{key}/transfer"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(transfer),
        About::new("keys", "Gives a key to another owner.").takes::<Transfer>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/keys/{key}/secrets/previous"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(end_previous),
        About::new("keys", "Ends the secret that was replaced.").answers::<Shown>(),
    ),
];

const TWO_SECRETS: &str =
    "see how it stands: `jeton key show KEY`; with two live secrets, end the previous one first: `jeton key end-previous KEY`";

/// What changes; what is left out stays, and `null` takes a limit or a note away.
#[derive(serde::Deserialize, JsonSchema)]
#[schemars(rename = "UpdateKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    /// Its name.
    name: Option<String>,
    /// A note for people.
    #[serde(default, deserialize_with = "present")]
    note: Option<Option<String>>,
    /// What its owner keeps beside it.
    metadata: Option<BTreeMap<String, String>>,
    /// What it may do: names with spaces between, in place of what it may now.
    scope: Option<String>,
    /// The networks that it may be used from, as `192.0.2.0/24`; any where there are none.
    allow_ip: Option<Vec<String>>,
    /// How often it may be used.
    #[serde(default, deserialize_with = "present_object")]
    rate_limit: Option<Option<Rate>>,
    /// How often it may be used in all.
    #[serde(default, deserialize_with = "present")]
    max_uses: Option<Option<i64>>,
    /// How long it lives from now.
    expires_in_seconds: Option<i64>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[schemars(rename = "RotateKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the secret before is accepted beside the new one.
    overlap_seconds: Option<i64>,
    /// How long it lives from now; as the policy says if left out.
    expires_in_seconds: Option<i64>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[schemars(rename = "TransferKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    /// Whose it is: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`.
    owner: String,
    /// The client that hands it out to somebody outside, by name or id.
    client: Option<String>,
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(key): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let (id, request, moment) = (id(&key)?, update.request()?, service.moments().now());
    service.update_key(id, &request, &by, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

async fn rotate(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(key): Target<String>,
    Once { body: rotation, repeat }: Once<Rotation>,
) -> Answer {
    let (id, moment) = (id(&key)?, repeat.moment(&service));
    let rotated = service.rotate_key(id, rotation.request(), &by, &moment).await;
    let rotated = rotated.map_err(|failure| over(failure).advise(ProblemKind::Conflict, TWO_SECRETS))?;
    ok(&Created { key: rotated.clear.0.expose(), shown: shown(&service, id, &moment).await? })
}

async fn end_previous(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(key): Target<String>,
) -> Answer {
    let (id, moment) = (id(&key)?, service.moments().now());
    service.end_previous_secret(id, &actor, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

async fn transfer(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(key): Target<String>,
    Body(transfer): Body<Transfer>,
) -> Answer {
    let (id, moment) = (id(&key)?, service.moments().now());
    let to = service.named_owner(&transfer.owner).map_err(|refusal| over(refusal.into()))?;
    service.transfer_key(id, (&to, transfer.client.as_deref()), &by, &moment).await.map_err(over)?;
    ok(&shown(&service, id, &moment).await?)
}

impl Rotation {
    /// As the core takes it.
    pub(super) fn request(&self) -> Rotate {
        Rotate { overlap_seconds: self.overlap_seconds, expires_in_seconds: self.expires_in_seconds }
    }
}

impl Update {
    fn request(self) -> Result<UpdateKey, Problem> {
        let rate: Option<Option<_>> = match self.rate_limit {
            Some(Some(rate)) => Some(Some(rate.limit().map_err(|refusal: Refusal| Problem::from(refusal))?)),
            Some(None) => Some(None),
            None => None,
        };
        Ok(UpdateKey {
            name: self.name,
            note: change(self.note),
            metadata: self.metadata,
            scopes: self.scope,
            networks: self.allow_ip,
            rate: change(rate),
            max_uses: change(self.max_uses),
            expires_in_seconds: self.expires_in_seconds,
        })
    }
}

fn change<T>(said: Option<Option<T>>) -> Change<T> {
    match said {
        None => Change::Keep,
        Some(None) => Change::Clear,
        Some(Some(value)) => Change::Set(value),
    }
}

/// The same where it is an object.
fn present_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    object(deserializer).map(Some)
}
