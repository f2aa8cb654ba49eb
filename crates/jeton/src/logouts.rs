//! Applications are told that somebody signed out: at least once, beside all requests, and given up after some minutes. How far the ledger was
//! worked off is kept in the data folder, so that the next process goes on there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jeton_core::commit::Sequence;
use jeton_core::outgoing::Reach;
use jeton_http::guarded::Guarded;
use jeton_oauth::form;
use jeton_service::Service;
use jeton_service::logouts_waiting::{Logout, LogoutOutcome};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::logout_cursor;
use crate::supervised::{Hears, supervised};

/// How long an application may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long each attempt waits after the one before: an application that is started anew misses nothing.
const WAITS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(300),
];
/// How many are under way at most, most of which wait for their next attempt; more wait in the ledger.
const UNDER_WAY_MAX: usize = 16_384;
/// How many begin at once.
const BEGUN_AT_ONCE: usize = 256;
/// How many applications are asked at the same time.
const ASKED_MAX: usize = 128;
/// How often it is kept how far the ledger was worked off while nobody was to be told.
const KEPT_EACH: Duration = Duration::from_secs(60);

/// Begins to tell applications; goes on until it is aborted.
pub(crate) fn begin(service: &Arc<Service>, data: &Path, hears: &Hears) -> JoinHandle<()> {
    let (service, data) = (service.clone(), data.to_owned());
    supervised("telling applications who signed out", hears.clone(), async move {
        let guarded = loop {
            match Guarded::new(Reach::of_registered(service.issuer().is_loopback()), ANSWER) {
                Ok(guarded) => break Arc::new(guarded),
                Err(error) => tracing::error!(%error, "applications cannot be told that somebody signed out: it is tried again"),
            }
            sleep(KEPT_EACH).await;
        };
        Telling { service, guarded, waits: &WAITS, data, under_way: BTreeMap::new(), kept: None, is_due: true }.go_on().await;
    })
}

struct Telling {
    service: Arc<Service>,
    guarded: Arc<Guarded>,
    waits: &'static [Duration],
    data: PathBuf,
    /// How many are under way, by the entry that ended their session.
    under_way: BTreeMap<Sequence, usize>,
    /// What is kept of how far the ledger was worked off.
    kept: Option<Sequence>,
    /// Whether somebody was told since.
    is_due: bool,
}

impl Telling {
    async fn go_on(mut self) {
        let head = self.service.store().head();
        // Whoever begins anew, or goes on from a backup, tells of what happens from now on.
        let from = logout_cursor::read(&self.data, head.incarnation).filter(|from| *from <= head.size).unwrap_or(head.size);
        self.service.follow_logouts(from);
        let (mut telling, asking) = (JoinSet::new(), Arc::new(Semaphore::new(ASKED_MAX)));
        let service = self.service.clone();
        let next = || {
            let service = service.clone();
            async move { service.next_logouts(BEGUN_AT_ONCE).await }
        };
        // What is read goes on while others are told: begun anew each time it might never end.
        let mut reading = Box::pin(next());
        let (mut ticks, mut idle) = (interval(Duration::from_secs(1)), interval(KEPT_EACH));
        [&mut ticks, &mut idle].into_iter().for_each(|ticks| ticks.set_missed_tick_behavior(MissedTickBehavior::Delay));
        loop {
            tokio::select! {
                found = &mut reading, if telling.len() < UNDER_WAY_MAX => {
                    match found {
                        Ok(found) => for logout in found {
                            *self.under_way.entry(logout.sequence).or_default() += 1;
                            telling.spawn(tell(self.service.clone(), self.guarded.clone(), asking.clone(), self.waits, logout));
                        },
                        Err(error) => {
                            tracing::error!(%error, "who signed out could not be read: it is tried again");
                            sleep(Duration::from_secs(1)).await;
                        }
                    }
                    reading.set(next());
                },
                Some(told) = telling.join_next() => self.is_told(told.ok()),
                _ = ticks.tick(), if self.is_due => self.keep(),
                _ = idle.tick() => self.keep(),
            }
        }
    }

    fn is_told(&mut self, sequence: Option<Sequence>) {
        // One that panicked stays under way: the next process tells it.
        let Some(sequence) = sequence else { return };
        if let Some(count) = self.under_way.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&sequence);
                self.is_due = true;
            }
        }
    }

    /// Keeps how far the ledger was worked off.
    fn keep(&mut self) {
        let done = self.service.logouts_done();
        let done = self.under_way.keys().next().map_or(done, |first| done.min(*first));
        self.is_due = false;
        if self.kept.replace(done) == Some(done) {
            return;
        }
        if let Err(error) = logout_cursor::write(&self.data, self.service.store().head().incarnation, done) {
            tracing::warn!(%error, "how far applications were told who signed out could not be kept: some may be told twice");
        }
    }
}

/// Tells one application, as often as it takes or until it is given up.
async fn tell(
    service: Arc<Service>,
    guarded: Arc<Guarded>,
    asking: Arc<Semaphore>,
    waits: &'static [Duration],
    logout: Logout,
) -> Sequence {
    let mut why = String::new();
    for wait in waits {
        sleep(*wait).await;
        // Nobody closes it.
        let _turn = asking.acquire().await.ok();
        match attempt(&service, &guarded, &logout).await {
            Ok(()) => return logout.sequence,
            Err(failed) => why = failed,
        }
        service.count_logout(LogoutOutcome::Failed);
        tracing::debug!(client = %logout.client, %why, "an application was not told that somebody signed out: it is tried again");
    }
    service.count_logout(LogoutOutcome::GivenUp);
    tracing::warn!(client = %logout.client, session = %logout.session, %why, "an application was not told that somebody signed out: it is given up");
    logout.sequence
}

async fn attempt(service: &Service, guarded: &Guarded, logout: &Logout) -> Result<(), String> {
    let signed = service.logout_token(logout, &mut service.moments().now()).map_err(|failure| failure.to_string())?;
    // It may have been removed meanwhile, or want to hear nothing any more.
    let Some((uri, token)) = signed else { return Ok(()) };
    let sent = guarded.post(&uri, form::encode([("logout_token", token.expose())])).await;
    sent.map_err(|undelivered| undelivered.to_string())?;
    service.count_logout(LogoutOutcome::Told);
    Ok(())
}

#[cfg(test)]
mod tests;
