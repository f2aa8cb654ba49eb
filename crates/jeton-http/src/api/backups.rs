//! `/backups`: what there is, another one now, a look over them, drills, and the gap that a restore may leave.

use std::sync::Arc;
use std::sync::mpsc::channel;

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse as _;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::answer::{Answer, ok};
use super::backup_port::{Backups, BackupsShown, DrillShown, Progress, SnapshotShown, Unreceived, VerifiedShown, Working};
use super::body::Body;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};
use super::watched::watched;

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
        About::new("backups", "Makes a backup now.").reports::<SnapshotShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups/verify"),
        Access::Permission(Permission::ServerWrite),
        Repeats::ByNature,
        |at| at.on(verify),
        About::new("backups", "Opens everything on the backup target, and names what is wrong.").reports::<VerifiedShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups/drill"),
        Access::Permission(Permission::ServerWrite),
        Repeats::ByNature,
        |at| at.on(drill),
        About::new("backups", "Restores the newest backup apart and compares it, line by line.").reports::<DrillShown>(),
    ),
    Route::new(
        (Verb::Post, "/backups/receipts"),
        Access::Permission(Permission::ServerWrite),
        Repeats::ByNature,
        |at| at.on(receive),
        About::new("backups", "Takes the receipt of a drill that was made elsewhere.").takes::<Received>().answers::<DrillShown>(),
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

/// The receipt of a drill.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DrillReceipt")]
#[serde(deny_unknown_fields)]
pub(super) struct Received {
    /// The signed note, as the drill printed it.
    receipt: String,
}

async fn show(State(management): State<Management>) -> Answer {
    ok(&of(&management)?.show().await.map_err(failed)?)
}

async fn create(State(management): State<Management>, Extension(actor): Extension<Actor>) -> Answer {
    worked(&management, HINT, move |backups, progress| backups.create(actor, progress))
}

async fn verify(State(management): State<Management>) -> Answer {
    worked(&management, HINT, |backups, progress| backups.verify(progress))
}

/// What to do where a drill fails.
const DRILL_HINT: &str =
    "make another backup, `jeton backup create`, and drill again; `jeton backup verify` names what is damaged on the target";

async fn drill(State(management): State<Management>, Extension(actor): Extension<Actor>) -> Answer {
    worked(&management, DRILL_HINT, move |backups, progress| backups.drill(actor, progress))
}

/// Work that goes on, once it has begun, whether anybody waits for it or not.
fn worked<T: Serialize + Send + 'static>(
    management: &Management,
    hint: &'static str,
    work: impl FnOnce(Arc<dyn Backups>, Progress) -> Working<T> + Send + 'static,
) -> Answer {
    let backups = management.backups.clone().ok_or_else(none)?;
    let response = watched(hint, move |progress| {
        let (tell, told) = channel();
        // Whoever listened may have gone.
        let telling = move |done, of| tell.send((done, of)).unwrap_or_default();
        let working = Handle::current().spawn(work(backups, Arc::new(telling)));
        told.iter().for_each(|(done, of)| progress(done, of));
        Handle::current().block_on(working).unwrap_or_else(|error| Err(error.to_string()))
    });
    Ok(response.into_response())
}

async fn receive(State(management): State<Management>, Extension(actor): Extension<Actor>, Body(received): Body<Received>) -> Answer {
    let refused = |why: Unreceived| match why {
        Unreceived::Refused(sentence) => Problem::invalid(sentence, "hand in what `jeton backup drill` printed, as it was printed"),
        Unreceived::Failed(sentence) => failed(sentence),
    };
    ok(&of(&management)?.receive(actor, received.receipt).await.map_err(refused)?)
}

async fn accept(State(Management { service, .. }): State<Management>, Extension(actor): Extension<Actor>) -> Answer {
    ok(&Accepted { accepted: service.accept_gap(&actor, &service.moments().now()).await? })
}

fn of(management: &Management) -> Result<&dyn Backups, Problem> {
    management.backups.as_deref().ok_or_else(none)
}

fn none() -> Problem {
    Problem::new(ProblemKind::Conflict, "this server makes no backups: `backup_target` is `none`", "name a target in jeton.toml")
}

/// What to do where the target fails.
const HINT: &str = "look at the backup target, and into the server's log";

fn failed(sentence: String) -> Problem {
    Problem::new(ProblemKind::StorageFailed, sentence, HINT)
}
