//! Work that goes on as long as the server does: where it comes to an end, somebody hears of it.

use std::sync::Arc;
use std::thread;

use tokio::task::JoinHandle;

/// Hears which work came to an end, and how.
pub(crate) type Hears = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Begins work that ends by being aborted alone.
pub(crate) fn supervised(work: &'static str, hears: Hears, doing: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        let watch = Watch { work, hears };
        doing.await;
        (watch.hears)(watch.work, "it ended");
    })
}

/// Dropped with the work.
struct Watch {
    work: &'static str,
    hears: Hears,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.hears)(self.work, "it panicked: the log says where");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn hears() -> (Hears, Receiver<(String, String)>) {
        let (tell, heard) = channel();
        (Arc::new(move |work: &str, how: &str| tell.send((work.to_owned(), how.to_owned())).unwrap()), heard)
    }

    #[tokio::test]
    async fn work_that_ends_or_panics_is_heard_of_and_work_that_is_aborted_is_not() {
        let (tell, heard) = hears();
        supervised("one", tell, async {}).await.unwrap();
        assert_eq!(heard.recv(), Ok(("one".to_owned(), "it ended".to_owned())));
        let (tell, heard) = hears();
        let panicked = supervised("other", tell, async { panic!("on purpose") }).await;
        assert!(panicked.unwrap_err().is_panic());
        assert!(heard.recv().is_ok_and(|(work, how)| work == "other" && how.contains("panicked")));
        let (tell, heard) = hears();
        let work = supervised("third", tell, pending());
        tokio::task::yield_now().await;
        work.abort();
        assert!(work.await.unwrap_err().is_cancelled());
        assert!(heard.recv().is_err(), "nobody told anything");
    }
}
