//! `/users/{user}/invitation`: a link by which somebody chooses their first password.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::PersonId;
use jeton_service::links::{Invitation, Invited};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::Body;
use super::management::Management;
use super::problem::Problem;
use super::rfc3339;
use super::target::Target;

const LOOK: &str = "list the users: `jeton user list`";

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Invite")]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    /// Their address; of somebody who is here, the one that is known.
    email: Option<String>,
    /// What they are called, where they are taken in by this.
    name: Option<String>,
}

/// An invitation that was just made.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Invitation")]
pub(super) struct Shown {
    /// The id of the person.
    #[schemars(with = "String")]
    id: PersonId,
    /// The name that they are known by.
    username: Arc<str>,
    /// Whether they were taken in by this.
    is_new: bool,
    /// Where the link goes to.
    email: Arc<str>,
    /// Whether it is sent there.
    is_sent: bool,
    /// The link: shown this once, and not where it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// When it ends.
    expires_at: String,
}

pub(super) async fn invite(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Invite { email, name: called }): Body<Invite>,
) -> Answer {
    let invitation = Invitation { email, name: called };
    let invited = service.invite(&name, &invitation, &by, &service.moments().now()).await;
    let Invited { made, username, is_new } = invited.map_err(|failure| Problem::from(failure).look(LOOK))?;
    let link = made.link.is_shown.then(|| service.link_address(&made.text).expose().to_owned());
    ok(&Shown {
        id: made.link.person,
        username,
        is_new,
        email: made.link.address,
        is_sent: link.is_none(),
        link,
        expires_at: rfc3339::format(made.link.expires_at),
    })
}
