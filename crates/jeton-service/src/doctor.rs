//! What there is to see of a deployment, for its examination.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::api::{Api, userinfo};
use jeton_core::api_key::state::State;
use jeton_core::deployment::{self, Deployment};
use jeton_core::doctor::{ApiUse, Met, MetCredential, Observed, Surroundings, UsesKnown};
use jeton_core::id::{ApiId, ApiKeyId};
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::{Outcome, Subject};

use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::keys::read::damaged;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::usage::series::SeriesRequest;
use crate::usage::shared::SharedKey;

/// For how long what was counted is looked at, in seconds.
const WEEK_SECONDS: i64 = 7 * 86_400;

/// Whatever nobody used for so long is unused, in seconds.
pub(crate) const UNUSED_SECONDS: i64 = 30 * 86_400;

/// A revocation that a verifier hears of later than this, in microseconds, is late: a bound of the feed's lags.
const LATE_MICROS: u64 = 16_384_000;

/// How many of each kind are looked up by name: more than an evidence spells out.
const CALLED: usize = 10;

/// How many of each kind are looked up at most, where many were revoked since.
const LOOKED_UP: usize = 100;

impl Service {
    /// Looks at everything in memory, and at what was counted of each API; what lies around the process comes from its edge. Reads a few
    /// rows for each API: for a thread that may block.
    #[must_use]
    pub fn observe(&self, surroundings: Surroundings) -> Observed {
        let (now, lags) = (self.moments.time(), self.feed.lag_micros());
        // Where userinfo is asked nobody else checks tokens.
        let apis: Vec<_> = self.apis().iter().map(|api| api.record.clone()).filter(|api| !userinfo::is(&api.id)).collect();
        let mut clients: Vec<_> = self.registry.clients.all();
        clients.sort_by(|one, other| one.client.record.name.cmp(&other.client.record.name));
        let in_time = lags.bounds().take_while(|bound| *bound <= LATE_MICROS).count();
        Observed {
            now_seconds: now.seconds(),
            watched_seconds: now.seconds().saturating_sub(self.started_at.seconds()),
            used: self.uses_of(&apis, now.seconds()).ok(),
            followed_at: apis.iter().filter_map(|api| Some((api.id.clone(), self.feed.followed_at(&api.audience)?))).collect(),
            has_people: !self.registry.people.all.after(None, 1).is_empty(),
            apis,
            clients: clients
                .iter()
                .map(|entry| (entry.client.record.clone(), entry.secrets.iter().map(|secret| secret.record.clone()).collect()))
                .collect(),
            by_password_alone: self.administrators_by_password_alone().ok(),
            policies: (**self.registry.policies()).clone(),
            signing_keys: self.registry.keys().records().map(|key| key.record.clone()).collect(),
            is_clock_believed: Some(self.posture.may_destroy(now)),
            is_disk_full: Some(self.store.statistics().is_full),
            told: lags.count(),
            told_late: lags.counts.iter().skip(in_time).sum(),
            checkpoint_left_at: self.checkpoints.left_at(),
            unused_clients: self.unused_clients_of(&clients, now.seconds()).ok().flatten(),
            shared_keys: self.shared_keys_met().ok(),
            uses_known: self.uses_known().unwrap_or_default(),
            met: self.met_and_called(),
            suspended: self.suspended_met(),
            has_gap: self.registry.gap().is_some(),
            canary: self.canary_seen(),
            surroundings,
        }
    }

    fn uses_known(&self) -> Result<UsesKnown, Failure> {
        if self.recorder.is_off() {
            return Ok(UsesKnown::Never);
        }
        let Some(at) = self.usage_kept_since() else { return Ok(UsesKnown::NotKnown) };
        let deployment = self.store.view()?.get(&deployment::TABLE, &vec![deployment::KEY])?;
        let deployment = deployment.map(|row| Deployment::from_row(&row.record)).transpose().map_err(damaged)?;
        Ok(deployment.map_or(UsesKnown::NotKnown, |deployment| UsesKnown::Since { at, begun_at: deployment.created_at }))
    }

