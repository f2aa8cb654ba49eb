//! What is done again and again while a server runs.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jeton_service::Service;
use jeton_service::canary::Sent;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::clock::Clock;
use crate::supervised::{Hears, supervised};

/// How often keys and secrets are gone over, and how long after the start for the first time: counting has begun by then.
const SWEEP_PERIOD: Duration = Duration::from_secs(3_600);
const FIRST_SWEEP: Duration = Duration::from_secs(5);

/// How often a canary is sent, and how long it may take.
const CANARY_PERIOD: Duration = Duration::from_secs(60);
const CANARY_PATIENCE: Duration = Duration::from_secs(10);

/// Begins all but the one that keeps usage. Each goes on until it is aborted; `hears` is told where one of them ends by itself.
pub(crate) fn begin(service: &Arc<Service>, clock: &Arc<Clock>, hears: &Hears) -> Vec<JoinHandle<()>> {
    let (each_second, clock) = (service.clone(), clock.clone());
    let (each_minute, tending) = (service.clone(), service.clone());
    vec![
        every(("the second's checkpoint", hears), (Duration::from_secs(1), First::AtOnce), move || {
            let (service, clock) = (each_second.clone(), clock.clone());
            async move {
                if let Some(notice) = service.posture().observe(clock.follow_wall()) {
                    tracing::warn!("{notice}");
                }
                if let Err(error) = service.sign_checkpoint(&service.moments().now()).await {
                    tracing::error!(%error, "the second's checkpoint failed");
                }
            }
        }),
        every(("dropping expired rows", hears), (Duration::from_secs(60), First::Later), move || {
            let service = each_minute.clone();
            async move {
                match tokio::task::spawn_blocking(move || service.drop_expired()).await {
                    Ok(Ok(rows)) if rows > 0 => tracing::info!(rows, "expired rows left"),
                    Ok(Err(error)) => tracing::error!(%error, "expired rows could not leave"),
                    _ => {}
                }
            }
        }),
        canary_schedule(service, hears),
        sweep_schedule(service, hears),
        ending_schedule(service, hears),
        erasing_schedule(service, hears),
        every(("tending the signing keys", hears), (Duration::from_secs(60), First::Later), move || {
            let service = tending.clone();
            async move {
                if let Err(error) = service.tend_signing_keys(&service.moments().now()).await {
                    tracing::error!(%error, "the signing keys could not be tended");
                }
            }
        }),
    ]
}

/// Whoever was to be erased when a process ended, or when nobody waited any more, is.
fn erasing_schedule(service: &Arc<Service>, hears: &Hears) -> JoinHandle<()> {
    let service = service.clone();
    every(("erasing", hears), (Duration::from_secs(60), First::AtOnce), move || {
        let service = service.clone();
        async move {
            match service.go_on_erasing(&service.moments().now()).await {
                Ok(0) => {}
                Ok(ended) => tracing::info!(ended, "erasures that were broken off were gone on with, and ended"),
                Err(error) => tracing::error!(%error, "somebody who was to be erased is not yet: it is tried again"),
            }
        }
    })
}

/// What was handed in as leaked is ended, and keys that a cut-off ended say so.
fn ending_schedule(service: &Arc<Service>, hears: &Hears) -> JoinHandle<()> {
    let service = service.clone();
    every(("ending what was handed in", hears), (Duration::from_secs(1), First::AtOnce), move || {
        let service = service.clone();
        async move {
            if let Err(error) = service.work_off_reports().await {
                tracing::error!(%error, "a credential that was handed in could not be ended: it is tried again");
            }
            // Reads every key: on a thread that may block.
            let noting = tokio::task::spawn_blocking(move || tokio::runtime::Handle::current().block_on(service.note_cut_offs()));
            if let Ok(Err(error)) = noting.await {
                tracing::error!(%error, "keys that a cut-off ended do not say so yet: it is tried again");
            }
        }
    })
}

/// A token is revoked each minute to see it refused.
fn canary_schedule(service: &Arc<Service>, hears: &Hears) -> JoinHandle<()> {
    let service = service.clone();
    every(("sending canaries", hears), (CANARY_PERIOD, First::AtOnce), move || {
        let service = service.clone();
        async move { send_canary(&service).await }
    })
}

