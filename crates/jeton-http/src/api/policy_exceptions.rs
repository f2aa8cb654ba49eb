//! `/policies/exceptions`: single credentials that live beyond their maximum.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::id::{Actor, ExceptionId};
use jeton_core::permission::Permission;
use jeton_core::policy::exception::PolicyException;
use jeton_core::policy::exception::create::CreateException;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, no_content, ok};
use super::before::Before;
use super::management::Management;
use super::names::CredentialKindName;
use super::once::Once;
use super::page::Listing;
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

const READ: Access = Access::Permission(Permission::PoliciesRead);
const WRITE: Access = Access::Permission(Permission::PoliciesWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/policies/exceptions"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("policies", "Lists the exceptions from policies.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/policies/exceptions"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("policies", "Lets a single credential live beyond its maximum.").takes::<Create>().makes::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/policies/exceptions/{exception}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(end),
        About::new("policies", "Ends an exception.").only_does(),
    ),
];

const LOOK: &str = "list them: `jeton policy exception list`, `jeton client secret list CLIENT`, `jeton key list`";

/// An exception, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PolicyException")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: ExceptionId,
    /// The kind of credential.
    #[schemars(with = "CredentialKindName")]
    kind: &'static str,
    /// The id of the credential that it is for.
    credential: Arc<str>,
    /// Who answers for it.
    owner: Arc<str>,
    /// Why.
    reason: Arc<str>,
    /// When the exception ends.
    ends_at: String,
    /// When it was made.
    created_at: String,
    /// Who made it.
    #[schemars(with = "String")]
    created_by: Actor,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreatePolicyException")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The client and the secret of it that is meant.
    client: Option<String>,
    /// The secret of that client, by id.
    secret: Option<String>,
    /// Or the key.
    key: Option<String>,
    /// Who answers for it.
    owner: String,
    /// Why.
    reason: String,
    /// When the exception ends.
    ends_at: Before,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let place = |exception: &PolicyException| format!("{:019} {}", exception.ends_at.max(0), exception.id);
    ok(&listing.sorted(&service.policy_exceptions(), place, |exception| Shown::from(exception))?)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let ends_at = create.ends_at.seconds().ok_or_else(|| Problem::invalid("an exception does not end now", "name the day in `ends_at`"))?;
    let request = CreateException { owner: create.owner, reason: create.reason, ends_at };
    let moment = repeat.moment(&service);
    let made = match (&create.client, &create.secret, &create.key) {
        (Some(client), Some(secret), None) => service.create_policy_exception(client, secret, &request, &actor, &moment).await,
        (None, None, Some(key)) => service.create_key_exception(super::keys::id(key)?, &request, &actor, &moment).await,
        _ => {
            let detail = "an exception is for one credential";
            return Err(Problem::invalid(detail, "name the `client` and its `secret`, or the `key`"));
        }
    };
    let other = "see `jeton policy exception list` and `jeton client secret list CLIENT`; \
                 `jeton policy exception end ID` ends one, `jeton client secret create CLIENT` makes another secret";
    created(&Shown::from(&made.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, other))?))
}

async fn end(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(id): Target<String>,
) -> Answer {
    let ended = service.end_policy_exception(&id, &actor, &service.moments().now()).await;
    ended.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

impl From<&PolicyException> for Shown {
    fn from(exception: &PolicyException) -> Shown {
        Shown {
            id: exception.id.clone(),
            kind: exception.kind.lifetime().policy_key,
            credential: exception.credential.clone(),
            owner: exception.owner.clone(),
            reason: exception.reason.clone(),
            ends_at: rfc3339::format(exception.ends_at),
            created_at: rfc3339::format(exception.created_at),
            created_by: exception.created_by.clone(),
        }
    }
}
