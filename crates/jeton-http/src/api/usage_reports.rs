//! `POST /usage/reports`: what a verifier counted of the checks that it made by itself.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use jeton_core::moment::Moment;
use jeton_oauth::UsageReport;
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::client_proof::authenticate;
use super::management::Management;
use super::problem::{Problem, ProblemKind};
use super::query::only_knows;
use super::route::{About, Access, Repeats, Route, Verb};
use crate::extract::{BodyError, ContentType, content_type, read_body};
use crate::observe::{Endpoint, Observer};
use crate::seen;

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/usage/reports"),
    Access::Client,
    Repeats::ByNature,
    |at| at.on(report),
    About::new("usage", "Counts what a verifier decided by itself; a batch that comes again is counted once.")
        .takes::<Report>()
        .answers::<Taken>(),
)];

/// A report as it comes. [`UsageReport`] reads it; this is its shape, for the document.
#[derive(JsonSchema)]
#[schemars(rename = "UsageReport", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Report {
    /// The id that the verifier drew when it started: 32 lowercase hexadecimal digits.
    verifier: String,
    /// The number of the batch: 1, 2, 3 and so on.
    batch: u64,
    /// The API whose tokens were checked, by audience.
    audience: String,
    /// How many checks the verifier counted and could not keep since the batch before.
    #[schemars(default)]
    dropped: u64,
    /// What was counted: 500 at most.
    items: Vec<ReportItem>,
    /// The client that reports, where it does not prove itself in `Authorization`.
    client_id: Option<String>,
    /// The secret of that client.
    client_secret: Option<String>,
    /// What kind of assertion it is: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    /// A signed assertion of the client (RFC 7523).
    client_assertion: Option<String>,
}

/// So many checks of one kind in one minute.
#[derive(JsonSchema)]
#[schemars(rename = "UsageReportItem", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct ReportItem {
    /// Which minute since 1970.
    minute: i64,
    /// Whose credential it was.
    subject: String,
    /// How it went.
    outcome: String,
    /// How many.
    count: u64,
    /// The scopes that were asked for.
    scope: Option<String>,
    /// The network that it came from, such as `192.0.2.0/24` or `2001:db8::/48`.
    network: Option<String>,
    /// The program that presented it.
    agent: Option<String>,
}

/// What became of a report.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TakenUsageReport")]
struct Taken {
    /// Whether it was counted now; a batch that comes again was counted before.
    counted: bool,
    /// How many batches of this verifier never came.
    lost: u64,
}

/// Counts a report for a client that may introspect.
async fn report(State(Management { service, observer, .. }): State<Management>, request: Request) -> Response {
    let begun = observer.requests.begin();
    let response = of_whoever(&service, &observer, request).await.unwrap_or_else(Problem::into_response);
    observer.requests.count(Endpoint::UsageReport, begun, &response);
    response
}

async fn of_whoever(service: &Service, observer: &Observer, request: Request) -> Answer {
    let (parts, report) = read(request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let client = authenticate(service, observer, (&parts.headers, &parts.extensions), &report.proof, &moment)?;
    let answer = of_client(service, &client, &report, &moment).await;
    Ok(seen::to_client(answer, &client.entry.client.record.id))
}

async fn of_client(service: &Service, client: &Authenticated, report: &UsageReport, moment: &Moment) -> Answer {
    service.spend(client, moment).await?;
    let received = service.take_report(&client.entry.client.record, report, moment).await?;
    let response = ok(&Taken { counted: received.is_counted, lost: received.lost })?;
    Ok(seen::with_outcome(response, if received.is_counted { "counted" } else { "repeated" }))
}

async fn read(request: Request) -> Result<(Parts, UsageReport), Problem> {
    let (parts, body) = request.into_parts();
    only_knows(&parts.uri, &[])?;
    let bytes = read_body(body, UsageReport::MAX_LEN as u64).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(ProblemKind::TooLarge, "the report is larger than 256 KiB", "send it in several batches"),
        other => Problem::from(other),
    })?;
    if content_type(&parts.headers) != ContentType::Json {
        let detail = "the content type of the body is not application/json";
        return Err(Problem::new(ProblemKind::WrongContentType, detail, "send `Content-Type: application/json`"));
    }
    let report = UsageReport::parse(&bytes)
        .map_err(|error| Problem::invalid(error.to_string(), "see `POST /usage/reports` in docs/reference/management-api.md"))?;
    Ok((parts, report))
}
