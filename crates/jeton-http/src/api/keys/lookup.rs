//! `POST /keys/lookup`: which key a text is.

use axum::extract::State;
use jeton_core::permission::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shown::Shown;
use super::{LOOK, found};
use crate::api::answer::{Answer, ok};
use crate::api::body::Body;
use crate::api::management::Management;
use crate::api::names::FoundSecret;
use crate::api::problem::Problem;
use crate::api::route::{About, Access, Repeats, Route, Verb};
use crate::api::secret_text::SecretText;

pub(crate) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/keys/lookup"),
    Access::Permission(Permission::KeysRead),
    Repeats::Reads,
    |at| at.on(look_up),
    About::new("keys", "Says which key a text is.").takes::<LookUp>().answers::<Found>(),
)];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LookUpKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUp {
    /// The text.
    #[schemars(with = "String")]
    key: SecretText,
}

/// A key, and which of its secrets was presented.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FoundKey")]
struct Found {
    /// Which of its secrets it is.
    #[schemars(with = "FoundSecret")]
    secret: &'static str,
    #[serde(flatten)]
    shown: Shown,
}

async fn look_up(State(Management { service, .. }): State<Management>, Body(look_up): Body<LookUp>) -> Answer {
    let (entry, which) = service.look_up_key(look_up.key.0.expose()).await.map_err(|failure| Problem::from(failure).look(LOOK))?;
    ok(&Found { secret: which.name(), shown: found(&service, &entry, &service.moments().now()).await? })
}
