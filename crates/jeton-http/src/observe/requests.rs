//! Requests, counted and timed: by where they led and how they went. A request costs two looks at a clock and four additions that wait for
//! nobody.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use http::StatusCode;
use jeton_service::tally::{Tallied, Tally};

use crate::seen;

/// Where a request led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/oauth/token`.
    Token,
    /// `/oauth/introspect`.
    Introspect,
    /// `/oauth/revoke`.
    Revoke,
    /// `/oauth/authorize`.
    Authorize,
    /// `/oauth/par`.
    PushedRequest,
    /// `/oauth/device_authorization`.
    DeviceAuthorization,
    /// `/oauth/userinfo`.
    Userinfo,
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
    /// A page that people see, other than the one of `/oauth/authorize`, and what pages need.
    Page,
    /// `/metrics`, on a listener of its own.
    Metrics,
    /// Nowhere: no such path, or not by this method.
    Nowhere,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Endpoint; 19] = [
        Endpoint::Token,
        Endpoint::Introspect,
        Endpoint::Revoke,
        Endpoint::Authorize,
        Endpoint::PushedRequest,
        Endpoint::DeviceAuthorization,
        Endpoint::Userinfo,
        Endpoint::KeyCheck,
        Endpoint::KeyItself,
        Endpoint::UsageReport,
        Endpoint::LeakReport,
        Endpoint::Feed,
        Endpoint::KeySet,
        Endpoint::Metadata,
        Endpoint::Health,
        Endpoint::Management,
        Endpoint::Page,
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
            Endpoint::Authorize => "authorize",
            Endpoint::PushedRequest => "par",
            Endpoint::DeviceAuthorization => "device_authorization",
            Endpoint::Userinfo => "userinfo",
            Endpoint::KeyCheck => "key_check",
            Endpoint::KeyItself => "key_self",
            Endpoint::UsageReport => "usage_report",
            Endpoint::LeakReport => "leak_report",
            Endpoint::Feed => "feed",
            Endpoint::KeySet => "jwks",
            Endpoint::Metadata => "metadata",
            Endpoint::Health => "health",
            Endpoint::Management => "management",
            Endpoint::Page => "page",
            Endpoint::Metrics => "metrics",
            Endpoint::Nowhere => "none",
        }
    }
}

/// The classes of status codes, as they are labelled.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// How requests about tokens go: what handlers say, and the codes of RFC 6749 that they refuse with. The last stands for whatever else.
const OUTCOMES: [&str; 16] = [
    "issued",
    "exchanged",
    "refreshed",
    "active",
    "inactive",
    "revoked",
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
    "server_error",
    "other",
];

/// How checks of keys go: the codes that are answered, and the errors of those who may not ask. The last stands for whatever else.
const KEY_CHECKS: [&str; 16] = [
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
    "forbidden",
    "unauthenticated",
    "invalid_token",
    "other",
];

/// Up to 64 µs, 128 µs … 4.2 s, and more.
pub(crate) const DURATIONS: usize = 18;
/// The first of them, in microseconds.
const FIRST_MICROS: u64 = 64;

/// What was counted since the start.
#[derive(Default)]
pub struct Requests {
    /// What it is timed by, in microseconds; nothing is timed without.
    clock: Option<Box<dyn Fn() -> u64 + Send + Sync>>,
    of: [OfEndpoint; Endpoint::ALL.len()],
    outcomes: [[AtomicU64; OUTCOMES.len()]; 3],
    key_checks: [[AtomicU64; KEY_CHECKS.len()]; 2],
}

/// What was counted of one endpoint.
struct OfEndpoint {
    classes: [AtomicU64; CLASSES.len()],
    micros: Tally<DURATIONS>,
}

/// When a request began, by the clock that it is timed by.
#[derive(Clone, Copy)]
pub(crate) struct Begun(Option<u64>);

/// Who asks whether a key is accepted.
#[derive(Clone, Copy)]
pub enum AskedBy {
    /// A client that may introspect.
    Client,
    /// Somebody who administers.
    Administrator,
}

impl AskedBy {
    /// Each of them.
    pub const ALL: [AskedBy; 2] = [AskedBy::Client, AskedBy::Administrator];

    /// Its name in a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AskedBy::Client => "client",
            AskedBy::Administrator => "administrator",
        }
    }
}

impl Default for OfEndpoint {
    fn default() -> OfEndpoint {
        OfEndpoint { classes: Default::default(), micros: Tally::new(FIRST_MICROS) }
    }
}

impl Requests {
    /// Times requests by a clock that only goes forward, in microseconds.
    pub fn timed_by(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Requests {
        Requests { clock: Some(Box::new(clock)), ..Requests::default() }
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.clock.as_ref().map(|clock| clock()))
    }

