//! Following the feed of a world, event by event.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use jeton_oauth::feed::{FeedEvent, FeedParser};
use tower::ServiceExt as _;

use super::World;
use super::answer::Answer;
use super::registered::Registered;

/// How long an event may take to come before its test fails: nothing here waits for time to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is followed.
pub struct Following {
    body: Body,
    parser: FeedParser,
    events: VecDeque<FeedEvent>,
}

impl World {
    /// Follows the feed as a client; an answer other than 200 comes back whole.
    ///
    /// # Errors
    /// That answer.
    pub async fn follow(&self, client: &Registered, query: &str, last_event_id: Option<&str>) -> Result<Following, Answer> {
        let mut request = Request::get(format!("/api/v1/revocations/feed{query}")).header(AUTHORIZATION, client.basic());
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.begin(request.body(Body::empty()).expect("a request")).await
    }

    /// Follows the feed with a form; an answer other than 200 comes back whole.
    ///
    /// # Errors
    /// That answer.
    pub async fn follow_by_form(&self, form: String, last_event_id: Option<&str>) -> Result<Following, Answer> {
        let mut request = Request::post("/api/v1/revocations/feed").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.begin(request.body(Body::from(form)).expect("a request")).await
    }

    async fn begin(&self, request: Request<Body>) -> Result<Following, Answer> {
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        if parts.status == 200 {
            assert_eq!(parts.headers.get("content-type").map(|value| value.as_bytes()), Some(b"text/event-stream".as_slice()));
            assert_eq!(parts.headers.get("cache-control").map(|value| value.as_bytes()), Some(b"no-store".as_slice()));
            return Ok(Following { body, parser: FeedParser::new(), events: VecDeque::new() });
        }
        let body = body.collect().await.expect("the body comes whole").to_bytes();
        Err(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

impl Following {
    /// The next event; `None` when the stream ended.
    pub async fn next(&mut self) -> Option<FeedEvent> {
        while self.events.is_empty() {
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("an event comes")?;
            let bytes = frame.expect("the stream is whole").into_data().expect("the feed has no trailers");
            let mut events = Vec::new();
            self.parser.feed(&bytes, &mut events).expect("the bytes are a feed");
            self.events.extend(events);
        }
        self.events.pop_front()
    }
}
