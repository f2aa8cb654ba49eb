use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jeton_service::failure::Failure;

/// Counts on a thread that may block, for at most this long; `None` when that was not long enough.
pub(super) async fn count<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce(&dyn Fn() -> bool) -> Result<Option<T>, Failure> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    let counting = tokio::task::spawn_blocking(move || work(&|| !seen.load(Ordering::Relaxed)));
    let counted = tokio::time::timeout(limit, counting).await;
    stop.store(true, Ordering::Relaxed);
    // Without an end in time, or without an end at all: it was logged where it failed, and the count is not known.
    counted.map_or(Ok(None), |ended| ended.unwrap_or(Ok(None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_stopped() {
        let (told, hears) = tokio::sync::oneshot::channel();
        let endless = move |goes_on: &dyn Fn() -> bool| {
            while goes_on() {}
            let _ = told.send(());
            Ok(None::<u64>)
        };
        assert_eq!(count(Duration::from_millis(1), endless).await, Ok(None));
        assert_eq!(hears.await, Ok(()));
        assert_eq!(count(Duration::from_secs(60), |goes_on| Ok(goes_on().then_some(7))).await, Ok(Some(7)));
    }
}
