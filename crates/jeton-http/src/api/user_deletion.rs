//! `DELETE /users/{user}`: what is theirs ends, and what depends on them alone goes elsewhere or ends.

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::PersonId;
use jeton_core::person::alone::Dependents;
use jeton_core::refusal::Refusal;
use jeton_service::Service;
use jeton_service::deletion::Deletion;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::Body;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::target::Target;

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DeleteUser")]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    /// Who gets the keys and clients that depend on this person alone: `group:NAME`, or `user:NAME` where there are clients alone.
    transfer_to: Option<String>,
    /// Whether those keys are revoked and those clients deleted.
    #[serde(default)]
    revoke_owned: bool,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What went with a person.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DeletedUser")]
pub(super) struct Deleted {
    /// The id of the person.
    #[schemars(with = "String")]
    id: PersonId,
    /// How many personal access tokens ended.
    personal_access_tokens: u64,
    /// Out of how many groups they went.
    groups: u64,
    /// How many roles they held themselves.
    roles: u64,
    /// How many keys depended on them alone.
    keys: u64,
    /// How many clients depended on them alone.
    clients: u64,
    /// What became of those keys and clients: `none`, as there were none; `transferred` or `revoked`.
    dependents: &'static str,
    /// Whether nothing was written.
    dry_run: bool,
}

pub(super) async fn delete(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(delete): Body<Delete>,
) -> Answer {
    let dependents = delete.dependents(&service).map_err(|refusal| told(refusal.into()))?;
    let done = match delete.dry_run {
        true => service.plan_deletion(&name, &dependents, &by).await,
        false => service.delete_user(&name, &dependents, &by, &service.moments().now()).await,
    };
    let (id, Deletion { tokens, groups, roles, keys, clients }) = done.map_err(told)?;
    let became = match dependents {
        _ if keys == 0 && clients == 0 => "none",
        Dependents::TransferTo(_) => "transferred",
        Dependents::RevokeOwned => "revoked",
        Dependents::Refuse => "none",
    };
    let dry_run = delete.dry_run;
    ok(&Deleted { id, personal_access_tokens: tokens, groups, roles, keys, clients, dependents: became, dry_run })
}

impl Delete {
    fn dependents(&self, service: &Service) -> Result<Dependents, Refusal> {
        match &self.transfer_to {
            Some(_) if self.revoke_owned => {
                Err(Refusal::invalid("what depends on somebody either goes elsewhere or ends: leave `transfer_to` or `revoke_owned` out"))
            }
            Some(owner) => Ok(Dependents::TransferTo(service.named_owner(owner)?)),
            None if self.revoke_owned => Ok(Dependents::RevokeOwned),
            None => Ok(Dependents::Refuse),
        }
    }
}

fn told(failure: Failure) -> Problem {
    let last = "make another owner: `jeton admin create --username NAME --role owner`";
    Problem::from(failure).look("list the users and the groups: `jeton user list`, `jeton group list`").advise(ProblemKind::Conflict, last)
}
