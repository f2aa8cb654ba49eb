//! `/backups`: what there is, another one now, a look over them, and the gap that a restore may leave.

use axum::Extension;
use axum::extract::State;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::backup_port::{Backups, BackupsShown, SnapshotShown, VerifiedShown};
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/backups"),
        Access::Permission(Permission::ServerRead),
        Repeats::Reads,
        |at| at.on(show),
        About::new("backups", "Lists the backups, and says how they stand.").answers::<BackupsShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups"),
        Access::Permission(Permission::ServerWrite),
        Repeats::ByNature,
        |at| at.on(create),
        About::new("backups", "Makes a backup now.").answers::<SnapshotShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups/verify"),
        Access::Permission(Permission::ServerWrite),
        Repeats::ByNature,
        |at| at.on(verify),
        About::new("backups", "Opens everything on the backup target, and names what is wrong.").answers::<VerifiedShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups/gap/accept"),
        Access::Permission(Permission::BackupsAccept),
        Repeats::ByNature,
        |at| at.on(accept),
        About::new("backups", "Accepts the gap that a restore left: what was made before it counts again.").answers::<Accepted>(),
    ),
];

/// Whether there was a gap.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AcceptedGap")]
struct Accepted {
    /// Whether there was one; accepted it is now in any case.
    accepted: bool,
}

async fn show(State(management): State<Management>) -> Answer {
    ok(&of(&management)?.show().await.map_err(failed)?)
}

async fn create(State(management): State<Management>, Extension(actor): Extension<Actor>) -> Answer {
    ok(&of(&management)?.create(actor).await.map_err(failed)?)
}

async fn verify(State(management): State<Management>) -> Answer {
    ok(&of(&management)?.verify().await.map_err(failed)?)
}

async fn accept(State(Management { service, .. }): State<Management>, Extension(actor): Extension<Actor>) -> Answer {
    ok(&Accepted { accepted: service.accept_gap(&actor, &service.moments().now()).await? })
}

fn of(management: &Management) -> Result<&dyn Backups, Problem> {
    let none =
        || Problem::new(ProblemKind::Conflict, "this server makes no backups: `backup_target` is `none`", "name a target in jeton.toml");
    management.backups.as_deref().ok_or_else(none)
}

fn failed(sentence: String) -> Problem {
    Problem::new(ProblemKind::StorageFailed, sentence, "look at the backup target, and into the server's log")
}
