use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::ReadBuf;

use super::listener::Transport;
use super::progress::{Progress, Wait};
use super::refusal::REQUEST_TIMEOUT;

/// An answer that is shorter is written in one piece: to copy it costs less than to hand the kernel a list.
const SMALL_BYTES: usize = 1024;

/// A connection's bytes on their way to and from hyper, noting what is waited for and failing what is overdue.
#[derive(Debug)]
pub(super) struct WatchedStream<T> {
    inner: TokioIo<T>,
    /// What was read already and is to be read again.
    unread: Bytes,
    /// Whether the handshake was under way when last looked at.
    is_opening: bool,
    progress: Arc<Progress>,
}

impl<T: Transport> WatchedStream<T> {
    pub(super) fn new(transport: T, progress: Arc<Progress>) -> Self {
        Self { inner: TokioIo::new(transport), unread: Bytes::new(), is_opening: false, progress }
    }

    /// Takes back what hyper had read of a next request; it comes before what was taken back earlier and not read again yet.
    pub(super) fn unread(&mut self, bytes: Bytes) {
        // An empty piece would keep the whole buffer it was cut from.
        if !bytes.is_empty() {
            self.unread = [bytes, self.unread.split_off(0)].concat().into();
        }
    }

    /// Waits until there is something to read, be it the end or an error.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.unread.is_empty() { self.inner.inner().poll_readable(cx) } else { Poll::Ready(()) }
    }

    /// Gives again what was taken back, as much as there is room for.
    fn read_again(&mut self, buffer: &mut ReadBufCursor<'_>) {
        let bytes = self.unread.split_to(self.unread.len().min(buffer.remaining()));
        buffer.put_slice(&bytes);
    }

    /// A handshake has the time of a header. The request that follows may be a while in coming, and has a time of its own.
    fn note_opening(&mut self) {
        let is_opening = self.inner.inner().is_opening();
        if is_opening != self.is_opening {
            self.is_opening = is_opening;
            if is_opening { self.progress.begin(Wait::Header) } else { self.progress.end(Wait::Header) }
        }
    }

    fn note_write<R>(&self, polled: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if polled.is_pending() {
            self.progress.begin(Wait::Write);
        } else {
            self.progress.end(Wait::Write);
        }
        polled
    }

    /// An error once the peer has taken nothing for too long.
    fn check_write(&self) -> io::Result<()> {
        if self.progress.is_overdue(Wait::Write) {
            self.inner.inner().abandon();
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Reads and throws away until the peer has no more to say. A close with unread bytes is a reset, and a reset may overtake the answer.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.progress.begin(Wait::Linger);
        while !self.progress.is_overdue(Wait::Linger) {
            let mut bytes = [0; 4096];
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(self.inner.inner_mut()).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

/// The bytes of all slices behind each other; `None`: there is no room for them.
fn in_one_piece<'r>(slices: &[IoSlice<'_>], room: &'r mut [u8]) -> Option<&'r [u8]> {
    let mut length = 0;
    for slice in slices {
        room.get_mut(length..)?.get_mut(..slice.len())?.copy_from_slice(slice);
        length += slice.len();
    }
    room.get(..length)
}

impl<T: Transport> Read for WatchedStream<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.progress.is_overdue(Wait::Header) {
            if self.progress.ticket(Wait::Write) == 0 {
                self.inner.inner_mut().last_word(REQUEST_TIMEOUT);
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if self.unread.is_empty() {
            let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
            self.note_opening();
            ready!(polled)?;
        } else {
            self.read_again(&mut buffer);
        }
        // Bytes that come while a handler works are its body, or a request that hyper keeps for later.
        if self.progress.ticket(Wait::Request) == 0 {
            self.progress.begin(Wait::Header);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> Write for WatchedStream<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_write()?;
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note_write(polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.check_write()?;
        let mut room = [0; SMALL_BYTES];
        let polled = match in_one_piece(slices, &mut room) {
            Some(whole) => Pin::new(&mut self.inner).poll_write(cx, whole),
            None => Pin::new(&mut self.inner).poll_write_vectored(cx, slices),
        };
        self.note_write(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_write()?;
        // What TLS took is not with the kernel yet.
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.note_write(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.progress.ticket(Wait::Linger) == 0 {
            self.check_write()?;
            let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
            ready!(self.note_write(polled))?;
            if !self.progress.may_be_sending() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_discard(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], expected: Option<&str>) {
        let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece.as_bytes())).collect();
        assert_eq!(in_one_piece(&slices, &mut [0; 8]), expected.map(str::as_bytes), "{pieces:?}");
    }

    #[test]
    fn what_has_room_is_one_piece() {
        check(&[], Some(""));
        check(&["head", "body"], Some("headbody"));
        check(&["head", "", "b"], Some("headb"));
        check(&["head", "body", ""], Some("headbody"));
        check(&["head", "bodies"], None);
        check(&["a long head", "b"], None);
    }
}
