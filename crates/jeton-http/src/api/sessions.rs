//! `/sessions`: who is signed in, since when and from where; one ended.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::id::{Actor, PersonId, SessionId};
use jeton_core::permission::Permission;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::sessions::list::LiveSession;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::names::SubjectState;
use super::page::Listing;
use super::parameter::Parameter;
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/sessions"),
        Access::Permission(Permission::TokensRead),
        Repeats::Reads,
        |at| at.on(list),
        About::new("sessions", "Lists the sessions of people, the newest first.").asks(PARAMETERS).lists::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/sessions/{session}"),
        Access::Permission(Permission::RevocationsWrite),
        Repeats::ByNature,
        |at| at.on(end),
        About::new("sessions", "Ends a session, and the grants that end with it.").takes::<End>().answers::<Ended>(),
    ),
];

const PARAMETERS: &[Parameter] = &[Parameter::text("user", "Only those of this person, by username or id.")];
const LOOK: &str = "list the sessions: `jeton session list`; the people: `jeton user list`";

/// A session, as it is answered: all but its secret.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Session")]
struct Shown {
    /// Its id: the `sid` of tokens.
    #[schemars(with = "String")]
    id: SessionId,
    /// The id of the person.
    #[schemars(with = "String")]
    user_id: PersonId,
    /// The name that they are known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Arc<str>>,
    /// `active`, or `suspended` until the person is resumed.
    #[schemars(with = "SubjectState")]
    state: &'static str,
    /// When it began.
    created_at: String,
    /// When they last proved who they are.
    authenticated_at: String,
    /// How strongly: an authentication context class (`acr`).
    acr: Arc<str>,
    /// When their browser was last here, as far as this server knows since it started; otherwise when they last proved who they are.
    last_seen_at: String,
    /// When it ends at the latest.
    expires_at: String,
    /// The network that it began from: /24, or /48 of IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Arc<str>>,
    /// The class of the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Arc<str>>,
}

/// What ended with a session.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "EndedSession")]
struct Ended {
    /// The id of the session.
    #[schemars(with = "String")]
    id: SessionId,
    /// How many grants ended with it.
    grants: u64,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let person = listing.query().text("user").map(|name| service.find_user(name)).transpose();
    let person = person.map_err(|refusal| Problem::from(refusal).look(LOOK))?.map(|person| person.record.id.clone());
    let after = listing.after().map(str::to_owned);
    let (limit, moment, reader) = (listing.limit(), service.moments().now(), service.clone());
    let page = blocking(move || {
        let page = reader.list_sessions(person.as_ref(), after.as_deref(), limit, &moment)?;
        let items: Vec<Shown> = page.sessions.iter().map(|live| Shown::of(live, &reader)).collect();
        Ok::<_, Failure>((items, page.next))
    });
    let (items, next) = page.await??;
    ok(&listing.page(items, next.as_deref())?)
}

async fn end(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(id): Target<String>,
    Body(end): Body<End>,
) -> Answer {
    let none = || Problem::new(ProblemKind::NotFound, "there is no session of this id: it has 32 lowercase hexadecimal digits", LOOK);
    let (id, why) = (SessionId::parse(&id).ok_or_else(none)?, end.why()?);
    let ended = service.end_session(id, (&actor, &why), &service.moments().now()).await;
    let grants = ended.map_err(|failure| Problem::from(failure).look(LOOK))? as u64;
    ok(&Ended { id, grants })
}

impl Shown {
    fn of(live: &LiveSession, service: &Service) -> Shown {
        let LiveSession { session, last_seen_at, is_suspended } = live;
        Shown {
            id: session.id,
            user_id: session.person.clone(),
            username: service.registry().people.all.get(session.person.as_str()).map(|person| person.record.username.clone()),
            state: if *is_suspended { "suspended" } else { "active" },
            created_at: rfc3339::format(session.created_at),
            authenticated_at: rfc3339::format(session.authenticated.at),
            acr: session.authenticated.acr.name().into(),
            last_seen_at: rfc3339::format(*last_seen_at),
            expires_at: rfc3339::format(session.expires_at),
            network: session.sender.network.clone(),
            agent: session.sender.agent.clone(),
        }
    }
}
