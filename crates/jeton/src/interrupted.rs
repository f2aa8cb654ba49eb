//! Work that leaves nothing behind where somebody ends the program in the middle of it.

use std::future::Future;

use tokio::select;

use crate::serve::{runtime, stop_signal};

/// How it ended.
pub(crate) enum Ended<T> {
    /// By itself.
    Done(T),
    /// By this signal. Nothing of it runs any more: what it made can be taken away.
    By(&'static str),
}

/// Runs work until it is done, or the program is told to end; then what it began on threads of its own is waited for.
///
/// # Errors
/// In words for people: nothing was begun.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> Result<Ended<T>, String> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let signal = stop_signal()?;
        select! {
            biased;
            signal = signal => Ok(Ended::By(signal)),
            done = work => Ok(Ended::Done(done)),
        }
    });
    drop(runtime);
    ended
}
