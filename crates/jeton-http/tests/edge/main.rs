//! The connection edge over real sockets: each limit, each malformed request, the end of the server.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them, and prints what it saw")]

mod answers;
mod client;
mod end;
mod handlers;
mod malformed;
mod many;
mod server;
mod slow;
mod too_large;

use std::time::Duration;

/// Far above every limit the tests set: what has not happened by then does not happen.
const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// Connections that keep their buffers between requests, and ones that give them back each time.
const WARM: [usize; 2] = [1_000, 0];
