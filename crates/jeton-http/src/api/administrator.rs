//! Who may manage: the user that the server runs as, and root, over the Unix socket.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jeton_core::id::Actor;

use super::management::Management;
use super::problem::{Problem, ProblemKind};
use crate::edge::Peer;
use crate::observe::Endpoint;
use crate::seen;

/// Lets an administrator in, and says to the handlers who it is.
pub(super) async fn admit(State(management): State<Management>, mut request: Request, next: Next) -> Response {
    let response = match actor(request.extensions().get::<Peer>(), management.owner_uid) {
        Ok(actor) => {
            request.extensions_mut().insert(actor.clone());
            let mut response = next.run(request).await;
            seen::note(&mut response, |seen| seen.actor = Some(actor));
            response
        }
        Err(problem) => problem.into_response(),
    };
    management.observer.requests.count(Endpoint::Management, &response);
    response
}

fn actor(peer: Option<&Peer>, owner_uid: u32) -> Result<Actor, Problem> {
    match peer {
        Some(Peer::Unix { uid, .. }) if *uid == owner_uid || *uid == 0 => Ok(Actor(format!("unix:{uid}").into())),
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
        assert_eq!(actor(peer.as_ref(), 1000).ok().as_ref().map(Actor::as_str), expected, "{peer:?}");
    }

    #[test]
    fn only_the_owner_and_root_manage() {
        let unix = |uid| Some(Peer::Unix { uid, pid: None });
        check(unix(1000), Some("unix:1000"));
        check(unix(0), Some("unix:0"));
        check(unix(1001), None);
        check(unix(u32::MAX), None);
        check(Some(Peer::Tcp(([127, 0, 0, 1], 1).into())), None);
        check(None, None);
    }
}
