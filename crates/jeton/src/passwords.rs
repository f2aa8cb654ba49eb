//! Passwords are hashed by argon2id, on threads of their own: each hash takes a core for a quarter of a second, and nobody else is to wait for it.

mod compare;
mod cost;
mod floor;
mod known;
#[cfg(test)]
mod moved;
mod pool;
#[cfg(test)]
mod timing;

use std::path::Path;
use std::thread::available_parallelism;

use jeton_core::password::cost::Cost;
use known::KnownPasswords;
use pool::Pool;

/// Looks whether a file is a list of passwords that others know.
///
/// # Errors
/// In words for people: what is wrong with it, and what to do.
pub(crate) fn look(list: &Path) -> Result<(), String> {
    KnownPasswords::open(list).map(drop)
}

/// Begins the threads: one core less than there are, so that one is left for everybody else. `cost` is how much work a hash is, and `list` is the file of passwords that others know.
///
/// # Errors
/// In words for people: the system gives no thread, or the list is none.
pub(crate) fn begin(cost: Option<Cost>, list: Option<&Path>) -> Result<Pool, String> {
    let known = list.map(KnownPasswords::open).transpose()?;
    let cores = available_parallelism().map_or(1, usize::from);
    let pool = Pool::begin(cores.saturating_sub(1), cost, crate::clock::uptime_micros);
    Ok(pool.map_err(|error| format!("passwords cannot be hashed: {error}"))?.knowing(known))
}
