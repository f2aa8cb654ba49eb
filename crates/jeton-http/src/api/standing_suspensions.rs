//! `GET /suspensions`: which clients, APIs, people and groups are suspended now, since when, by whom, and why.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::permission::{self, Permission};
use jeton_core::why::{Because, Why};
use jeton_service::Service;
use jeton_service::explain::suspension::SuspendedSubject;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;
use super::names::SuspendedKind;
use super::page::{Listing, newest_first};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, "/suspensions"),
    Access::AnyOf(&[Permission::ClientsRead, Permission::ApisRead, Permission::PeopleRead]),
    Repeats::Reads,
    |at| at.on(list),
    About::new("revocations", "Lists the clients, APIs, users and groups that are suspended, the last one first.").lists::<Shown>(),
)];

/// Something that is suspended.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "StandingSuspension")]
struct Shown {
    /// What it is: `client`, `api`, `user` or `group`.
    #[schemars(with = "SuspendedKind")]
    kind: CutOffSubject,
    /// Its id.
    id: Arc<str>,
    /// Its name; of an API the audience, of a user the username.
    name: Arc<str>,
    /// When it was suspended.
    suspended_at: String,
    /// Who suspended it.
    #[schemars(with = "String")]
    suspended_by: Actor,
    /// Why it is suspended.
    why: String,
}

async fn list(
    State(Management { service, .. }): State<Management>,
    Extension(administrator): Extension<Administrator>,
    uri: Uri,
) -> Answer {
    let page = blocking(move || {
        let listing = Listing::parse(&uri, &service)?;
        let mut suspended = service.suspended_subjects();
        suspended.retain(|one| administrator.permissions.has(permission::to_see(one.subject)));
        suspended.sort_by_cached_key(place);
        listing.sorted(&suspended, place, |one| Shown::of(one, &service))?.read()
    });
    ok(&page.await??)
}

fn place(one: &SuspendedSubject) -> String {
    newest_first(one.since.at_seconds, &one.id)
}

impl Shown {
    fn of(one: &SuspendedSubject, service: &Service) -> Result<Shown, Failure> {
        let said = service.who_suspended(one.since)?;
        Ok(Shown {
            kind: one.subject,
            id: one.id.clone(),
            name: one.name.clone(),
            suspended_at: rfc3339::format(said.at),
            suspended_by: said.by,
            why: said.why.as_ref().map_or(Why::Unspecified.name(), Because::as_str).to_owned(),
        })
    }
}
