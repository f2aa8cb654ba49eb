//! Who may manage: the user that the server runs as, and root, over the Unix socket; elsewhere whoever presents a key or a token for the
//! management API, as far as it and its owner's roles allow.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::id::Actor;
use jeton_service::authorize::NotAdmitted;
use jeton_service::usage::marks::Marks;
use jeton_token::Secret;

use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::query::without_query;
use crate::edge::Peer;
use crate::extract::marks;
use crate::observe::{Endpoint, Observer};
use crate::seen;

/// What a request must pass before its handler is asked.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) management: Arc<Management>,
    pub(super) needed: Needed,
    /// Whether the handler reads the query.
    pub(super) takes_query: bool,
}

/// What a request says of who sends it.
pub(super) struct Presented {
    peer: Option<Peer>,
    address: Option<IpAddr>,
    /// The User-Agent.
    agent: Option<Box<str>>,
    /// The text after `Authorization: Bearer`; of the error: a header that says something else.
    bearer: Option<Result<Secret, ()>>,
}

/// Lets an administrator in who may do this, and says to the handlers who it is.
pub(super) async fn admit(State(Gate { management, needed, takes_query }): State<Gate>, mut request: Request, next: Next) -> Response {
    let presented = Presented::of(&request, &management.observer);
    let query = if takes_query { Ok(()) } else { without_query(request.uri()) };
    // Who may not is told that first.
    let admitted = authorize(&management, needed, presented).await.and_then(|administrator| query.map(|()| administrator));
    let response = match admitted {
        Ok(administrator) => {
            let actor = administrator.actor.clone();
            request.extensions_mut().insert(actor.clone());
            request.extensions_mut().insert(administrator);
            let mut response = next.run(request).await;
            seen::note(&mut response, |seen| seen.actor = Some(actor));
            response
        }
        Err(problem) => problem.into_response(),
    };
    management.observer.requests.count(Endpoint::Management, &response);
    response
}

/// Who administers, where they may do what this needs.
pub(super) async fn authorize(management: &Management, needed: Needed, presented: Presented) -> Result<Administrator, Problem> {
    let administrator = match presented.peer {
        Some(Peer::Unix { uid, .. }) => by_peer(uid, management.owner_uid)?,
        Some(Peer::Tcp(_)) | None => by_bearer(management, presented).await?,
    };
    must_have(&administrator, needed)?;
    Ok(administrator)
}

impl Presented {
    pub(super) fn of(request: &Request, observer: &Observer) -> Presented {
        let (peer, headers) = (request.extensions().get::<Peer>().copied(), request.headers());
        let Marks { address, agent, .. } = marks(peer.as_ref(), headers, &observer.proxies);
        Presented { peer, address, agent: agent.map(Box::from), bearer: bearer(headers) }
    }

    /// Whether a request comes as those of administrators do.
    pub(super) fn is_of_administrator(&self) -> bool {
        matches!(self.peer, Some(Peer::Unix { .. })) || matches!(self.bearer, Some(Ok(_)))
    }
}

/// The scheme in any case (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<Result<Secret, ()>> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let text = match (lines.next()?, lines.next()) {
        (line, None) => line.to_str().ok().and_then(|line| line.split_once(' ')),
        _ => None,
    };
    let bearer = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(bearer.map(|(_, text)| Secret::from(text.trim())).ok_or(()))
}

async fn by_bearer(management: &Management, presented: Presented) -> Result<Administrator, Problem> {
    const SEND: &str = "send a key or a token for the management API in the header `Authorization: Bearer TEXT`; `jeton admin create` on the \
                        server makes the first";
    let Some(bearer) = presented.bearer else {
        return Err(Problem::new(ProblemKind::Unauthenticated, "the management API must know who asks", SEND));
    };
    let refused = |detail| Problem::new(ProblemKind::InvalidToken, detail, SEND);
    let text = bearer.map_err(|()| refused("this proves nothing to the management API"))?;
    let moment = management.service.moments().now();
    let marks = Marks { address: presented.address, agent: presented.agent.as_deref(), ..Marks::default() };
    match management.service.administrator(text.expose(), &marks, &moment).await? {
        Ok(administrator) => Ok(administrator),
        Err(NotAdmitted::Unknown) => Err(refused("what was presented is not accepted by the management API")),
        Err(NotAdmitted::TooOften { retry_seconds }) => {
            let problem = Problem::new(ProblemKind::RateLimited, "the rate of this key is spent", "wait as long as Retry-After says");
            Err(problem.retry_after(retry_seconds))
        }
    }
}

/// Whether an administrator may do what this needs.
pub(super) fn must_have(administrator: &Administrator, needed: Needed) -> Result<(), Problem> {
    administrator.may(needed).map_err(|lacking| {
        let detail = format!("the permission `{}` lacks", lacking.name());
        Problem::new(ProblemKind::Forbidden, detail, "ask an owner of this deployment for a role that has it")
    })
}

fn by_peer(uid: u32, owner_uid: u32) -> Result<Administrator, Problem> {
    if uid == owner_uid || uid == 0 {
        return Ok(Administrator::of_everything(Actor(format!("unix:{uid}").into())));
    }
    Err(Problem::new(
        ProblemKind::Forbidden,
        format!("the user with the id {uid} does not own this server"),
        format!("run the command as the user with the id {owner_uid}, or as root"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::permission::Permissions;

    #[track_caller]
    fn check(uid: u32, expected: Option<&str>) {
        let administrator = by_peer(uid, 1000).ok();
        assert_eq!(administrator.as_ref().map(|administrator| administrator.actor.as_str()), expected, "{uid}");
        assert!(administrator.is_none_or(|administrator| administrator.permissions == Permissions::all()));
    }

    #[test]
    fn the_owner_and_root_may_everything_on_the_socket() {
        check(1000, Some("unix:1000"));
        check(0, Some("unix:0"));
        check(1001, None);
        check(u32::MAX, None);
    }
}
