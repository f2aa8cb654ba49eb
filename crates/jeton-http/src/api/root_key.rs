//! `/root-key`: its epochs, and another one.

use std::path::PathBuf;

use axum::Extension;
use axum::extract::State;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use jeton_service::once::Recognised;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;
use super::nothing::Nothing;
use super::once::{Once, Repeat};
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};

const READ: Access = Access::Permission(Permission::RootKeyRead);
const WRITE: Access = Access::Permission(Permission::RootKeyWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/root-key"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("root key", "Shows the epochs of the root key.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/root-key/rotate"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(rotate),
        About::new("root key", "Adds an epoch to the root key.").takes::<Nothing>().answers::<Shown>(),
    ),
];

/// The epochs that the root file holds.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RootKey")]
struct Shown {
    /// The epoch that new things are sealed and signed under.
    current: u16,
    /// All epochs that the file holds.
    epochs: Vec<u16>,
    /// Where it lies on the server's machine.
    root_file: PathBuf,
}

async fn show(State(Management { service, root_file, .. }): State<Management>) -> Answer {
    let root_keys = service.registry().root_keys();
    ok(&Shown { current: root_keys.current().0, epochs: root_keys.numbers().collect(), root_file: root_file.path.clone() })
}

async fn rotate(
    State(management): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: Nothing {}, repeat }: Once<Nothing>,
) -> Answer {
    // A task of its own: whoever asked may go, but an epoch that is written must be taken up.
    let rotated = tokio::spawn(add_epoch(management.clone(), actor, repeat)).await;
    rotated.map_err(|error| Problem::internal(&error))??;
    show(State(management)).await
}

async fn add_epoch(management: Management, actor: Actor, repeat: Repeat) -> Result<(), Problem> {
    let Management { service, root_file, .. } = management;
    let _turn = root_file.turn.lock().await;
    // Before the file is written: a repeat adds no epoch.
    let Recognised::New(moment) = service.recognise(repeat.moment(&service)).await? else { return Ok(()) };
    let unwritten = |detail: String| {
        Problem::new(
            ProblemKind::RootFile,
            detail,
            "put the root file back as it was and let the server's user write it, then try again; nothing was changed",
        )
    };
    let (held, file) = (service.registry().root_keys().clone(), root_file.clone());
    let root_keys = blocking(move || (file.add_epoch)(&held)).await?.map_err(unwritten)?;
    let rotated = service.rotate_root_key(root_keys, &actor, &moment).await;
    let missing = "put the root file back as it was, with every epoch that `jeton root-key list` names, and try again";
    rotated.map_err(|failure| Problem::from(failure).advise(ProblemKind::Conflict, missing))?;
    Ok(())
}
