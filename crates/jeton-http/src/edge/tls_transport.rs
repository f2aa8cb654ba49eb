use std::fmt;
use std::io::{self, IoSlice, Write as _};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::listener::Transport;
use super::refusal::TLS_NEEDED;

/// A connection that speaks TLS. Its handshake takes place when it is first read from.
pub struct TlsTransport {
    state: State,
    config: Arc<ServerConfig>,
}

enum State {
    /// Nothing has come yet.
    Silent(TcpStream),
    /// The handshake is under way.
    Handshaking(Box<Accept<TcpStream>>),
    Open(Box<TlsStream<TcpStream>>),
    /// It spoke plain HTTP and was told so. What it still sends is thrown away: a close with unread bytes is a reset, which may overtake the word.
    Told(TcpStream),
    Ended,
}

impl TlsTransport {
    pub(super) fn new(stream: TcpStream, config: Arc<ServerConfig>) -> TlsTransport {
        TlsTransport { state: State::Silent(stream), config }
    }

    /// The open connection, or `None` where there will be none.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<&mut TlsStream<TcpStream>>>> {
        loop {
            match &mut self.state {
                State::Silent(stream) => {
                    let first = ready!(poll_first(stream, cx))?;
                    self.state = match (first, mem::replace(&mut self.state, State::Ended)) {
                        (Some(b'A'..=b'Z'), State::Silent(stream)) => {
                            let _ = stream.try_write(TLS_NEEDED);
                            State::Told(stream)
                        }
                        (Some(_), State::Silent(stream)) => {
                            State::Handshaking(Box::new(TlsAcceptor::from(self.config.clone()).accept(stream)))
                        }
                        _ => State::Ended,
                    };
                }
                State::Handshaking(accept) => {
                    let ended = ready!(Pin::new(&mut **accept).poll(cx));
                    self.state = State::Ended;
                    self.state = State::Open(Box::new(ended?));
                }
                State::Told(stream) => {
                    ready!(poll_discard(stream, cx));
                    self.state = State::Ended;
                }
                State::Open(_) | State::Ended => break,
            }
        }
        Poll::Ready(Ok(match &mut self.state {
            State::Open(stream) => Some(stream),
            _ => None,
        }))
    }
}

/// The first byte that comes, left where it is; `None` is the end.
fn poll_first(stream: &TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
    let mut byte = [0; 1];
    let mut buffer = ReadBuf::new(&mut byte);
    ready!(stream.poll_peek(cx, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().first().copied()))
}

/// Says that nothing more comes, and reads until the peer says so too.
fn poll_discard(stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<()> {
    let _ = Pin::new(&mut *stream).poll_shutdown(cx);
    loop {
        let mut bytes = [0; 4096];
        let mut buffer = ReadBuf::new(&mut bytes);
        match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => {}
            Ok(()) | Err(_) => return Poll::Ready(()),
        }
    }
}

impl AsyncRead for TlsTransport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match ready!(self.poll_open(cx))? {
            Some(stream) => Pin::new(stream).poll_read(cx, buffer),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for TlsTransport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(self.poll_open(cx))? {
            Some(stream) => Pin::new(stream).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match ready!(self.poll_open(cx))? {
            Some(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(stream) => Pin::new(&mut **stream).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            State::Silent(stream) | State::Told(stream) => Pin::new(stream).poll_shutdown(cx),
            State::Handshaking(accept) => match accept.get_mut() {
                Some(stream) => Pin::new(stream).poll_shutdown(cx),
                None => Poll::Ready(Ok(())),
            },
            State::Ended => Poll::Ready(Ok(())),
        }
    }
}

impl Transport for TlsTransport {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.state {
            // Bytes that were deciphered and not read yet do not show at the socket.
            State::Open(stream) if !stream.get_ref().1.wants_read() => Poll::Ready(()),
            State::Open(stream) => Transport::poll_readable(stream.get_ref().0, cx),
            State::Silent(stream) => Transport::poll_readable(stream, cx),
            State::Handshaking(_) | State::Told(_) | State::Ended => Poll::Ready(()),
        }
    }

    /// Before the connection is open there are no words that the peer would understand.
    fn last_word(&mut self, word: &[u8]) {
        let State::Open(stream) = &mut self.state else { return };
        let (tcp, session) = stream.get_mut();
        if session.writer().write_all(word).is_ok() {
            session.send_close_notify();
        }
        while session.wants_write() && session.write_tls(&mut AtOnce(tcp)).is_ok_and(|written| written > 0) {}
    }

    fn abandon(&self) {
        match &self.state {
            State::Open(stream) => Transport::abandon(stream.get_ref().0),
            State::Silent(stream) | State::Told(stream) => Transport::abandon(stream),
            State::Handshaking(accept) => {
                if let Some(stream) = accept.get_ref() {
                    Transport::abandon(stream);
                }
            }
            State::Ended => {}
        }
    }

    fn is_opening(&self) -> bool {
        matches!(self.state, State::Handshaking(_) | State::Told(_))
    }

    fn is_encrypted(&self) -> bool {
        true
    }
}

/// Writes what the kernel takes without waiting.
struct AtOnce<'a>(&'a TcpStream);

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What it is at, and nothing of what it says.
impl fmt::Debug for TlsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.state {
            State::Silent(_) => "TlsTransport: silent",
            State::Handshaking(_) => "TlsTransport: handshaking",
            State::Open(_) => "TlsTransport: open",
            State::Told(_) => "TlsTransport: told",
            State::Ended => "TlsTransport: ended",
        })
    }
}
