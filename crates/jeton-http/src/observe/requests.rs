//! Requests, counted: by where they led and how they went. A request costs two additions that wait for nobody.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use http::StatusCode;

use crate::seen::Seen;

/// Where a request led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/oauth/token`.
    Token,
    /// `/oauth/introspect`.
    Introspect,
    /// `/oauth/revoke`.
    Revoke,
    /// `/api/v1/keys/verify`, asked by clients.
    KeyCheck,
    /// `/api/v1/keys/self`, asked by keys.
    KeyItself,
    /// `/api/v1/usage/reports`, told by verifiers.
    UsageReport,
    /// `/credentials/revoke`, open to everybody.
    LeakReport,
    /// The feed of revocations: counted when its stream begins.
    Feed,
    /// The key set.
    KeySet,
    /// The metadata.
    Metadata,
    /// `/livez` and `/readyz`.
    Health,
    /// The management API, whatever its path.
    Management,
    /// `/metrics`, on a listener of its own.
    Metrics,
    /// Nowhere: no such path, or not by this method.
    Nowhere,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Endpoint; 14] = [
        Endpoint::Token,
        Endpoint::Introspect,
        Endpoint::Revoke,
        Endpoint::KeyCheck,
        Endpoint::KeyItself,
        Endpoint::UsageReport,
        Endpoint::LeakReport,
        Endpoint::Feed,
        Endpoint::KeySet,
        Endpoint::Metadata,
        Endpoint::Health,
        Endpoint::Management,
        Endpoint::Metrics,
        Endpoint::Nowhere,
    ];

    /// Its name in a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Endpoint::Token => "token",
            Endpoint::Introspect => "introspect",
            Endpoint::Revoke => "revoke",
            Endpoint::KeyCheck => "key_check",
            Endpoint::KeyItself => "key_self",
            Endpoint::UsageReport => "usage_report",
            Endpoint::LeakReport => "leak_report",
            Endpoint::Feed => "feed",
            Endpoint::KeySet => "jwks",
            Endpoint::Metadata => "metadata",
            Endpoint::Health => "health",
            Endpoint::Management => "management",
            Endpoint::Metrics => "metrics",
            Endpoint::Nowhere => "none",
        }
    }
}

/// The classes of status codes, as they are labelled.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// How requests about tokens go: what handlers say, and the codes of RFC 6749 that they refuse with. The last stands for whatever else.
const OUTCOMES: [&str; 13] = [
    "issued",
    "active",
    "inactive",
    "revoked",
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
    "server_error",
    "other",
];

/// How checks of keys go: the codes that are answered, and the errors of those who may not ask. The last stands for whatever else.
const KEY_CHECKS: [&str; 13] = [
    "valid",
    "not_found",
    "revoked",
    "expired",
    "suspended",
    "ip_denied",
    "insufficient_scope",
    "rate_limited",
    "usage_exceeded",
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "other",
];

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct Requests {
    classes: [[AtomicU64; CLASSES.len()]; Endpoint::ALL.len()],
    outcomes: [[AtomicU64; OUTCOMES.len()]; 3],
    key_checks: [AtomicU64; KEY_CHECKS.len()],
}

impl Requests {
    /// Counts an answer.
    pub fn count(&self, endpoint: Endpoint, response: &Response) {
        if let Some(count) = self.classes.get(endpoint as usize).and_then(|classes| classes.get(class(response.status()))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let (names, counts) = self.kinds(endpoint);
        if let Some(last) = names.len().checked_sub(1) {
            let outcome = response.extensions().get::<Seen>().and_then(|seen| seen.outcome).unwrap_or("other");
            let place = names.iter().position(|known| *known == outcome).unwrap_or(last);
            if let Some(count) = counts.get(place) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How the requests of an endpoint may go, and how many went so; nothing where that is not told apart.
    fn kinds(&self, endpoint: Endpoint) -> (&'static [&'static str], &[AtomicU64]) {
        match (endpoint, self.outcomes.get(endpoint as usize)) {
            (Endpoint::KeyCheck, _) => (&KEY_CHECKS, &self.key_checks),
            (_, Some(counts)) => (&OUTCOMES, counts),
            (_, None) => (&[], &[]),
        }
    }

    /// How many answers of an endpoint were of each class.
    #[must_use]
    pub fn classes(&self, endpoint: Endpoint) -> Vec<(&'static str, u64)> {
        named(&CLASSES, self.classes.get(endpoint as usize).map_or(&[], |counts| counts.as_slice()))
    }

    /// How the requests of an endpoint went; of those about tokens and keys alone.
    #[must_use]
    pub fn outcomes(&self, endpoint: Endpoint) -> Vec<(&'static str, u64)> {
        let (names, counts) = self.kinds(endpoint);
        named(names, counts)
    }
}

fn named(names: &[&'static str], counts: &[AtomicU64]) -> Vec<(&'static str, u64)> {
    names.iter().copied().zip(counts.iter().map(|count| count.load(Ordering::Relaxed))).collect()
}

fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).saturating_sub(1)
}

/// A handler whose answers are counted: in its own future, since a layer costs a request an allocation.
#[derive(Clone)]
pub(crate) struct Counted<H> {
    handler: H,
    endpoint: Endpoint,
    requests: Arc<Requests>,
}

/// Counts what a handler answers.
pub(crate) fn counted<H>(requests: &Arc<Requests>, endpoint: Endpoint, handler: H) -> Counted<H> {
    Counted { handler, endpoint, requests: requests.clone() }
}

impl<T: 'static, S: 'static, H: Handler<T, S>> Handler<T, S> for Counted<H>
where
    H::Future: Unpin,
{
    type Future = Counting<H::Future>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Counting { answer: self.handler.call(request, state), endpoint: self.endpoint, requests: self.requests }
    }
}

/// An answer on its way.
pub(crate) struct Counting<F> {
    answer: F,
    endpoint: Endpoint,
    requests: Arc<Requests>,
}

impl<F: Future<Output = Response> + Unpin> Future for Counting<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let response = ready!(Pin::new(&mut self.answer).poll(context));
        self.requests.count(self.endpoint, &response);
        Poll::Ready(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_has_a_place_of_its_own() {
        for (place, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, place, "{endpoint:?}");
        }
        let requests = Requests::default();
        for endpoint in Endpoint::ALL {
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            requests.count(endpoint, &response);
            assert_eq!(requests.classes(endpoint)[3], ("4xx", 1));
        }
        assert_eq!(requests.outcomes(Endpoint::Revoke)[12], ("other", 1));
        assert_eq!(requests.outcomes(Endpoint::KeyCheck)[12], ("other", 1));
        assert_eq!(requests.outcomes(Endpoint::Feed), []);
    }
}
