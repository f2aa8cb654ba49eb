//! Who may manage: the user that the server runs as, and root, over the Unix socket.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::id::Actor;
use jeton_core::permission::Permissions;

use super::management::Management;
use super::problem::{Problem, ProblemKind};
use crate::edge::Peer;
use crate::observe::Endpoint;
use crate::seen;

/// What a request must pass before its handler is asked.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) management: Arc<Management>,
    pub(super) needed: Needed,
}

/// What a request says of who sends it.
pub(super) struct Presented {
    peer: Option<Peer>,
}

/// Lets an administrator in who may do this, and says to the handlers who it is.
pub(super) async fn admit(State(Gate { management, needed }): State<Gate>, mut request: Request, next: Next) -> Response {
    let presented = Presented::of(&request);
    let response = match authorize(&management, needed, presented).await {
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
    let administrator = by_peer(presented.peer.as_ref(), management.owner_uid)?;
    must_have(&administrator, needed)?;
    Ok(administrator)
}

impl Presented {
    pub(super) fn of(request: &Request) -> Presented {
        Presented { peer: request.extensions().get::<Peer>().copied() }
    }

    /// Whether a request comes as those of administrators do.
    pub(super) fn is_of_administrator(&self) -> bool {
        matches!(self.peer, Some(Peer::Unix { .. }))
    }
}

/// Whether an administrator may do what this needs.
pub(super) fn must_have(administrator: &Administrator, needed: Needed) -> Result<(), Problem> {
    administrator.may(needed).map_err(|lacking| {
        let detail = format!("the permission `{}` lacks", lacking.name());
        Problem::new(ProblemKind::Forbidden, detail, "ask an owner of this deployment for a role that has it")
    })
}

fn by_peer(peer: Option<&Peer>, owner_uid: u32) -> Result<Administrator, Problem> {
    match peer {
        Some(Peer::Unix { uid, .. }) if *uid == owner_uid || *uid == 0 => {
            Ok(Administrator { actor: Actor(format!("unix:{uid}").into()), permissions: Permissions::all() })
        }
        Some(Peer::Unix { uid, .. }) => Err(Problem::new(
            ProblemKind::Forbidden,
            format!("the user with the id {uid} does not own this server"),
            format!("run the command as the user with the id {owner_uid}, or as root"),
        )),
        Some(Peer::Tcp(_)) | None => Err(Problem::new(
            ProblemKind::Forbidden,
            "the management API is only served on the Unix socket",
            "use the socket in the data folder: `jeton request GET /api/v1/apis`, or `curl --unix-socket DATA/jeton.sock …`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: Option<Peer>, expected: Option<&str>) {
        let administrator = by_peer(peer.as_ref(), 1000).ok();
        assert_eq!(administrator.as_ref().map(|administrator| administrator.actor.as_str()), expected, "{peer:?}");
        assert!(administrator.is_none_or(|administrator| administrator.permissions == Permissions::all()));
    }

    #[test]
    fn the_owner_and_root_may_everything_on_the_socket() {
        let unix = |uid| Some(Peer::Unix { uid, pid: None });
        check(unix(1000), Some("unix:1000"));
        check(unix(0), Some("unix:0"));
        check(unix(1001), None);
        check(unix(u32::MAX), None);
        check(Some(Peer::Tcp(([127, 0, 0, 1], 1).into())), None);
        check(None, None);
    }
}
