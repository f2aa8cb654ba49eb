//! One row of the management API's table: which request, who may send it, what a repeat of it does, who answers, and what it is about.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use jeton_core::administrator::Needed;
use jeton_core::permission::Permission;

use super::management::Management;
use super::place::Place;
use crate::observe::{Endpoint, Requests, counted};

/// One request that the management API answers.
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The path, as it goes on after `/api/v1`; parameters in braces.
    pub path: &'static str,
    /// Who may send it.
    pub access: Access,
    /// What a repeat of it does.
    pub repeats: Repeats,
    /// What it is about.
    pub about: About,
    /// Who answers it: mounted on nothing else, so what has no row cannot be reached.
    pub(super) handler: fn(Mount) -> MethodRouter<Management>,
}

/// The methods that the management API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes something, or does something.
    Post,
    /// Sets something as it shall be.
    Put,
    /// Changes a part of something.
    Patch,
    /// Ends or removes something.
    Delete,
}

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Who administers and has this permission.
    Permission(Permission),
    /// Who administers and has one of these: which one, the core decides by what is asked.
    AnyOf(&'static [Permission]),
    /// Who administers, whatever they may do.
    Administrator,
    /// A client that proves who it is; or who administers and has this permission.
    ClientOr(Permission),
    /// A client that proves who it is.
    Client,
    /// A key, which is presented as a bearer token.
    KeyItself,
    /// Anybody.
    Anyone,
}

/// What a repeat of a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Nothing is changed by it.
    Reads,
    /// The second leaves things as the first did.
    ByNature,
    /// The second would do it again: it can be told from a new one by an `Idempotency-Key`.
    Remembered,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The noun that it belongs to.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
}

/// Where a row is mounted.
pub(super) struct Mount {
    pub(super) place: Place,
    verb: Verb,
    requests: Arc<Requests>,
}

impl Route {
    pub(super) const fn new(
        (method, path): (Verb, &'static str),
        access: Access,
        repeats: Repeats,
        handler: fn(Mount) -> MethodRouter<Management>,
        about: About,
    ) -> Route {
        Route { method, path, access, repeats, about, handler }
    }

    /// Who answers it at a place, unguarded.
    pub(super) fn mounted(&self, place: Place, requests: &Arc<Requests>) -> MethodRouter<Management> {
        (self.handler)(Mount { place, verb: self.method, requests: requests.clone() })
    }
}

impl About {
    pub(super) const fn new(tag: &'static str, summary: &'static str) -> About {
        About { tag, summary }
    }
}

impl Access {
    /// What an administrator needs to be let in; `None` where the handler itself asks who it is.
    pub(super) fn needed(self) -> Option<Needed> {
        match self {
            Access::Permission(permission) => Some(Needed::One(permission)),
            Access::AnyOf(permissions) => Some(Needed::AnyOf(permissions)),
            Access::Administrator => Some(Needed::Nothing),
            Access::ClientOr(_) | Access::Client | Access::KeyItself | Access::Anyone => None,
        }
    }
}

impl Mount {
    /// Answers by this handler.
    pub(super) fn on<H: Handler<T, Management>, T: 'static>(self, handler: H) -> MethodRouter<Management> {
        on(self.verb.filter(), handler)
    }

    /// Answers by this handler and counts what it answers as of this endpoint.
    pub(super) fn on_counted<H, T>(self, endpoint: Endpoint, handler: H) -> MethodRouter<Management>
    where
        H: Handler<T, Management>,
        H::Future: Unpin,
        T: 'static,
    {
        on(self.verb.filter(), counted(&self.requests, endpoint, handler))
    }
}

impl Verb {
    /// As HTTP writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Patch => MethodFilter::PATCH,
            Verb::Delete => MethodFilter::DELETE,
        }
    }
}
