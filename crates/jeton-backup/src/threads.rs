//! What must not hold up the reactor: on threads that may wait.

use std::io;

use jeton_store::store::Fault;

use crate::failure::Failure;

/// Reads on a thread that may wait for a disk.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Failure::Store),
        Err(error) => Err(Failure::Line(error.to_string())),
    }
}

/// Seals, or opens, on a thread that may take its time.
pub(crate) async fn beside_io<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Failure::Seal),
        Err(error) => Err(Failure::Line(error.to_string())),
    }
}
