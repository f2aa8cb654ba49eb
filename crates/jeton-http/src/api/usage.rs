//! `/usage`: how often a subject was used, and how that went.

mod shared;
mod unused;

use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use jeton_core::permission::Permission;
use jeton_core::usage::Subject;
use jeton_core::usage::bucket::{Bucket, Resolution};
use jeton_core::usage::progress::Progress;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::usage::reports::ReportTotals;
use jeton_service::usage::series::SeriesRequest;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;
use super::names::{self, OutcomeName, ResolutionName};
use super::parameter::Parameter;
use super::problem::Problem;
use super::query::Query;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::used::Used;

const READ: Access = Access::Permission(Permission::UsageRead);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/usage"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("usage", "Shows how often a subject was used, and how that went.").asks(PARAMETERS).answers::<Shown>(),
    ),
    Route::new(
        (Verb::Get, "/usage/unused"),
        READ,
        Repeats::Reads,
        |at| at.on(unused::list),
        About::new("usage", "Lists what is granted and was not used for some days.").asks(unused::PARAMETERS).pages::<unused::Shown>(),
    ),
    Route::new(
        (Verb::Get, "/usage/shared"),
        READ,
        Repeats::Reads,
        |at| at.on(shared::list),
        About::new("usage", "Lists the keys that two applications use.").answers::<shared::Shown>(),
    ),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("subject", "Whose use: `all` if left out, or `client:`, `api:` or `key:` and a name."),
    Parameter::one_of("resolution", "`minute`, `hour` if left out, or `day`.", names::resolutions),
    Parameter::text("from", "From this time, or second, on."),
    Parameter::text("until", "Up to this time, or second; now if left out."),
];

const SUBJECTS: &str = "a subject is `all`, `client:` and a name or id, `api:` and an audience or id, `key:` or `client_secret:` and an id, `unknown`, or `other`";
/// The most minutes, hours or days of one answer: a day's minutes, and some.
const BUCKETS_MAX: i64 = 1_500;

/// What was counted of a subject.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Usage")]
struct Shown {
    /// Whose use it is.
    subject: String,
    /// How long a bucket is: `minute`, `hour` or `day`.
    #[schemars(with = "ResolutionName")]
    resolution: &'static str,
    /// Where the first bucket begins.
    from: String,
    /// Where the last bucket ends.
    until: String,
    #[serde(flatten)]
    used: Used,
    /// How many times a process ended without a last word: each lost a second of counting at most.
    seconds_lost: u64,
    /// How many uses were counted and could not be kept.
    uses_dropped: u64,
    /// What verifiers told within two days.
    reports: Reports,
    /// What was counted, in order.
    items: Vec<Item>,
}

/// How well verifiers tell of the checks that they make by themselves.
#[derive(JsonSchema, Serialize)]
struct Reports {
    /// How many verifiers told of checks.
    verifiers: u64,
    /// How many batches never came.
    batches_lost: u64,
    /// How many checks verifiers could not keep.
    checks_dropped: u64,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UsageItem")]
struct Item {
    /// When the bucket begins.
    start: String,
    /// Its id where the API is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// How it went.
    #[schemars(with = "OutcomeName")]
    outcome: &'static str,
    /// How many.
    count: u64,
}

async fn show(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let request = parse(&Query::parse(&uri)?, &service)?;
    let (reading, asked) = (service.clone(), request.clone());
    let (series, used, progress, reports) = blocking(move || read(&reading, &asked)).await??;
    ok(&Shown {
        subject: request.subject.to_string(),
        resolution: request.resolution.name(),
        from: rfc3339::format(request.from),
        until: rfc3339::format(request.until),
        used,
        seconds_lost: progress.seconds_lost,
        uses_dropped: progress.uses_dropped,
        reports: Reports { verifiers: reports.verifiers, batches_lost: reports.batches_lost, checks_dropped: reports.checks_dropped },
        items: series.iter().map(|bucket| Item::of(bucket, &service)).collect(),
    })
}

fn read(service: &Service, request: &SeriesRequest) -> Result<(Vec<Bucket>, Used, Progress, ReportTotals), Failure> {
    let series = service.usage_series(request)?;
    Ok((series, Used::of(&request.subject, &service.subject_uses()?)?, service.usage_progress()?, service.report_totals()?))
}

impl Item {
    fn of(bucket: &Bucket, service: &Service) -> Item {
        let audience = |id: &str| service.registry().api(id).map(|api| api.record.audience.clone());
        Item {
            start: rfc3339::format(bucket.start),
            audience: bucket.cell.api.as_ref().map(|api| audience(api.as_str()).unwrap_or_else(|| api.0.clone())),
            outcome: bucket.cell.outcome.name(),
            count: bucket.count,
        }
    }
}

fn parse(query: &Query<'_>, service: &Service) -> Result<SeriesRequest, Problem> {
    let resolution = match query.text("resolution") {
        None => Resolution::Hour,
        Some(name) => Resolution::ALL
            .into_iter()
            .find(|resolution| resolution.name() == name)
            .ok_or_else(|| Problem::invalid("there is no such resolution", "write `resolution=minute`, `hour` or `day`"))?,
    };
    let until = time(query, "until")?.unwrap_or(service.moments().time().seconds() + 1);
    let usual = match resolution {
        Resolution::Minute => 3_600,
        Resolution::Hour => 86_400,
        Resolution::Day => 30 * 86_400,
    };
    let from = time(query, "from")?.unwrap_or(until.saturating_sub(usual));
    if until <= from {
        return Err(Problem::invalid("`until` is not after `from`", "name a later `until`, or an earlier `from`"));
    }
    if until.saturating_sub(from) / resolution.seconds() > BUCKETS_MAX {
        let detail = format!("that is more than {BUCKETS_MAX} times a {}", resolution.name());
        return Err(Problem::invalid(detail, "ask for a shorter time, or with another `resolution`"));
    }
    let subject = subject(query.text("subject").unwrap_or("all"), service)?;
    Ok(SeriesRequest { subject, resolution, from, until })
}

/// A subject, where names and audiences stand for ids; an id of what is gone is itself.
fn subject(text: &str, service: &Service) -> Result<Subject, Problem> {
    let subject = Subject::parse(text).ok_or_else(|| Problem::invalid("this is no subject of usage", SUBJECTS))?;
    Ok(match subject {
        Subject::Client(name) => match service.find_client(name.as_str()) {
            Ok(entry) => Subject::Client(entry.client.record.id.clone()),
            Err(refusal) if !name.as_str().starts_with("client_") => {
                return Err(Problem::from(refusal).look("list them: `jeton client list`"));
            }
            Err(_) => Subject::Client(name),
        },
        Subject::Api(name) => match service.find_api(name.as_str()) {
            Ok(api) => Subject::Api(api.record.id.clone()),
            Err(refusal) if !name.as_str().starts_with("api_") => return Err(Problem::from(refusal).look("list them: `jeton api list`")),
            Err(_) => Subject::Api(name),
        },
        Subject::At(_) | Subject::Grants => return Err(Problem::invalid("this is no subject of usage", SUBJECTS)),
        other => other,
    })
}

fn time(query: &Query<'_>, name: &'static str) -> Result<Option<i64>, Problem> {
    let parse = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = if is_number { text.parse().ok() } else { rfc3339::parse(text) };
        // Beyond year 9999 nothing is written.
        seconds
            .filter(|seconds: &i64| *seconds < 253_402_300_800)
            .ok_or_else(|| Problem::invalid(format!("`{name}` is no time"), "write it as 2026-01-31T23:00:00Z, or in seconds since 1970"))
    };
    query.text(name).map(parse).transpose()
}
