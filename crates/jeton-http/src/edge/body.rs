use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::progress::{Progress, Wait};

/// The body of a request as it comes from the connection: never longer than [`Limits::body_bytes`](super::Limits), never slower than
/// [`Limits::body_read`](super::Limits). No timer is armed for a body that is there already.
///
/// The time is kept for a body that the handler itself reads; in a task of its own it ends with [`Limits::request`](super::Limits).
#[derive(Debug)]
pub struct RequestBody {
    inner: Incoming,
    remaining_bytes: u64,
    /// Read to its end; of a chunked body only this tells.
    ended: bool,
    progress: Arc<Progress>,
}

/// Why a request's body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Longer than allowed: 413.
    TooLarge,
    /// Not complete in time: 408, and the connection ends.
    TooSlow,
    /// Cut off, or wrongly framed: 400, if anybody is still there to read it.
    Broken,
}

impl RequestBody {
    pub(super) fn new(inner: Incoming, limit_bytes: u64, progress: Arc<Progress>) -> Self {
        Self { inner, remaining_bytes: limit_bytes, ended: false, progress }
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        if let Some(data) = frame.data_ref() {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.remaining_bytes = self.remaining_bytes.checked_sub(length).ok_or(BodyError::TooLarge)?;
        }
        Ok(frame)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.progress.is_overdue(Wait::Body) {
            return Poll::Ready(Some(Err(BodyError::TooSlow)));
        }
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if polled.is_pending() {
            this.progress.begin(Wait::Body);
        }
        let frame = match ready!(polled) {
            Some(Ok(frame)) => this.take(frame),
            Some(Err(_)) => Err(BodyError::Broken),
            None => {
                this.ended = true;
                this.progress.end(Wait::Body);
                return Poll::Ready(None);
            }
        };
        if frame.is_err() || this.inner.is_end_stream() {
            this.progress.end(Wait::Body);
        }
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.progress.end(Wait::Body);
        self.progress.set_unread(!self.ended && !self.inner.is_end_stream());
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the request body is too large",
            Self::TooSlow => "the request body took too long to come",
            Self::Broken => "the request body ended early or is wrongly framed",
        })
    }
}

impl Error for BodyError {}
