//! Who may manage: the user that the server runs as, and root, over the Unix socket; elsewhere whoever presents a key or a token for the
//! management API, as far as it and its owner's roles allow.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::id::Actor;
use jeton_service::authorize::NotAdmitted;
use jeton_service::usage::marks::Marks;
use jeton_token::Secret;

use super::body::without_body;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::query::only_knows;
use crate::edge::Peer;
use crate::extract::{Bearer, marks};
use crate::observe::{Endpoint, Observer};
use crate::seen;

/// What a request must pass before its handler is asked.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) management: Arc<Management>,
    pub(super) needed: Needed,
    /// The parameters that its row names.
    pub(super) known: Arc<[&'static str]>,
    /// Whether the handler reads a body.
    pub(super) takes_body: bool,
}

/// A request that is refused, and who sent it, where that is known.
pub(super) struct Denied {
    actor: Option<Actor>,
    problem: Problem,
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
pub(super) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let begun = gate.management.observer.requests.begin();
    let presented = Presented::of(&request, &gate.management.observer);
    let by_bearer = presented.is_by_bearer();
    let mut response = match authorize(&gate.management, gate.needed, presented).await {
        Ok(administrator) => by(administrator.actor.clone(), gate.pass(administrator, request, next).await),
        Err(denied) => denied.into_response(),
    };
    // Where no single permission would be enough, none is named.
    if by_bearer && response.status() == StatusCode::FORBIDDEN {
        let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
        response.headers_mut().entry(WWW_AUTHENTICATE).or_insert(challenge);
    }
    gate.management.observer.requests.count(Endpoint::Management, begun, &response);
    response
}

impl Gate {
    /// Asks the handler, where the request says nothing that this does not read. Who may not is told that first.
    async fn pass(&self, administrator: Administrator, request: Request, next: Next) -> Response {
        let heeded = async {
            only_knows(request.uri(), &self.known)?;
            if self.takes_body { Ok(request) } else { without_body(request).await }
        };
        match heeded.await {
            Ok(mut request) => {
                request.extensions_mut().insert(administrator.actor.clone());
                request.extensions_mut().insert(administrator);
                next.run(request).await
            }
            Err(problem) => problem.into_response(),
        }
    }
}

/// Who administers, where they may do what this needs.
pub(super) async fn authorize(management: &Management, needed: Needed, presented: Presented) -> Result<Administrator, Denied> {
    let administrator = match presented.peer {
        Some(Peer::Unix { uid, .. }) => by_peer(uid, management.owner_uid)?,
        Some(Peer::Tcp(_)) | None => by_bearer(management, presented).await?,
    };
    match must_have(&administrator, needed) {
        Ok(()) => {
            management.service.note_exercised(&administrator, needed);
            Ok(administrator)
        }
        Err(problem) => Err(Denied { actor: Some(administrator.actor), problem }),
    }
}

/// A response, with who asked.
pub(super) fn by(actor: Actor, mut response: Response) -> Response {
    seen::note(&mut response, |seen| seen.actor = Some(actor));
    response
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let response = self.problem.into_response();
        match self.actor {
            Some(actor) => by(actor, response),
            None => response,
        }
    }
}

impl From<Problem> for Denied {
    fn from(problem: Problem) -> Denied {
        Denied { actor: None, problem }
    }
}

/// Whether a request comes as those of administrators do.
pub(super) fn is_of_administrator(request: &Request) -> bool {
    matches!(request.extensions().get(), Some(Peer::Unix { .. })) || matches!(Bearer::of(request.headers()), Bearer::Presented(_))
}

impl Presented {
    pub(super) fn of(request: &Request, observer: &Observer) -> Presented {
        let (peer, headers) = (request.extensions().get::<Peer>().copied(), request.headers());
        let Marks { address, agent, .. } = marks(peer.as_ref(), headers, &observer.proxies);
        let bearer = match Bearer::of(headers) {
            Bearer::Absent => None,
            Bearer::Other => Some(Err(())),
            Bearer::Presented(text) => Some(Ok(Secret::from(text))),
        };
        Presented { peer, address, agent: agent.map(Box::from), bearer }
    }

    /// Whether a bearer token is what a request says who sends it by.
    fn is_by_bearer(&self) -> bool {
        !matches!(self.peer, Some(Peer::Unix { .. }))
    }
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
        Problem::new(ProblemKind::Forbidden, detail, "ask an owner of this deployment for a role that has it").needs(lacking)
    })
}

fn by_peer(uid: u32, owner_uid: u32) -> Result<Administrator, Denied> {
    let actor = Actor(format!("unix:{uid}").into());
    if uid == owner_uid || uid == 0 {
        return Ok(Administrator::of_everything(actor));
    }
    let problem = Problem::new(
        ProblemKind::Forbidden,
        format!("the user with the id {uid} does not own this server"),
        format!("run the command as the user with the id {owner_uid}, or as root"),
    );
    Err(Denied { actor: Some(actor), problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::permission::Permissions;

    #[track_caller]
    fn check(uid: u32, expected: Option<&str>) {
        let admitted = by_peer(uid, 1000);
        let tried = admitted.as_ref().err().and_then(|denied| denied.actor.as_ref()).map(Actor::as_str);
        assert_eq!(tried.is_some(), expected.is_none(), "{uid}: {tried:?}");
        let administrator = admitted.ok();
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
