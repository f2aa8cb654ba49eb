//! The task that follows the revocation feed.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use jeton_oauth::feed::{self, FeedEvent, FeedParser};
use tokio::time::Instant;

use crate::feed::{Fault, Follower, News};
use crate::staleness::Trust;
use crate::verifier::alert::Alert;
use crate::verifier::shared::Shared;
use crate::verifier::status::Counting;

const PATH: &str = "/api/v1/revocations/feed";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// While something in the snapshot is not understood, another is asked for so often: the server may have forgotten it by then.
const DOUBT_ENDS_AFTER: Duration = Duration::from_secs(300);

/// Follows the feed for ever.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let lag_seconds = i64::try_from(shared.patience.staleness_max.as_secs()).unwrap_or(i64::MAX);
    let mut follower = Follower::new(shared.issuer.clone(), lag_seconds.saturating_add(shared.check.leeway_seconds()));
    let mut failures = 0_u32;
    loop {
        let mut heard = false;
        let end = connection(&shared, &mut follower, &mut heard).await;
        tracing::debug!(?end, "the connection to the revocation feed ended");
        failures = if heard { 0 } else { failures.saturating_add(1) };
        react(end, &shared, &mut follower).await;
        tokio::time::sleep(pause(failures, shared.now().uptime)).await;
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// No connection, an answer that is no feed, or a connection that broke or closed.
    Lost,
    /// No event for too long.
    Silent,
    /// 410: what follows the cursor is gone.
    Gone,
    /// 401 or 403.
    Forbidden,
    /// Bytes that are no feed.
    Garbled,
    /// An event that could not be taken.
    Fault(Fault),
    /// Time for another snapshot.
    Doubt,
}

async fn react(end: End, shared: &Shared, follower: &mut Follower) {
    match end {
        End::Lost | End::Silent => {}
        End::Gone | End::Doubt => follower.start_over(),
        End::Forbidden => shared.raise(Alert::CredentialsRefused),
        End::Garbled => {
            follower.garbled(&shared.knowledge);
            shared.raise(Alert::FeedInvalid);
        }
        End::Fault(Fault::UnknownKey) => {
            shared.fetch_unknown_key().await;
        }
        End::Fault(Fault::UnknownChange) => shared.raise(Alert::UnknownChange),
        End::Fault(Fault::Forked) => shared.raise(Alert::LedgerForked),
        End::Fault(Fault::Snapshot | Fault::Disorder | Fault::Checkpoint) => shared.raise(Alert::FeedInvalid),
    }
    shared.tell();
}

/// Opens a connection and takes its events until it ends.
async fn connection(shared: &Shared, follower: &mut Follower, heard: &mut bool) -> End {
    let mut body = match open(shared, follower).await {
        Ok(body) => body,
        Err(end) => return end,
    };
    Counting::add(&shared.counting.connections);
    follower.connected();
    shared.tell();
    let (mut parser, mut events) = (FeedParser::new(), Vec::new());
    let opened = Instant::now();
    let mut deadline = opened + shared.silence;
    loop {
        let data = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return End::Silent,
            Ok(None | Some(Err(_))) => return End::Lost,
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        let parsed = parser.feed(&data, &mut events);
        // A snapshot may take its time as long as it flows; later only whole events count.
        if !events.is_empty() || !follower.is_synchronised() {
            deadline = Instant::now() + shared.silence;
        }
        for event in events.drain(..) {
            match take(&event, shared, follower) {
                Ok(news) => *heard |= news.heard,
                Err(fault) => return End::Fault(fault),
            }
        }
        shared.tell();
        if parsed.is_err() {
            return End::Garbled;
        }
        if shared.knowledge.hearing(&shared.now()).trust == Trust::Doubtful && opened.elapsed() > DOUBT_ENDS_AFTER {
            return End::Doubt;
        }
    }
}

async fn open(shared: &Shared, follower: &Follower) -> Result<Incoming, End> {
    let cursor = follower.last_event_id().map(ToString::to_string);
    let mut headers = vec![(ACCEPT, feed::CONTENT_TYPE), (CACHE_CONTROL, "no-store")];
    headers.extend(cursor.as_deref().map(|cursor| (LAST_EVENT_ID, cursor)));
    let parameters = [("audience", shared.check.audience())];
    let request = shared.http.form(PATH, &headers, &parameters, shared.now().seconds()).map_err(|_| End::Lost)?;
    let response = shared.http.open(request, OPEN_TIMEOUT).await.map_err(|_| End::Lost)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::GONE => return Err(End::Gone),
        // Too many at once and too slow pass by themselves; any other 4xx is this client's own, and asks for somebody to look.
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => return Err(End::Lost),
        status if status.is_client_error() => return Err(End::Forbidden),
        _ => return Err(End::Lost),
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_feed = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(feed::CONTENT_TYPE));
    if is_feed { Ok(response.into_body()) } else { Err(End::Lost) }
}

fn take(event: &FeedEvent, shared: &Shared, follower: &mut Follower) -> Result<News, Fault> {
    let keys = shared.keys.load().clone();
    let news = follower.take(event, keys.verifying(), &shared.knowledge, &shared.now())?;
    if matches!(event, FeedEvent::Narrowing { .. }) {
        Counting::add(&shared.counting.changes);
    }
    if news.key_revoked {
        shared.keys.drop_revoked(&shared.knowledge);
    }
    if news.keys_changed {
        shared.keys.want();
    }
    if news.unknown_change {
        shared.raise(Alert::UnknownChange);
    }
    if news.late {
        shared.raise(Alert::FeedLate);
    }
    let mut place = shared.place.lock().unwrap_or_else(PoisonError::into_inner);
    place.cursor = follower.known().cloned();
    place.checkpoint_size = follower.checkpoint_size();
    Ok(news)
}

/// How long to wait before the next connection: longer after each failure, and for every verifier a little different, so that they do
/// not all come back at once.
fn pause(failures: u32, uptime: Duration) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX)).min(LONGEST_PAUSE);
    let dice = digest(&SHA256, &uptime.as_nanos().to_le_bytes());
    let share = dice.as_ref().first().map_or(255, |byte| u32::from(*byte));
    longest.saturating_mul(256 + share) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        fn check(failures: u32, least_millis: u64, most_millis: u64) {
            let pauses: Vec<Duration> = (0..200).map(|uptime| pause(failures, Duration::from_nanos(uptime))).collect();
            let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
            assert!(
                *least >= Duration::from_millis(least_millis) && *most <= Duration::from_millis(most_millis),
                "{failures}: {least:?} {most:?}"
            );
            assert!(*most - *least > Duration::from_millis((most_millis - least_millis) / 2), "{failures}: {least:?} {most:?}");
        }
        check(0, 50, 100);
        check(1, 100, 200);
        check(4, 800, 1_600);
        check(10, 5_000, 10_000);
        check(u32::MAX, 5_000, 10_000);
    }
}
