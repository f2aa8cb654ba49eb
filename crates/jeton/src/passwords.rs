//! Passwords are hashed by argon2id, on threads of their own: each hash takes a core for a quarter of a second, and nobody else is to wait for it.

mod cost;
pub(crate) mod phc;
mod pool;

use std::io;
use std::path::Path;
use std::thread::available_parallelism;

use pool::Pool;

/// Begins the threads: one core less than there are, so that one is left for everybody else.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn begin(data: &Path) -> io::Result<Pool> {
    let cores = available_parallelism().map_or(1, usize::from);
    Pool::begin(cores.saturating_sub(1), data.to_owned(), crate::clock::uptime_micros)
}
