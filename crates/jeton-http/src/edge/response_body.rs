use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::progress::Progress;

/// A response's body. While it is under way, silence of the peer is no idleness.
#[derive(Debug)]
pub(super) struct ResponseBody {
    inner: Body,
    progress: Arc<Progress>,
}

impl ResponseBody {
    pub(super) fn new(inner: Body, progress: &Arc<Progress>) -> Self {
        progress.set_responding(true);
        Self { inner, progress: Arc::clone(progress) }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.progress.set_responding(false);
    }
}