    /// Counts an answer.
    pub(crate) fn count(&self, endpoint: Endpoint, begun: Begun, response: &Response) {
        if let Some(of) = self.of.get(endpoint as usize) {
            if let Some(count) = of.classes.get(class(response.status())) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            if let (Some(clock), Begun(Some(begun))) = (&self.clock, begun) {
                of.micros.note(clock().saturating_sub(begun));
            }
        }
        if let Some(counts) = self.outcomes.get(endpoint as usize) {
            count_outcome(&OUTCOMES, counts, seen::outcome(response));
        }
    }

    /// Counts how a check of a key went.
    pub(crate) fn count_key_check(&self, asked_by: AskedBy, outcome: Option<&'static str>) {
        if let Some(counts) = self.key_checks.get(asked_by as usize) {
            count_outcome(&KEY_CHECKS, counts, outcome);
        }
    }

    /// How many answers of an endpoint were of each class.
    #[must_use]
    pub fn classes(&self, endpoint: Endpoint) -> Vec<(&'static str, u64)> {
        named(&CLASSES, self.of.get(endpoint as usize).map_or(&[], |of| of.classes.as_slice()))
    }

    /// How long the requests of an endpoint took, in microseconds.
    #[must_use]
    pub(crate) fn micros(&self, endpoint: Endpoint) -> Tallied<DURATIONS> {
        self.of.get(endpoint as usize).map(|of| of.micros.read()).unwrap_or_default()
    }

    /// How the requests of an endpoint went; of those about tokens alone.
    #[must_use]
    pub fn outcomes(&self, endpoint: Endpoint) -> Vec<(&'static str, u64)> {
        named(&OUTCOMES, self.outcomes.get(endpoint as usize).map_or(&[], |counts| counts.as_slice()))
    }

    /// How checks of keys went.
    #[must_use]
    pub fn key_checks(&self, asked_by: AskedBy) -> Vec<(&'static str, u64)> {
        named(&KEY_CHECKS, self.key_checks.get(asked_by as usize).map_or(&[], |counts| counts.as_slice()))
    }
}

/// The last of the names stands for whatever else.
fn count_outcome(names: &[&'static str], counts: &[AtomicU64], outcome: Option<&'static str>) {
    let outcome = outcome.unwrap_or("other");
    let place = names.iter().position(|known| *known == outcome);
    if let Some(count) = place.and_then(|place| counts.get(place)).or(counts.last()) {
        count.fetch_add(1, Ordering::Relaxed);
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
        let begun = self.requests.begin();
        Counting { answer: self.handler.call(request, state), endpoint: self.endpoint, begun, requests: self.requests }
    }
}

/// An answer on its way.
pub(crate) struct Counting<F> {
    answer: F,
    endpoint: Endpoint,
    begun: Begun,
    requests: Arc<Requests>,
}

impl<F: Future<Output = Response> + Unpin> Future for Counting<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let response = ready!(Pin::new(&mut self.answer).poll(context));
        self.requests.count(self.endpoint, self.begun, &response);
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
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        for endpoint in Endpoint::ALL {
            requests.count(endpoint, requests.begin(), &response);
            assert_eq!((requests.classes(endpoint)[3], requests.micros(endpoint).count()), (("4xx", 1), 0));
        }
        assert_eq!(requests.outcomes(Endpoint::Revoke)[15], ("other", 1));
        assert_eq!(requests.outcomes(Endpoint::Feed), []);
        requests.count_key_check(AskedBy::Administrator, seen::outcome(&response));
        let told = AskedBy::ALL.map(|asked_by| requests.key_checks(asked_by)[15]);
        assert_eq!(told, [("other", 0), ("other", 1)]);
    }

    #[test]
    fn a_request_takes_what_the_clock_says() {
        let micros = Arc::new(AtomicU64::new(0));
        let read = micros.clone();
        let requests = Requests::timed_by(move || read.load(Ordering::Relaxed));
        for taken in [0, 64, 65, 1_000, 60_000_000] {
            let begun = requests.begin();
            micros.fetch_add(taken, Ordering::Relaxed);
            requests.count(Endpoint::Token, begun, &Response::default());
        }
        let told = requests.micros(Endpoint::Token);
        assert_eq!((told.sum, told.count()), (60_001_129, 5));
        assert_eq!((told.counts[0], told.counts[1], told.counts[4], told.counts[DURATIONS - 1]), (2, 1, 1, 1));
        assert_eq!(told.bounds().last(), Some(4_194_304));
    }
}
