//! `/users/{user}/erase`: what is theirs ends, and nothing says any more who they were.

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::PersonId;
use jeton_service::erase::Erasure;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::Body;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::target::Target;

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "EraseUser")]
#[serde(deny_unknown_fields)]
pub(super) struct Erase {
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What went with a person.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ErasedUser")]
pub(super) struct Erased {
    /// The id of the person: what is left of them.
    #[schemars(with = "String")]
    id: PersonId,
    /// How many keys and personal access tokens.
    keys: u64,
    /// Out of how many groups they went.
    groups: u64,
    /// How many roles they held themselves.
    roles: u64,
    /// How many entries of the ledger say nothing any more.
    entries: u64,
    /// Whether nothing was written.
    dry_run: bool,
}

pub(super) async fn erase(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Erase { dry_run }): Body<Erase>,
) -> Answer {
    let done = match dry_run {
        true => service.plan_erasure(&name, &by).await.map(|(person, erasure)| (person.id, erasure)),
        false => service.erase_user(&name, &by, &service.moments().now()).await,
    };
    let (id, Erasure { keys, groups, roles, entries }) = done.map_err(told)?;
    ok(&Erased { id, keys, groups, roles, entries, dry_run })
}

fn told(failure: Failure) -> Problem {
    let last = "make another owner: `jeton admin create --username NAME --role owner`";
    Problem::from(failure).look("list the users: `jeton user list`").advise(ProblemKind::Conflict, last)
}
