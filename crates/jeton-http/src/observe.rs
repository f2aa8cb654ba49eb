//! What is seen of every request at each router: its place in the counts, and its line in the access log.
//!
//! A line holds names from closed lists, ids, numbers and an address. What a request carries (its target, query, header and body) is never in
//! it: a token or a secret may be anywhere there.

mod access_log;
mod agent;
mod backups;
mod network;
mod process;
mod requests;

pub use access_log::{AccessLog, Dropped};
pub use backups::{BackupFigures, SnapshotFigures, WrittenFigures};
pub use network::Addresses;
pub use process::ProcessFigures;
pub(crate) use requests::counted;
pub use requests::{AskedBy, Endpoint, Requests};

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::USER_AGENT;
use http::{HeaderMap, Method};
use http_body::Body as _;
use jeton_core::moment::Time;
use jeton_service::Service;

use crate::edge::{Peer, Tls};
use crate::extract::{ClientAddress, TrustedProxies};
use crate::seen::Seen;
use access_log::Line;

/// Where requests are noted, and how.
#[derive(Clone, Default)]
pub struct Observer {
    /// Where the lines go; `None` writes none.
    pub access_log: Option<Arc<dyn AccessLog>>,
    /// How much of an address a line holds.
    pub addresses: Addresses,
    /// Whose word about an address counts.
    pub proxies: TrustedProxies,
    /// Where they are counted.
    pub requests: Arc<Requests>,
    /// What the listeners show, where they speak TLS.
    pub tls: Option<Tls>,
    /// What the system tells of the process, asked on a thread that may block.
    pub process: Option<Arc<dyn Fn() -> ProcessFigures + Send + Sync>>,
    /// How backups stand, where some are made.
    pub backups: Option<Arc<dyn Fn() -> BackupFigures + Send + Sync>>,
}

/// What one router notes its requests with.
#[derive(Clone)]
struct Observation {
    /// Its clock times them.
    service: Arc<Service>,
    observer: Arc<Observer>,
    log: Arc<dyn AccessLog>,
}

/// The router with each of its requests noted. Where nothing is noted it stays as it is: also a layer that does nothing costs a request some
/// allocations.
pub fn observed(router: Router, service: Arc<Service>, observer: Arc<Observer>) -> Router {
    match observer.access_log.clone() {
        Some(log) => router.layer(from_fn_with_state(Observation { service, observer, log }, observe)),
        None => router,
    }
}

/// Lets the request through and notes how it went. The body of the answer may still be on its way then.
async fn observe(State(Observation { service, observer, log }): State<Observation>, request: Request, next: Next) -> Response {
    let begun = service.moments().time();
    let asked = Asked::of(&request, &observer);
    let response = next.run(request).await;
    let ended = service.moments().time();
    log.write(&asked.line(&response, begun, ended));
    response
}

/// What is kept of a request while it is answered.
struct Asked {
    method: &'static str,
    route: Option<MatchedPath>,
    address: String,
    agent: String,
}

impl Asked {
    fn of(request: &Request, observer: &Observer) -> Asked {
        let extensions = request.extensions();
        Asked {
            method: known_method(request.method()),
            route: extensions.get::<MatchedPath>().cloned(),
            address: address_of(extensions.get::<Peer>(), request.headers(), observer),
            agent: agent::class(request.headers().get(USER_AGENT)),
        }
    }

    fn line(&self, response: &Response, begun: Time, ended: Time) -> Vec<u8> {
        let unseen = Seen::default();
        let seen = response.extensions().get::<Seen>().unwrap_or(&unseen);
        Line {
            time: crate::api::rfc3339::format_micros(begun.micros()),
            method: self.method,
            route: self.route.as_ref().map_or("none", MatchedPath::as_str),
            status: response.status().as_u16(),
            duration_us: ended.micros().saturating_sub(begun.micros()).max(0),
            bytes: response.body().size_hint().exact(),
            actor: seen.actor.as_ref().map(jeton_core::id::Actor::as_str),
            client: seen.client.as_ref().map(jeton_core::id::ClientId::as_str),
            outcome: seen.outcome,
            network: &self.address,
            agent: &self.agent,
        }
        .to_bytes()
    }
}

fn address_of(peer: Option<&Peer>, headers: &HeaderMap, observer: &Observer) -> String {
    match peer.map(|peer| observer.proxies.client_address(peer, headers)) {
        Some(ClientAddress::Network(address)) => observer.addresses.shown(address),
        Some(ClientAddress::Local) => "local".to_owned(),
        None => "unknown".to_owned(),
    }
}

/// The methods of RFC 9110 and PATCH; whatever else a stranger writes there is not repeated.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [(&Method, &str); 7] = [
        (&Method::GET, "GET"),
        (&Method::POST, "POST"),
        (&Method::PUT, "PUT"),
        (&Method::PATCH, "PATCH"),
        (&Method::DELETE, "DELETE"),
        (&Method::HEAD, "HEAD"),
        (&Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find_map(|(known, name)| (*known == method).then_some(*name)).unwrap_or("other")
}
