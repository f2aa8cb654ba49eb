//! What the checking of tokens and the tasks in the background share.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jeton_oauth::Issuer;
use jeton_oauth::feed::Cursor;
use tokio::sync::watch;

use crate::clock::{Clock, Reading};
use crate::feed::Knowledge;
use crate::jwt::JwtCheck;
use crate::staleness::Patience;
use crate::verifier::alert::{Alert, Alerts};
use crate::verifier::former::Former;
use crate::verifier::http::Http;
use crate::verifier::introspection::Introspection;
use crate::verifier::key_set::{Fetched, KeySet};
use crate::verifier::reporter::Reporter;
use crate::verifier::status::{Counting, FeedStatus, Status};

/// Everything one verifier holds.
pub(crate) struct Shared {
    pub(crate) issuer: Issuer,
    pub(crate) check: JwtCheck,
    pub(crate) patience: Patience,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) http: Http,
    pub(crate) knowledge: Knowledge,
    pub(crate) keys: KeySet,
    pub(crate) introspection: Introspection,
    pub(crate) alerts: Alerts,
    pub(crate) counting: Counting,
    /// Counts what is checked here and tells the server of it, unless it is switched off.
    pub(crate) reporter: Option<Reporter>,
    /// The issuer before this one, while its tokens are accepted.
    pub(crate) former: Option<Former>,
    /// After so long without an event the connection to the feed is given up.
    pub(crate) silence: Duration,
    pub(crate) place: Mutex<Place>,
    /// Changes whenever the status may have.
    pub(crate) changed: watch::Sender<u64>,
}

/// Where the feed stands, for the status.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) cursor: Option<Cursor>,
    pub(crate) checkpoint_size: Option<u64>,
}

impl Shared {
    pub(crate) fn now(&self) -> Reading {
        self.clock.now()
    }

    pub(crate) fn raise(&self, alert: Alert) {
        self.alerts.raise(alert, &self.now());
        self.tell();
    }

    /// Wakes whoever waits for the status to change.
    pub(crate) fn tell(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) async fn fetch_keys(&self) -> Fetched {
        self.heed(self.keys.fetch(&self.http, &self.knowledge, &*self.clock).await)
    }

    pub(crate) async fn fetch_unknown_key(&self) -> Fetched {
        self.heed(self.keys.fetch_for_unknown(&self.http, &self.knowledge, &*self.clock).await)
    }

    pub(crate) async fn fetch_former_keys(&self) -> Fetched {
        let Some(former) = &self.former else { return Fetched::Same };
        let fetched = former.fetch_keys(&*self.clock).await;
        if fetched == Fetched::Failed {
            self.raise(Alert::FormerKeySetUnreachable);
        }
        fetched
    }

    fn heed(&self, fetched: Fetched) -> Fetched {
        match fetched {
            Fetched::Failed => self.raise(Alert::KeySetUnreachable),
            Fetched::Changed => self.tell(),
            Fetched::Same => {}
        }
        fetched
    }

    pub(crate) fn status(&self) -> Status {
        let hearing = self.knowledge.hearing(&self.now());
        let within = |limit: Duration| hearing.silent_for.is_some_and(|silence| silence <= limit);
        let feed = match () {
            () if within(Patience::LIVE) => FeedStatus::Live,
            () if within(self.patience.staleness_max) => FeedStatus::Silent,
            () => FeedStatus::Stale,
        };
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = self.counting.read(self.alerts.count(), self.reporter.as_ref().map_or((0, 0), Reporter::counters));
        Status {
            feed,
            trust: hearing.trust,
            silent_for: hearing.silent_for,
            cursor: place.cursor.clone(),
            checkpoint_size: place.checkpoint_size,
            negatives: self.knowledge.negatives().tokens(),
            keys: self.keys.load().key_ids().map(str::to_owned).collect(),
            connections: self.counting.connections.load(std::sync::atomic::Ordering::Relaxed),
            counters,
            alerts: self.alerts.kinds(),
        }
    }
}
