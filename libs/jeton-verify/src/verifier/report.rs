//! Reporting to the server what was counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use jeton_oauth::UsageReport;

use crate::verifier::alert::Alert;
use crate::verifier::reporter::checks;
use crate::verifier::shared::Shared;

const PATH: &str = "/api/v1/usage/reports";
const LIMIT_BYTES: usize = 16 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Reports what was counted: all of it, unless the server is out of reach. `true`: nothing is left.
pub(crate) async fn report(shared: &Shared) -> bool {
    let Some(reporter) = &shared.reporter else { return true };
    let mut state = reporter.state.lock().await;
    reporter.gather(&mut state, shared.now().seconds());
    while let Some(report) = reporter.next(&mut state, shared.now().seconds()) {
        match send(shared, &report).await {
            Sent::Taken => {
                state.answered_at = shared.now().seconds();
                reporter.reported.fetch_add(checks(&report), Ordering::Relaxed);
            }
            Sent::Refused(status) => {
                reporter.give_up(&mut state, &report);
                // A server from before reports takes none: that is no fault of anybody.
                if !matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                    shared.raise(Alert::ReportRefused);
                }
                return false;
            }
            later => {
                state.in_flight = Some(report);
                if matches!(later, Sent::Forbidden) {
                    shared.raise(Alert::CredentialsRefused);
                }
                return false;
            }
        }
    }
    true
}

/// Reports what was counted, again and again.
pub(crate) async fn keep_reporting(shared: Arc<Shared>) {
    let Some(reporter) = &shared.reporter else { return };
    // A part of the first wait, for each verifier another one: they do not all come at once.
    let share = reporter.state.lock().await.verifier.to_bytes().first().map_or(255, |byte| u32::from(*byte));
    let mut wait = reporter.every.saturating_mul(256 + share) / 512;
    loop {
        tokio::time::sleep(wait).await;
        wait = reporter.every;
        report(&shared).await;
        shared.tell();
    }
}

/// What became of a batch.
enum Sent {
    Taken,
    /// It is not taken, and will not be: by a server that knows no reports, or one that judged it.
    Refused(StatusCode),
    /// Not now.
    Later,
    /// We may not report.
    Forbidden,
}

async fn send(shared: &Shared, report: &UsageReport) -> Sent {
    let now_seconds = shared.now().seconds();
    let Some(proof) = shared.http.proof(now_seconds) else { return Sent::Later };
    let body = UsageReport { proof, ..report.clone() }.to_json();
    let headers: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];
    let Ok(request) = shared.http.request(Method::POST, PATH, &headers, body.into()) else { return Sent::Later };
    let Ok(answer) = shared.http.fetch(request, LIMIT_BYTES, TIMEOUT).await else { return Sent::Later };
    match answer.status {
        status if status.is_success() => Sent::Taken,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Sent::Forbidden,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => Sent::Later,
        status if status.is_client_error() => Sent::Refused(status),
        _ => Sent::Later,
    }
}
