//! What a handler learned of a request: for the access log, in the extensions of its response. Nothing of it is sent.

use axum::response::{IntoResponse, Response};
use jeton_core::id::{Actor, ClientId};

/// What a handler learned of a request.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The client that proved who it is.
    pub client: Option<ClientId>,
    /// Who administers.
    pub actor: Option<Actor>,
    /// How it went, of a closed list: an error's code, or what was answered.
    pub outcome: Option<&'static str>,
}

impl Seen {
    /// Takes up what else was learned; what is known already stays.
    pub fn learn(&mut self, more: Seen) {
        self.client = self.client.take().or(more.client);
        self.actor = self.actor.take().or(more.actor);
        self.outcome = self.outcome.or(more.outcome);
    }
}

/// How it went, where a response says so.
pub fn outcome(response: &Response) -> Option<&'static str> {
    response.extensions().get::<Seen>().and_then(|seen| seen.outcome)
}

/// Notes more in what a response says that was seen.
pub fn note(response: &mut Response, more: impl FnOnce(&mut Seen)) {
    let extensions = response.extensions_mut();
    match extensions.get_mut::<Seen>() {
        Some(seen) => more(seen),
        None => {
            let mut seen = Seen::default();
            more(&mut seen);
            extensions.insert(seen);
        }
    }
}

/// The response to a client that proved who it is.
pub fn to_client(answer: impl IntoResponse, client: &ClientId) -> Response {
    let mut response = answer.into_response();
    note(&mut response, |seen| seen.client = Some(client.clone()));
    response
}

/// The same response, with how it went.
pub fn with_outcome(mut response: Response, outcome: &'static str) -> Response {
    note(&mut response, |seen| seen.outcome = Some(outcome));
    response
}
