use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use super::peer::Peer;

/// Where connections come from.
pub trait Listener: Send + 'static {
    /// A connection.
    type Transport: Transport;

    /// The next connection and who is at its other end.
    ///
    /// # Errors
    /// What the system answers: the connection is gone already, or the process has no file left for it.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Transport, Peer)>> + Send;
}

/// A connection's bytes, and what its edge does to it beside reading and writing.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Waits until there is something to read, be it the end or an error, without a buffer to read it into.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Sends a short last word without waiting. It is lost if the connection takes it not whole and at once.
    fn last_word(&mut self, word: &[u8]);

    /// Lets the close that follows reset the connection, instead of leaving unsent bytes with the kernel for a peer that takes none.
    fn abandon(&self);

    /// Whether the peer began to open the connection and it is not open yet: its handshake is under way.
    fn is_opening(&self) -> bool {
        false
    }

    /// Whether nobody on the way can read along.
    fn is_encrypted(&self) -> bool {
        false
    }
}

/// A TCP listener with a queue long enough for a crowd that comes at once. The usual 128 overflow when a few hundred clients reconnect after a
/// restart, and whoever does not fit waits a second for its next attempt.
///
/// # Errors
/// What the system answers: the address is taken, is not this machine's, or is not ours to use.
pub fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    /// The system takes less where its own limit (`net.core.somaxconn`) is lower.
    const QUEUE: u32 = 4_096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the process before may still linger on the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

impl Listener for TcpListener {
    type Transport = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, address) = Self::accept(self).await?;
        // Where this fails the peer is gone, which its connection finds out; the listener has no trouble.
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::Tcp(address)))
    }
}

impl Transport for TcpStream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_read_ready(cx).map(|_| ())
    }

    fn last_word(&mut self, word: &[u8]) {
        let _ = self.try_write(word);
    }

    fn abandon(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Listener for UnixListener {
    type Transport = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = Self::accept(self).await?;
        let credentials = stream.peer_cred().map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error))?;
        Ok((stream, Peer::Unix { uid: credentials.uid(), pid: credentials.pid() }))
    }
}

impl Transport for UnixStream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_read_ready(cx).map(|_| ())
    }

    fn last_word(&mut self, word: &[u8]) {
        let _ = self.try_write(word);
    }

    /// Unsent bytes of a Unix socket lie with the reader already; nothing is left to abandon.
    fn abandon(&self) {}
}
