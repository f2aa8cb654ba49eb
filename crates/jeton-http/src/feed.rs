//! `/api/v1/revocations/feed`: what verifiers follow, as Server-Sent Events. With GET a client proves itself by Basic; with POST, and a
//! form, by any method that it can be registered for, as at the other endpoints.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use jeton_core::checkpoint::SignedCheckpoint;
use jeton_core::id::ClientId;
use jeton_core::moment::{Moment, Time};
use jeton_core::refusal::Refusal;
use jeton_oauth::feed::{CONTENT_TYPE as EVENT_STREAM, Cursor, FeedEvent, Incarnation, SignedNote};
use jeton_oauth::{ClientAuthentication, Form};
use jeton_service::authenticate::Authenticated;
use jeton_service::failure::Failure;
use jeton_service::feed::{Next, cursor};
use jeton_service::{Service, Snapshot};
use tokio::sync::watch;

use crate::edge::Draining;
use crate::extract::marks;
use crate::oauth::{authenticate, form_body};
use crate::observe::Observer;
use crate::reply::{OauthError, Reply};
use crate::seen;

/// One verifier that follows.
struct Follower {
    service: Arc<Service>,
    client: ClientId,
    audience: Arc<str>,
    incarnation: Incarnation,
    /// It has been told everything before this sequence.
    next: u64,
    /// Whether it has heard of all there was before it came.
    has_waited: bool,
    told: watch::Receiver<u64>,
    checkpoints: watch::Receiver<Option<Arc<SignedCheckpoint>>>,
    draining: Draining,
}

/// Lets a client follow that authenticates with Basic; the query may name the `audience`.
pub async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, draining: Draining, request: Request) -> Reply {
    let moment = service.moments().now();
    let query = request.uri().query().unwrap_or_default();
    let form = Form::parse(query.as_bytes())?;
    let authorization = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    let presented = ClientAuthentication::parse(authorization, &Form::parse(b"")?)
        .map_err(|error| OauthError::from(error.response).challenged_if(true))?;
    let marks = marks(request.extensions().get(), request.headers(), &observer.proxies);
    let client = service.authenticate(&presented, &marks, &moment).map_err(|refusal| OauthError::from(refusal).challenged_if(true))?;
    let audience = service.followable(&client, form.get("audience"))?;
    follow(service, draining, &client, audience, request.headers(), moment).await
}

/// Lets a client follow that authenticates with its form, in which the `audience` may be named.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, draining: Draining, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse(&body)?;
    let client = authenticate(&service, &observer, &request, &form, &moment)?;
    let audience = service.followable(&client, form.get("audience"))?;
    service.spend(&client, &moment).await?;
    follow(service, draining, &client, audience, request.headers(), moment).await
}

/// The feed for one audience: a snapshot first, unless the cursor says where to go on.
async fn follow(
    service: Arc<Service>,
    draining: Draining,
    client: &Authenticated,
    audience: Arc<str>,
    headers: &HeaderMap,
    moment: Moment,
) -> Reply {
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| Cursor::parse(id).ok()));
    // Subscribed before the snapshot is taken: nothing falls between them.
    let (told, checkpoints) = (service.feed().watch(), service.checkpoints());
    service.feed().note_following(&audience, moment.now);
    let incarnation = service.feed().incarnation().ok_or_else(|| OauthError::from(Refusal::invalid("the feed has not begun")))?;
    let (first, next) = match last {
        None => {
            let snapshot = take_snapshot(&service, &audience, moment).await?;
            (snapshot.events.iter().cloned().collect(), snapshot.next)
        }
        Some(at) => match resumed(&service, at, &audience).await {
            Some(next) => (VecDeque::from([Bytes::from_static(b":\n\n")]), next),
            None => return Ok(gone()),
        },
    };
    let follower = Follower {
        service,
        client: client.entry.client.record.id.clone(),
        audience,
        incarnation,
        next,
        has_waited: false,
        told,
        checkpoints,
        draining,
    };
    let client = follower.client.clone();
    Ok(seen::to_client(event_stream(first, follower), &client))
}

/// What follows a cursor; `None` where that cannot be told: it is too old, of another incarnation, or of a time that has not been.
async fn resumed(service: &Arc<Service>, at: Option<Cursor>, audience: &str) -> Option<u64> {
    let at = at?;
    let next = at.sequence.checked_add(1).filter(|next| *next <= service.store().head().size)?;
    if service.wants_refill(&at.incarnation, next) {
        refill(service).await;
    }
    matches!(service.feed().next(&at.incarnation, next, audience), Next::Events(..)).then_some(next)
}

