use std::time::Duration;

/// What a connection may cost. Every limit is per connection or per request, but the three that say otherwise.
///
/// The times are a little under 10 seconds on purpose: whoever dawdles is *gone* within ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest request target, in bytes. Above: 414. Default 8,192.
    pub target_bytes: usize,
    /// Request line and header together, in bytes; also the trailers of a chunked body. Above: 431. Default 16,384; at least 1.
    pub header_bytes: usize,
    /// Header lines in a request. Above: 431. Default 64; what exceeds 100 counts as 100.
    pub header_lines: usize,
    /// Body of a request, in bytes; a route may ask for less. Above: 413. Default 65,536.
    pub body_bytes: u64,
    /// From the first byte of a request to the end of its header. Above: 408. Default 8 s.
    pub header_read: Duration,
    /// From the first time a handler waits for the body to the body's end. Above: [`BodyError::TooSlow`](super::BodyError). Default 8 s.
    pub body_read: Duration,
    /// From the end of the header to the head of the response. Above: the handler is dropped and the answer is 503. Default 30 s.
    pub request: Duration,
    /// How long a peer may take nothing of what it was sent. Above: the connection is reset. Default 8 s.
    pub write: Duration,
    /// Silence before the first request and between two. The connection ends at most one shortest limit of this table later. While more than
    /// three quarters of [`connections`](Self::connections) are open, [`header_read`](Self::header_read) counts in its place. Default 60 s.
    pub idle: Duration,
    /// How long what a refused peer still sends is read and thrown away, so that it can read its refusal before a reset. Default 1 s.
    pub linger: Duration,
    /// Open connections of this listener. Above: answered 503 and closed at once. Default 20,000.
    pub connections: usize,
    /// Open connections of this listener that keep their buffers (about 20 KiB each) between requests. While more are open, a connection gives
    /// them back at the end of each request, which costs the next one some allocations. Default 1,000.
    pub warm_connections: usize,
    /// Open connections of this listener from one IPv4 address or one IPv6 /64. Above: answered 503 and closed at once. Default: none.
    pub connections_per_address: Option<usize>,
    /// How long requests in flight may take to finish once the server stops. Above: dropped. Default 30 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            target_bytes: 8 * 1024,
            header_bytes: 16 * 1024,
            header_lines: 64,
            body_bytes: 64 * 1024,
            header_read: Duration::from_secs(8),
            body_read: Duration::from_secs(8),
            request: Duration::from_secs(30),
            write: Duration::from_secs(8),
            idle: Duration::from_secs(60),
            linger: Duration::from_secs(1),
            connections: 20_000,
            warm_connections: 1_000,
            connections_per_address: None,
            drain: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The shortest time after which anything that begins now could be overdue: a timer set no further ahead misses nothing.
    pub(super) fn shortest(&self) -> Duration {
        [self.body_read, self.request, self.write, self.idle].into_iter().fold(self.header_read, Duration::min)
    }
}
