use std::error::Error;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use crate::edge::BodyError;

/// Reads a request's body whole. `limit_bytes` is the route's own limit; the edge's ([`Limits::body_bytes`](crate::edge::Limits)) holds above it.
///
/// A body that came in one piece, as small ones do, is not copied. Time is kept by the edge ([`Limits::body_read`](crate::edge::Limits)): no timer
/// is armed here. Trailers are dropped.
///
/// # Errors
/// [`BodyError`]: too large, too slow or broken. A body with a stated length above the limit is refused unread.
pub async fn read_body<B>(body: B, limit_bytes: u64) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
    B::Error: Error + Send + Sync + 'static,
{
    if body.size_hint().lower() > limit_bytes {
        return Err(BodyError::TooLarge);
    }
    let mut body = pin!(body);
    let Some(first) = next_piece(&mut body, limit_bytes).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() {
        return Ok(first);
    }
    let Some(second) = next_piece(&mut body, limit_bytes - length(&first)).await? else { return Ok(first) };
    let mut whole = BytesMut::with_capacity(first.len() + second.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(piece) = next_piece(&mut body, limit_bytes - length(&whole)).await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The next piece that is not empty, if it is within the limit; `None` at the end.
async fn next_piece<B>(body: &mut std::pin::Pin<&mut B>, limit_bytes: u64) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes>,
    B::Error: Error + Send + Sync + 'static,
{
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| cause(&error))?.into_data() {
            Ok(data) if length(&data) > limit_bytes => return Err(BodyError::TooLarge),
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The edge's own error, which frameworks wrap in theirs.
fn cause(error: &(dyn Error + 'static)) -> BodyError {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(known) = error.downcast_ref::<BodyError>() {
            return *known;
        }
        next = error.source();
    }
    BodyError::Broken
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    struct Pieces(VecDeque<Result<Frame<Bytes>, BodyError>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    async fn read(pieces: &[Result<&'static str, BodyError>], limit_bytes: u64) -> Result<String, BodyError> {
        let pieces = pieces.iter().map(|piece| piece.map(|data| Frame::data(Bytes::from_static(data.as_bytes())))).collect();
        let body = axum::body::Body::new(Pieces(pieces));
        read_body(body, limit_bytes).await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn pieces() {
        assert_eq!(read(&[], 0).await.as_deref(), Ok(""));
        assert_eq!(read(&[Ok("abc")], 3).await.as_deref(), Ok("abc"));
        assert_eq!(read(&[Ok("abc")], 2).await, Err(BodyError::TooLarge));
        assert_eq!(read(&[Ok("ab"), Ok(""), Ok("cd"), Ok("e")], 5).await.as_deref(), Ok("abcde"));
        assert_eq!(read(&[Ok("ab"), Ok("cd"), Ok("e")], 4).await, Err(BodyError::TooLarge));
        assert_eq!(read(&[Ok("ab"), Ok("cd")], 3).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn errors_are_found_inside_the_framework_s() {
        for error in [BodyError::TooLarge, BodyError::TooSlow, BodyError::Broken] {
            assert_eq!(read(&[Ok("a"), Err(error)], 9).await, Err(error));
        }
    }

    #[tokio::test]
    async fn a_stated_length_is_refused_unread() {
        assert_eq!(read_body(axum::body::Body::from("four"), 3).await, Err(BodyError::TooLarge));
        assert_eq!(read_body(axum::body::Body::from("four"), 4).await, Ok(Bytes::from_static(b"four")));
    }

    #[tokio::test]
    async fn trailers_are_dropped() {
        let pieces = [Ok(Frame::data(Bytes::from_static(b"a"))), Ok(Frame::trailers(http::HeaderMap::new()))];
        assert_eq!(read_body(axum::body::Body::new(Pieces(pieces.into())), 9).await, Ok(Bytes::from_static(b"a")));
    }
}
