use std::net::SocketAddr;

/// Who is at the other end of a connection, as the kernel says; in the extensions of every request.
///
/// Behind a proxy this is the proxy: [`TrustedProxies`](crate::extract::TrustedProxies) finds the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A process on this machine, over the Unix socket.
    Unix {
        /// The user that connected (SO_PEERCRED): the actor of what the request does.
        uid: u32,
        /// The process that connected, where the system tells; it may be gone, and its number another's, by the time this is read.
        pid: Option<i32>,
    },
    /// An address and port.
    Tcp(SocketAddr),
}
