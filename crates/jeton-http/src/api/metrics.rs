//! `/metrics`, beside the management API, for who administers.

use axum::extract::State;
use axum::response::Response;
use jeton_core::permission::Permission;

use super::management::Management;
use super::route::{About, Access, Repeats, Route, Verb};
use crate::metrics::{self, PATH};

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, PATH),
    Access::Permission(Permission::ServerRead),
    Repeats::Reads,
    |at| at.on(show),
    About::new("server", "The metrics, in the text format of Prometheus.").says("text/plain"),
)];

async fn show(State(Management { service, observer, .. }): State<Management>) -> Response {
    metrics::answer(&service, &observer).await
}