    /// Of those that were there then already the clients that nobody used for 30 days, nor any of their secrets: some only follow the feed.
    fn unused_clients_of(&self, clients: &[Arc<ClientEntry>], now_seconds: i64) -> Result<Option<Vec<Arc<str>>>, Failure> {
        let since = now_seconds.saturating_sub(UNUSED_SECONDS);
        let older: Vec<_> = clients.iter().filter(|entry| entry.client.record.created_at <= since).collect();
        if older.is_empty() {
            return Ok(Some(vec![]));
        }
        if self.usage_kept_since().is_none_or(|kept| since < kept) {
            return Ok(None);
        }
        let (uses, mut unused) = (self.subject_uses()?, vec![]);
        for entry in older {
            let client = &entry.client.record;
            let secrets = entry.secrets.iter().map(|secret| Subject::Secret(secret.record.id.clone()));
            let subjects: Vec<_> = [Subject::Client(client.id.clone())].into_iter().chain(secrets).collect();
            let last: Result<Vec<_>, _> = subjects.iter().map(|subject| uses.last_used(subject)).collect();
            if last?.into_iter().flatten().all(|at| at < since) {
                unused.push(client.name.clone());
            }
        }
        Ok(Some(unused))
    }

    fn shared_keys_met(&self) -> Result<Vec<MetCredential>, Failure> {
        let told = self.shared_keys(&self.moments.now())?;
        let met = |key: SharedKey| MetCredential {
            id: Arc::from(key.shared.key.to_string()),
            client: None,
            called: Some(self.key_called(&key.entry)),
            at: key.shared.last,
        };
        Ok(told.keys.into_iter().map(met).collect())
    }

    /// What the last pass met; the first of each kind, which are spelled out, with what people call them now. A key that was revoked since is none
    /// of them any more: nothing is left to do about it.
    fn met_and_called(&self) -> Option<Met> {
        let mut met = self.met.load().as_deref().cloned()?;
        let Ok(view) = self.store.view() else { return Some(met) };
        let lists = [&mut met.soon_and_used, &mut met.undecided, &mut met.unrestricted, &mut met.unexercised];
        for list in lists {
            let (mut called, mut looked_up) = (0, 0);
            list.retain_mut(|credential| {
                if credential.client.is_some() || called == CALLED || looked_up == LOOKED_UP {
                    return true;
                }
                looked_up += 1;
                let Some(Ok(Some(entry))) = ApiKeyId::parse(&credential.id).map(|id| self.key_in(&*view, id)) else { return true };
                if matches!(entry.key.record.state, State::Revoked(_)) {
                    return false;
                }
                called += 1;
                credential.called = Some(self.key_called(&entry));
                true
            });
        }
        Some(met)
    }

    /// What people call a key, and whose it is.
    fn key_called(&self, entry: &KeyEntry) -> Arc<str> {
        let key = &entry.key.record;
        let owner = key.owner.to_string();
        let kind = owner.split(':').next().unwrap_or_default();
        let owner = self.called_owner(&key.owner).map_or_else(|| owner.clone(), |name| format!("{kind}:{name}"));
        format!("{} of {owner}", key.name).into()
    }

    fn uses_of(&self, apis: &[Api], now_seconds: i64) -> Result<BTreeMap<ApiId, ApiUse>, Failure> {
        let (today, until) = (Resolution::Day.start_of(now_seconds), now_seconds.saturating_add(1));
        let mut uses = BTreeMap::new();
        for api in apis {
            let (subject, resolution) = (Subject::Api(api.id.clone()), Resolution::Day);
            let request = SeriesRequest { subject, resolution, from: now_seconds.saturating_sub(WEEK_SECONDS), until };
            let mut used = ApiUse::default();
            for bucket in self.usage_series(&request)? {
                used.was_issued |= bucket.cell.outcome == Outcome::Issued && bucket.start < today;
                used.was_checked |= bucket.cell.outcome.is_check();
            }
            uses.insert(api.id.clone(), used);
        }
        Ok(uses)
    }
}
