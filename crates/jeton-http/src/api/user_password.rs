//! `/users/{user}/password`: what somebody signs in with.

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_token::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, no_content};
use super::body::Body;
use super::management::Management;
use super::problem::Problem;
use super::target::Target;

const LOOK: &str = "list the users: `jeton user list`";

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SetPassword")]
#[serde(deny_unknown_fields)]
pub(super) struct SetPassword {
    /// The password: 8 characters at least, 256 at most, and no name of theirs.
    password: String,
}

pub(super) async fn set(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(SetPassword { password }): Body<SetPassword>,
) -> Answer {
    let password = Secret::new(password);
    service.set_password(&name, &password, &by, &service.moments().now()).await.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}
