//! `GET /suspensions`: which clients, APIs, people, groups and owners outside are suspended now, since when, by whom, and why.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::id::Actor;
use jeton_core::permission::{self, Permission};
use jeton_core::why::{Because, Why};
use jeton_service::Service;
use jeton_service::explain::suspension::SuspendedSubject;
use jeton_service::failure::Failure;
use jeton_service::keys::suspended_owners::SuspendedOwner;
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
    Access::AnyOf(&[Permission::ClientsRead, Permission::ApisRead, Permission::PeopleRead, Permission::KeysRead]),
    Repeats::Reads,
    |at| at.on(list),
    About::new(
        "revocations",
        "Lists the clients, APIs, users and groups that are suspended, and the owners outside of whom keys are, the last one first.",
    )
    .lists::<Shown>(),
)];

/// Something that is suspended.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "StandingSuspension")]
struct Shown {
    /// What it is: `client`, `api`, `user`, `group`; or `owner`, somebody outside: their keys are suspended one by one.
    #[schemars(with = "SuspendedKind")]
    kind: &'static str,
    /// Its id; of an owner outside `external:TEXT`.
    id: Arc<str>,
    /// Its name; of an API the audience, of a user the username.
    name: Arc<str>,
    /// Of an owner outside, how many keys that would live are suspended, not counting those that nobody used.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<u64>,
    /// When it was suspended; of an owner outside, the last of the keys.
    suspended_at: String,
    /// Who suspended it.
    #[schemars(with = "String")]
    suspended_by: Actor,
    /// Why it is suspended.
    why: String,
}

/// What is listed.
enum Listed {
    Subject(SuspendedSubject),
    Owner(SuspendedOwner),
}

async fn list(
    State(Management { service, .. }): State<Management>,
    Extension(administrator): Extension<Administrator>,
    uri: Uri,
) -> Answer {
    let page = blocking(move || {
        let listing = Listing::parse(&uri, &service)?;
        let subjects = service.suspended_subjects().into_iter();
        let seen = subjects.filter(|one| administrator.permissions.has(permission::to_see(one.subject)));
        let mut suspended: Vec<Listed> = seen.map(Listed::Subject).collect();
        if administrator.permissions.has(Permission::KeysRead) {
            suspended.extend(service.suspended_owners(&service.moments().now())?.into_iter().map(Listed::Owner));
        }
        suspended.sort_by_cached_key(place);
        listing.sorted(&suspended, place, |one| Shown::of(one, &service))?.read()
    });
    ok(&page.await??)
}

fn place(one: &Listed) -> String {
    match one {
        Listed::Subject(one) => newest_first(one.since.at_seconds, &one.id),
        Listed::Owner(one) => newest_first(one.last.at, &one.owner.to_string()),
    }
}

impl Shown {
    fn of(one: &Listed, service: &Service) -> Result<Shown, Failure> {
        let (kind, id, name, keys, said) = match one {
            Listed::Subject(one) => (one.subject.name(), one.id.clone(), one.name.clone(), None, service.who_suspended(one.since)?),
            Listed::Owner(one) => {
                let owner: Arc<str> = one.owner.to_string().into();
                ("owner", owner.clone(), owner, Some(one.keys), one.last.clone())
            }
        };
        Ok(Shown {
            kind,
            id,
            name,
            keys,
            suspended_at: rfc3339::format(said.at),
            suspended_by: said.by,
            why: said.why.as_ref().map_or(Why::Unspecified.name(), Because::as_str).to_owned(),
        })
    }
}