/// Lets the feed read back what was told before this process began: once, for all that come back at the same time, and not on the reactor.
async fn refill(service: &Arc<Service>) {
    let read = async || {
        let service = service.clone();
        // Not tried again for each verifier that comes back: a snapshot has all of it.
        if let Ok(Err(failure)) = tokio::task::spawn_blocking(move || service.refill_feed()).await {
            tracing::error!(%failure, "what was told before the start could not be read back: verifiers take snapshots");
        }
    };
    service.feed().refilled().get_or_init(read).await;
}

/// Sends what comes first piece by piece, each shared with every other follower, then what the follower hears.
fn event_stream(first: VecDeque<Bytes>, follower: Follower) -> Response {
    let events = stream::unfold((first, follower), |(mut first, mut follower)| async move {
        let bytes = match first.pop_front() {
            Some(first) => first,
            None => follower.more().await?,
        };
        Some((Ok::<_, Infallible>(Frame::data(bytes)), (first, follower)))
    });
    let mut response = Response::new(Body::new(StreamBody::new(events)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn gone() -> Response {
    let mut response = Response::new(Body::from("this cursor is too old, or of another incarnation: start again without it\n"));
    *response.status_mut() = StatusCode::GONE;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The last snapshot, or one that is taken now: not on the reactor, and by one for all who want it, who wait without a thread.
async fn take_snapshot(service: &Arc<Service>, audience: &Arc<str>, moment: Moment) -> Result<Snapshot, OauthError> {
    if let Some(last) = service.last_snapshot(audience) {
        return Ok(last);
    }
    let turn = service.snapshot_turn(audience).lock_owned().await;
    if let Some(last) = service.last_snapshot(audience) {
        return Ok(last);
    }
    let (service, audience) = (service.clone(), audience.clone());
    let taken = tokio::task::spawn_blocking(move || {
        // Also where whoever asked is gone by now.
        let _turn = turn;
        service.take_snapshot(&audience, &moment)
    });
    let taken = taken.await;
    let stopped = |_| OauthError::from(Failure::Busy);
    taken.map_err(stopped)?.map_err(OauthError::from)
}

impl Follower {
    /// The next bytes to send; `None` when the stream ends: the server stops, or the follower fell too far behind.
    async fn more(&mut self) -> Option<Bytes> {
        loop {
            self.told.borrow_and_update();
            let Next::Events(events, end, first_at) = self.service.feed().next(&self.incarnation, self.next, &self.audience) else {
                return None;
            };
            self.next = end;
            if !events.is_empty() {
                self.note_lag(first_at);
                return Some(join(&events));
            }
            tokio::select! {
                biased;
                () = self.draining.begun() => return None,
                changed = self.told.changed() => {
                    changed.ok()?;
                    self.has_waited = true;
                }
                changed = self.checkpoints.changed() => {
                    changed.ok()?;
                    // A client that lost the right to follow is told no more.
                    if !self.service.still_follows(&self.client, &self.audience) {
                        return None;
                    }
                    if let Some(heartbeat) = self.heartbeat() {
                        return Some(heartbeat);
                    }
                }
            }
        }
    }

    /// Of what it missed while it was away, the lag is its own.
    fn note_lag(&self, first_at: Option<Time>) {
        if let Some(at) = first_at.filter(|_| self.has_waited) {
            self.service.feed().note_lag(at, self.service.moments().time());
        }
    }

    /// The last checkpoint, after everything that happened before it.
    fn heartbeat(&mut self) -> Option<Bytes> {
        let checkpoint = self.checkpoints.borrow_and_update().clone()?;
        let told = *self.told.borrow();
        let Next::Events(events, end, first_at) = self.service.feed().next(&self.incarnation, self.next, &self.audience) else {
            return None;
        };
        self.next = end;
        self.note_lag(first_at);
        if end < told {
            // There is more before it: the next second's checkpoint vouches for that too.
            return Some(join(&events));
        }
        let mut bytes = BytesMut::from(join(&events));
        self.service.feed().note_following(&self.audience, self.service.moments().time());
        self.service.note_checkpoint_left();
        let note = SignedNote::parse(checkpoint.note.to_string()).ok()?;
        bytes.extend_from_slice(&FeedEvent::Checkpoint { cursor: cursor(&self.incarnation, self.next), note }.to_bytes());
        Some(bytes.freeze())
    }
}

fn join(events: &[Bytes]) -> Bytes {
    match events {
        [only] => only.clone(),
        events => Bytes::from(events.concat()),
    }
}
