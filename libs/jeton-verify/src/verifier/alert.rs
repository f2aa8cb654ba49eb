//! What an operator should hear of.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Reading;

/// The same alert is written to the log at most this often.
const REPEAT_AFTER: Duration = Duration::from_secs(10);

/// What an operator should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alert {
    /// JWTs pass unasked although no revocation could reach this verifier.
    AcceptedStale,
    /// Tokens are refused because nobody could be asked about them.
    RefusedUnasked,
    /// The server tells of something that this version does not know: update the library. Until then the server is asked about each token.
    UnknownChange,
    /// The ledger shrank or shows two histories: every token is refused until the server begins a new incarnation or this process ends.
    LedgerForked,
    /// The feed is not what the issuer signed, or not in order.
    FeedInvalid,
    /// The feed is held up on its way, or the clocks of server and verifier differ: its heartbeats do not count.
    FeedLate,
    /// The server refuses this verifier's credentials, or that it follows the feed or introspects.
    CredentialsRefused,
    /// The key set cannot be fetched; the known keys stay in use.
    KeySetUnreachable,
    /// The key set of the issuer before this one cannot be fetched; its known keys stay in use.
    FormerKeySetUnreachable,
    /// The server does not take what this verifier reports of its checks: what was in that report is not counted.
    ReportRefused,
}

/// Counts alerts and writes them to the log.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    raised: AtomicU64,
    last: Mutex<Vec<(Alert, Reading)>>,
}

impl Alerts {
    pub(crate) fn raise(&self, alert: Alert, now: &Reading) {
        self.raised.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.iter().position(|(known, _)| *known == alert).map(|place| last.remove(place));
        let repeated = before.is_some_and(|(_, at)| now.since(&at) < REPEAT_AFTER);
        last.push((alert, before.filter(|_| repeated).map_or(*now, |(_, at)| at)));
        drop(last);
        if !repeated {
            tracing::warn!(alert = ?alert, "{alert}");
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.raised.load(Ordering::Relaxed)
    }

    /// The kinds that were raised, the latest last.
    pub(crate) fn kinds(&self) -> Vec<Alert> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(alert, _)| *alert).collect()
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AcceptedStale => {
                "tokens are accepted although revocations cannot reach this verifier: see whether the server can be reached"
            }
            Self::RefusedUnasked => "tokens are refused because the server cannot be asked about them: see whether it can be reached",
            Self::UnknownChange => "the feed tells of something that this version of jeton-verify does not know: update it",
            Self::LedgerForked => "the server's ledger shrank or shows two histories: every token is refused; look into the server",
            Self::FeedInvalid => "the revocation feed is not what the issuer signed, or not in order",
            Self::FeedLate => "the revocation feed is held up on its way, or the clocks of server and verifier differ",
            Self::CredentialsRefused => "the server refuses this verifier: see its client id, its secret and what that client may do",
            Self::KeySetUnreachable => "the key set cannot be fetched: the known keys stay in use",
            Self::FormerKeySetUnreachable => "the former issuer's key set cannot be fetched: its known keys stay in use",
            Self::ReportRefused => {
                "the server does not take a report of usage: see whether the clocks differ, and whether this client is registered for the API"
            }
        })
    }
}
