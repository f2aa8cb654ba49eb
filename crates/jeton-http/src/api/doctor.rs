//! `/doctor`: how the deployment keeps to the ten practices.

use axum::extract::State;
use jeton_core::doctor::examine;
use jeton_core::permission::Permission;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;
use super::route::{About, Access, Repeats, Route, Verb};

const READ: Access = Access::Permission(Permission::ServerRead);

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, "/doctor"),
    READ,
    Repeats::Reads,
    |at| at.on(show),
    About::new("server", "Grades how the deployment keeps to the ten practices."),
)];

async fn show(State(Management { service, surroundings, .. }): State<Management>) -> Answer {
    let observed = blocking(move || service.observe(surroundings())).await?;
    ok(&examine(&observed))
}
