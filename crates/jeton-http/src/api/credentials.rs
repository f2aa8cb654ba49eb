//! `POST /credentials/revoke`: whoever finds a credential that leaked hands it in. Nobody is asked who they are, and nobody learns whether it
//! existed. It lies beside `/api/v1`, where whoever reports looks for it, and speaks as that does: JSON in, problems out.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use jeton_jose::json::{self, Limits};
use jeton_service::Service;
use jeton_service::reported::{REPORTED_MAX, Reported};
use jeton_token::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::Answer;
use super::body::Members;
use super::problem::{Problem, ProblemKind};
use super::query::only_knows;
use super::response::response;
use super::secret_text::SecretText;
use crate::edge::Peer;
use crate::extract::{BodyError, ClientAddress, ContentType, content_type, read_body};
use crate::observe::{Addresses, Observer};

/// The most bytes of a body.
const BODY_BYTES: u64 = 1024 * 1024;
const LIMITS: Limits = Limits { length_bytes: 1024 * 1024, depth: 4 };
const SEND: &str = "send one JSON object with the member `credentials`: a list of at most 1,000 texts, in 1 MiB";

/// What leaked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ReportCredentials")]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// The texts of tokens, keys, personal access tokens or client secrets.
    #[schemars(with = "Vec<String>", length(max = 1_000))]
    credentials: Vec<SecretText>,
}

/// Takes what was handed in.
pub(crate) async fn revoke(State(service): State<Arc<Service>>, Extension(observer): Extension<Arc<Observer>>, request: Request) -> Answer {
    // Before anything of the body: who comes too often costs nothing.
    service.admit_report(&network_of(&request, &observer), &service.moments().now()).map_err(|seconds| {
        let detail = "too many reports come from this network: 60 an hour are taken";
        Problem::new(ProblemKind::RateLimited, detail, "wait as long as Retry-After says; a report may have 1,000 texts")
            .retry_after(seconds)
    })?;
    let (parts, body) = request.into_parts();
    only_knows(&parts.uri, &[])?;
    let credentials = parse(&read(&parts.headers, body).await?)?;
    match service.report(credentials) {
        Reported::Taken => Ok(response(StatusCode::ACCEPTED, Body::empty(), None)),
        Reported::NotKept(seconds) => {
            let detail =
                "it is looked at, and what ends by it holds here; that a lost disk takes nothing of it back cannot be said just now";
            Err(Problem::new(ProblemKind::NotShipped, detail, "send it again when Retry-After is over").retry_after(seconds))
        }
        Reported::Later(seconds) => {
            let detail = "there is no room for more just now: nothing of this report was taken";
            Err(Problem::new(ProblemKind::RateLimited, detail, "send it again when Retry-After is over").retry_after(seconds))
        }
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Problem> {
    let bytes = read_body(body, BODY_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(ProblemKind::TooLarge, "the body is larger than 1 MiB", SEND),
        BodyError::TooSlow | BodyError::Broken => error.into(),
    })?;
    match content_type(headers) {
        ContentType::Json => Ok(bytes),
        _ => {
            let detail = "the content type of the body is not application/json";
            Err(Problem::new(ProblemKind::WrongContentType, detail, "send `Content-Type: application/json`"))
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Secret>, Problem> {
    json::check(bytes, LIMITS).map_err(|error| Problem::invalid(error.to_string(), SEND))?;
    let unread = || Problem::invalid("this is no report of credentials", SEND);
    let Members(report) = serde_json::from_slice::<Members<Report>>(bytes).map_err(|_| unread())?;
    if report.credentials.len() > REPORTED_MAX {
        return Err(Problem::invalid("there are more than 1,000 texts", SEND));
    }
    Ok(report.credentials.into_iter().map(|text| text.0).collect())
}

/// As much of an address as one household or company has.
fn network_of(request: &Request, observer: &Observer) -> String {
    match request.extensions().get::<Peer>().map(|peer| observer.proxies.client_address(peer, request.headers())) {
        Some(ClientAddress::Network(address)) => Addresses::Network.shown(address),
        Some(ClientAddress::Local) | None => "local".to_owned(),
    }
}
