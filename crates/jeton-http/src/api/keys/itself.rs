//! `/keys/self`: what a key may ask about itself, presented as a bearer token (RFC 6750 section 2.1).

use std::net::IpAddr;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Uri};
use jeton_core::api_key::verify::Code;
use jeton_core::id::Actor;

use super::change::Rotation;
use super::over;
use super::own::{Own, Rotated};
use crate::api::answer::{Answer, ok};
use crate::api::body::Body;
use crate::api::management::Management;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::query::only_knows;
use crate::api::route::{About, Access, Repeats, Route, Verb};
use crate::edge::Peer;
use crate::extract::{Bearer, ClientAddress};
use crate::observe::{Endpoint, Observer};
use crate::seen;

pub(crate) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/keys/self"),
        Access::KeyItself,
        Repeats::Reads,
        |at| at.on_counted(Endpoint::KeyItself, show),
        About::new("keys", "Shows the key that is presented.").answers::<Own>(),
    ),
    Route::new(
        (Verb::Post, "/keys/self/rotate"),
        Access::KeyItself,
        Repeats::ByNature,
        |at| at.on_counted(Endpoint::KeyItself, rotate),
        About::new("keys", "Gives the key that is presented another secret; a repeat answers the same.")
            .takes::<Rotation>()
            .answers::<Rotated<'_>>(),
    ),
];

async fn show(
    State(Management { service, observer, .. }): State<Management>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let moment = service.moments().now();
    let address = address(&observer, peer.as_deref(), &headers);
    let entry = service.key_itself(presented(&headers)?, address, &moment).await?.map_err(not_accepted)?;
    only_knows(&uri, &[])?;
    Ok(by_key(ok(&Own::of(&entry, &service, &moment))?, Actor::key(entry.key.record.id)))
}

async fn rotate(
    State(Management { service, observer, .. }): State<Management>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Body(rotation): Body<Rotation>,
) -> Answer {
    let moment = service.moments().now();
    let address = address(&observer, peer.as_deref(), &headers);
    let rotated = service
        .rotate_itself(presented(&headers)?, address, rotation.request(), &moment)
        .await
        .map_err(|failure| over(failure).advise(ProblemKind::Conflict, OVER_ITSELF))?;
    let rotated = rotated.map_err(not_accepted)?;
    let entry = service.find_key(rotated.key.id).await.map_err(over)?;
    let answer = ok(&Rotated { key: rotated.clear.0.expose(), own: Own::of(&entry, &service, &moment) })?;
    Ok(by_key(answer, Actor::key(rotated.key.id)))
}

/// Whoever holds a key can neither look at it nor end its old text.
const OVER_ITSELF: &str = "wait until the old text has ended; or ask whoever administers to end it at once, once nobody uses it any more: `jeton key end-previous KEY`";

/// The text of the key.
fn presented(headers: &HeaderMap) -> Result<&str, Problem> {
    match Bearer::of(headers) {
        Bearer::Presented(key) => Ok(key),
        Bearer::Absent | Bearer::Other => {
            let detail = "the key itself must be presented";
            Err(Problem::new(ProblemKind::InvalidToken, detail, "send it in the header `Authorization: Bearer KEY`"))
        }
    }
}

fn not_accepted(code: Code) -> Problem {
    let detail = format!("this key is not accepted: {}", code.name());
    Problem::new(
        ProblemKind::InvalidToken,
        detail,
        "ask whoever administers for another key; a secret that was replaced gives way to its successor",
    )
}

fn address(observer: &Observer, peer: Option<&Peer>, headers: &HeaderMap) -> Option<IpAddr> {
    match observer.proxies.client_address(peer?, headers) {
        ClientAddress::Network(address) => Some(address),
        ClientAddress::Local => None,
    }
}

fn by_key(mut answer: Response, key: Actor) -> Response {
    seen::note(&mut answer, |seen| seen.actor = Some(key));
    answer
}
