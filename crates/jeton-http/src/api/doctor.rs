//! `/doctor`: how the deployment keeps to the ten practices.

use axum::extract::State;
use jeton_core::doctor::examine;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;

pub(super) async fn show(State(Management { service, surroundings, .. }): State<Management>) -> Answer {
    let seen = blocking(move || surroundings()).await?;
    ok(&examine(&service.observe(seen)))
}
