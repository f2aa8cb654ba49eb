//! What there is to see of a deployment, for its examination.

use jeton_core::doctor::{Observed, Surroundings};

use crate::service::Service;

/// A revocation that a verifier hears of later than this, in microseconds, is late: a bound of the feed's lags.
const LATE_MICROS: u64 = 16_384_000;

impl Service {
    /// Looks at everything in memory; what lies around the process comes from its edge.
    #[must_use]
    pub fn observe(&self, surroundings: Surroundings) -> Observed {
        let (now, lags) = (self.moments.time(), self.feed.lag_micros());
        let apis: Vec<_> = self.apis().iter().map(|api| api.record.clone()).collect();
        let mut clients: Vec<_> = self.registry.clients.all();
        clients.sort_by(|one, other| one.client.record.name.cmp(&other.client.record.name));
        let in_time = lags.bounds().take_while(|bound| *bound <= LATE_MICROS).count();
        Observed {
            now_seconds: now.seconds(),
            watched_seconds: now.seconds().saturating_sub(self.started_at.seconds()),
            followed_at: apis.iter().filter_map(|api| Some((api.id.clone(), self.feed.followed_at(&api.audience)?))).collect(),
            apis,
            clients: clients
                .iter()
                .map(|entry| (entry.client.record.clone(), entry.secrets.iter().map(|secret| secret.record.clone()).collect()))
                .collect(),
            policies: (**self.registry.policies()).clone(),
            signing_keys: self.registry.keys().records().map(|key| key.record.clone()).collect(),
            is_clock_believed: Some(self.posture.may_destroy(now)),
            is_disk_full: Some(self.store.statistics().is_full),
            told: lags.count(),
            told_late: lags.counts.iter().skip(in_time).sum(),
            checkpoint_left_at: self.checkpoints.left_at(),
            met: self.met.load().as_deref().cloned(),
            surroundings,
        }
    }
}
