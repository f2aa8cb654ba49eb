//! `/grants`: what people let clients do, with how far each has been refreshed; one ended.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::id::{Actor, ClientId, GrantId, PersonId, SessionId};
use jeton_core::permission::Permission;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::grants::list::{GrantFilter, LiveGrant};
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
        (Verb::Get, "/grants"),
        Access::Permission(Permission::TokensRead),
        Repeats::Reads,
        |at| at.on(list),
        About::new("grants", "Lists what people let clients do, by person and client.").asks(PARAMETERS).lists::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/grants/{grant}"),
        Access::Permission(Permission::RevocationsWrite),
        Repeats::ByNature,
        |at| at.on(end),
        About::new("grants", "Ends a grant: its refresh tokens and its access tokens.").takes::<End>().answers::<Ended>(),
    ),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("user", "Only those of this person, by username or id."),
    Parameter::text("client", "Only those to this client, by name or id."),
];
const LOOK: &str = "list the grants: `jeton grant list`; the people and the clients: `jeton user list`, `jeton client list`";

/// What a person let a client do, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Grant")]
struct Shown {
    /// Its id: the `gid` of its tokens.
    #[schemars(with = "String")]
    id: GrantId,
    /// The id of the person.
    #[schemars(with = "String")]
    user_id: PersonId,
    /// The name that they are known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Arc<str>>,
    /// The id of the client.
    #[schemars(with = "String")]
    client_id: ClientId,
    /// The name of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<Arc<str>>,
    /// `active`, or `suspended`: nothing is issued by it until its person or its client is resumed, or a gap is accepted.
    #[schemars(with = "SubjectState")]
    state: &'static str,
    /// What it may know of the person: names with spaces between.
    identity: String,
    /// What it may do, by API.
    access: Vec<At>,
    /// The session that it ends with; absent where it outlives that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    session: Option<SessionId>,
    /// When it was made.
    created_at: String,
    /// How often its refresh token was replaced; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    refreshes: Option<u32>,
    /// When its refresh token was last replaced, or made; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refreshed_at: Option<String>,
    /// The network that it was last refreshed from: /24, or /48 of IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Arc<str>>,
    /// The class of the program that last refreshed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Arc<str>>,
    /// When it ends unless it is refreshed.
    expires_at: String,
}

/// What a client may do at one API.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "GrantedAt")]
struct At {
    /// The API, by audience; its id where it is gone.
    audience: Arc<str>,
    /// Names with spaces between.
    scope: String,
}

/// What became of a grant.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "EndedGrant")]
struct Ended {
    /// The id of the grant.
    #[schemars(with = "String")]
    id: GrantId,
    /// Whether it was there until now; otherwise it had ended before.
    ended: bool,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let look = |refusal| Problem::from(refusal).look(LOOK);
    let person = listing.query().text("user").map(|name| service.find_user(name)).transpose().map_err(look)?;
    let client = listing.query().text("client").map(|name| service.find_client(name)).transpose().map_err(look)?;
    let filter =
        GrantFilter { person: person.map(|person| person.record.id.clone()), client: client.map(|entry| entry.client.record.id.clone()) };
    let after = listing.after().map(str::to_owned);
    let (limit, moment, reader) = (listing.limit(), service.moments().now(), service.clone());
    let page = blocking(move || {
        let page = reader.list_grants(&filter, after.as_deref(), limit, &moment)?;
        let items: Vec<Shown> = page.grants.iter().map(|live| Shown::of(live, &reader)).collect();
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
    let none = || Problem::new(ProblemKind::NotFound, "there is no grant of this id: it has 32 lowercase hexadecimal digits", LOOK);
    let (id, why) = (GrantId::parse(&id).ok_or_else(none)?, end.why()?);
    let ended = service.end_grant(id, (&actor, &why), &service.moments().now()).await;
    ok(&Ended { id, ended: ended.map_err(|failure| Problem::from(failure).look(LOOK))? })
}

impl Shown {
    fn of(live: &LiveGrant, service: &Service) -> Shown {
        let LiveGrant { grant, expires_at, is_suspended } = live;
        let (registry, family) = (service.registry(), grant.family.as_ref());
        let access = grant.scopes.iter().map(|(api, scopes)| At {
            audience: registry.api(api.as_str()).map_or_else(|| api.0.clone(), |api| api.record.audience.clone()),
            scope: scopes.to_string(),
        });
        Shown {
            id: grant.id,
            user_id: grant.person.clone(),
            username: registry.people.all.get(grant.person.as_str()).map(|person| person.record.username.clone()),
            client_id: grant.client.clone(),
            client_name: service.find_client(grant.client.as_str()).ok().map(|entry| entry.client.record.name.clone()),
            state: if *is_suspended { "suspended" } else { "active" },
            identity: grant.identity.to_string(),
            access: access.collect(),
            session: grant.session.filter(|_| !grant.identity.has(IdentityScope::OfflineAccess)),
            created_at: rfc3339::format(grant.created_at),
            refreshes: family.map(|family| family.generation.saturating_sub(1)),
            last_refreshed_at: family.map(|family| rfc3339::format(family.rotated_at)),
            network: family.and_then(|family| family.sender.network.clone()),
            agent: family.and_then(|family| family.sender.agent.clone()),
            expires_at: rfc3339::format(*expires_at),
        }
    }
}
