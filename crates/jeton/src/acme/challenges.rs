//! The answer to an authority that asks, over plain HTTP, whether this server has the name (RFC 8555 section 8.3).

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::StatusCode;

/// The one challenge that is open: a certificate has one name, and one is ordered at a time.
#[derive(Clone, Default)]
pub(super) struct Challenges(Arc<Mutex<Option<Challenge>>>);

struct Challenge {
    token: String,
    answer: String,
}

/// A challenge is answered as long as this lives.
pub(super) struct Answering(Challenges);

impl Challenges {
    /// Answers this one from now on.
    pub(super) fn answer(&self, token: &str, answer: &str) -> Answering {
        self.put(Some(Challenge { token: token.to_owned(), answer: answer.to_owned() }));
        Answering(self.clone())
    }

    /// A router of the challenge and nothing else.
    pub(super) fn routes(&self) -> Router {
        let fallback = async || StatusCode::NOT_FOUND;
        Router::new().route("/.well-known/acme-challenge/{token}", get(show)).fallback(fallback).with_state(self.clone())
    }

    fn put(&self, challenge: Option<Challenge>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = challenge;
    }
}

async fn show(State(challenges): State<Challenges>, Path(asked): Path<String>) -> Result<String, StatusCode> {
    let open = challenges.0.lock().unwrap_or_else(PoisonError::into_inner);
    let known = open.as_ref().filter(|challenge| challenge.token == asked);
    known.map(|challenge| challenge.answer.clone()).ok_or(StatusCode::NOT_FOUND)
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.put(None);
    }
}