async fn send_canary(service: &Service) {
    let moment = service.moments().now();
    let late = |_| Sent::Failed("a revocation was not answered within 10 s".to_owned());
    let sent = timeout(CANARY_PATIENCE, service.send_canary(&moment)).await.unwrap_or_else(late);
    if let Sent::Failed(why) = &sent {
        tracing::error!(%why, "the canary failed: what is revoked may be accepted");
    }
    if let Some(event) = service.note_canary(&sent, service.moments().time()) {
        // The ledger may be what failed.
        let _ = timeout(CANARY_PATIENCE, service.tell_of_backups(event)).await;
    }
}

/// A schedule that ends between two turns: what a turn has taken in hand is not lost.
pub(crate) struct Ending {
    end: watch::Sender<bool>,
    job: JoinHandle<()>,
}

impl Ending {
    /// Ends it; whether the turn under way was over in time. One that was not goes on.
    pub(crate) async fn end(&mut self, patience: Duration) -> bool {
        self.end.send_replace(true);
        timeout(patience, &mut self.job).await.is_ok()
    }
}

/// Usage is kept each second; where that fails, it is said once, and once more when it goes well again.
pub(crate) fn keep_usage(service: &Arc<Service>) -> Ending {
    let (service, fails, dropped) = (service.clone(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    every_until_ended(Duration::from_secs(1), move || {
        let (service, fails, dropped) = (service.clone(), fails.clone(), dropped.clone());
        async move {
            let flushed = service.flush_usage().await;
            let (dropped_now, known) = (service.last_uses_dropped(), dropped.load(Ordering::Relaxed));
            if dropped_now > 0 && known == 0 {
                tracing::warn!("more credentials are used at once than can be remembered: nobody is idle for what came before");
            }
            dropped.store(dropped_now, Ordering::Relaxed);
            match (&flushed, fails.swap(flushed.is_err(), Ordering::Relaxed)) {
                (Err(error), false) => tracing::error!(%error, "usage is not kept: what is counted meanwhile may be dropped"),
                (Ok(()), true) => tracing::info!("usage is kept again"),
                _ => {}
            }
        }
    })
}

/// What time does to credentials is written down each hour.
fn sweep_schedule(service: &Arc<Service>, hears: &Hears) -> JoinHandle<()> {
    let service = service.clone();
    every(("going over credentials", hears), (SWEEP_PERIOD, First::After(FIRST_SWEEP)), move || {
        let service = service.clone();
        async move {
            let started = service.moments().time();
            // Reads every key: on a thread that may block.
            let sweeping = service.clone();
            let swept =
                tokio::task::spawn_blocking(move || tokio::runtime::Handle::current().block_on(sweeping.sweep(&sweeping.moments().now())));
            match swept.await {
                Ok(Ok(Some(swept))) => tracing::info!(
                    suspended = swept.suspended,
                    revoked = swept.revoked,
                    removed = swept.removed,
                    notices = swept.told,
                    milliseconds = (service.moments().time().micros() - started.micros()) / 1_000,
                    "credentials were gone over: idle ones, ended ones, and those that end soon"
                ),
                Ok(Err(error)) => {
                    tracing::error!(
                        %error,
                        failed = error.failed,
                        "not all credentials could be gone over: the others were, and the next pass tries again"
                    );
                }
                _ => {}
            }
        }
    })
}

/// When a schedule's work is done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// When the schedule begins.
    AtOnce,
    /// A period after that.
    Later,
    /// So long after that.
    After(Duration),
}

/// Work that is done again and again until it is aborted.
pub(crate) fn every<F: Future<Output = ()> + Send>(
    (work, hears): (&'static str, &Hears),
    (period, first): (Duration, First),
    mut turn: impl FnMut() -> F + Send + 'static,
) -> JoinHandle<()> {
    supervised(work, hears.clone(), async move {
        let mut ticks = ticks(period, first);
        loop {
            ticks.tick().await;
            turn().await;
        }
    })
}

/// The same from now on, until it is ended.
fn every_until_ended<F: Future<Output = ()> + Send>(period: Duration, mut work: impl FnMut() -> F + Send + 'static) -> Ending {
    let (end, mut ended) = watch::channel(false);
    let job = tokio::spawn(async move {
        let mut ticks = ticks(period, First::AtOnce);
        loop {
            tokio::select! {
                biased;
                _ = ended.changed() => return,
                _ = ticks.tick() => work().await,
            }
        }
    });
    Ending { end, job }
}

fn ticks(period: Duration, first: First) -> Interval {
    let delay = match first {
        First::AtOnce => Duration::ZERO,
        First::Later => period,
        First::After(delay) => delay,
    };
    let mut ticks = interval_at(Instant::now() + delay, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, OnceLock, Weak};

    use jeton_core::doctor::{Grade, Practice, Surroundings, Verdict, examine};
    use jeton_core::moment::Time;
    use jeton_service::moments::Moments;
    use jeton_store::memory::MemoryStore;
    use jeton_store::store::{Store as _, Submission};
    use jeton_testkit::bare;
    use jeton_testkit::in_front::Otherwise;
    use tokio::sync::Notify;

    use super::*;

    /// An engine whose feed forgets what it was told, while it is deaf.
    struct Deaf {
        engine: Arc<MemoryStore>,
        is_deaf: Arc<AtomicBool>,
        service: Arc<OnceLock<Weak<Service>>>,
    }

    impl Otherwise for Deaf {
        fn engine(&self) -> &MemoryStore {
            &self.engine
        }

        fn submit(&self, batch: Vec<Submission>) {
            self.engine.submit(batch);
            if self.is_deaf.load(Ordering::Relaxed)
                && let Some(service) = self.service.get().and_then(Weak::upgrade)
            {
                service.feed().begin(&self.engine.head());
            }
        }
    }

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What the doctor says of the canary, and the grade of revocation.
    fn examined(service: &Service) -> (Verdict, Option<Grade>) {
        let report = examine(&service.observe(Surroundings::default()));
        let revocation = report.practices.iter().find(|practice| practice.practice == Practice::Revocation).unwrap();
        (revocation.checks.iter().find(|check| check.id == "revocation.canary").unwrap().verdict, revocation.grade)
    }

    #[tokio::test]
    async fn a_feed_that_does_not_tell_is_an_event_a_line_and_a_lower_grade() {
        let (log, is_deaf, itself, seed) = (Log::default(), Arc::new(AtomicBool::new(false)), Arc::new(OnceLock::new()), AtomicU64::new(1));
        let writer = log.clone();
        let _logged = tracing::subscriber::set_default(tracing_subscriber::fmt().with_writer(move || writer.clone()).finish());
        let dice = move || {
            let mut entropy = [0; 32];
            entropy[..8].copy_from_slice(&seed.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            entropy
        };
        let moments = Moments::new(|| Time::from_seconds(1_800_000_000), dice);
        let of_engine = (is_deaf.clone(), itself.clone());
        let service = Arc::new(bare::service(moments, |engine| Deaf { engine, is_deaf: of_engine.0, service: of_engine.1 }));
        itself.set(Arc::downgrade(&service)).unwrap();
        service.set_up(&service.moments().now()).await.unwrap();
        let told = |service: &Service| {
            let entries = service.store().tail(0, 1_000).unwrap();
            entries.iter().filter(|entry| &*entry.kind == "canary.failed").count()
        };
        let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap().matches("the canary failed").count();
        send_canary(&service).await;
        let sound = examined(&service);
        assert_eq!((told(&service), said(), sound.0), (0, 0, Verdict::Passed));
        is_deaf.store(true, Ordering::Relaxed);
        for number in 1..3 {
            send_canary(&service).await;
            assert_eq!((told(&service), said(), examined(&service)), (1, number, (Verdict::Failed, Some(Grade::F))));
            assert!(service.canary_seen().failed.unwrap().contains("a verifier that follows the feed accepts"));
        }
        is_deaf.store(false, Ordering::Relaxed);
        send_canary(&service).await;
        assert_eq!((told(&service), said(), examined(&service)), (1, 2, sound));
    }

    #[tokio::test]
    async fn a_turn_under_way_is_finished_before_its_schedule_ends() {
        let (begun, released, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
        let its = (begun.clone(), released.clone(), done.clone());
        let mut schedule = every_until_ended(Duration::from_millis(1), move || {
            let (begun, released, done) = its.clone();
            async move {
                begun.notify_one();
                released.notified().await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        begun.notified().await;
        let ending = tokio::spawn(async move { schedule.end(Duration::from_secs(60)).await });
        released.notify_one();
        assert!(ending.await.unwrap());
        assert!(done.load(Ordering::Relaxed) >= 1, "what it had in hand is not lost");
    }

    #[tokio::test]
    async fn whoever_ends_a_schedule_hears_that_its_turn_hangs() {
        let begun = Arc::new(Notify::new());
        let its = begun.clone();
        let mut schedule = every_until_ended(Duration::from_millis(1), move || {
            its.notify_one();
            std::future::pending()
        });
        begun.notified().await;
        assert!(!schedule.end(Duration::ZERO).await);
    }
}
