//! Keys and personal access tokens.

use std::sync::Arc;

use futures_util::StreamExt as _;
use jeton_core::api_key::imported::{self, ImportedKey};
use jeton_core::api_key::remove::{removable_from, remove};
use jeton_core::api_key::revoke::revoke;
use jeton_core::api_key::standing;
use jeton_core::api_key::state::State;
use jeton_core::api_key::suspend::suspend;
use jeton_core::api_key::{self, ApiKey, ApiKeyKind};
use jeton_core::commit::Commit;
use jeton_core::doctor::MetCredential;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::notice::{DAYS_AHEAD, Ending, Expiring};
use jeton_core::outcome::Outcome;
use jeton_core::policy::idle::Idle;
use jeton_core::record::{Row, Value, Versioned};
use jeton_core::why::Why;
use jeton_store::find::{Direction, Find};

use super::{Pass, UNDECIDED_SECONDS, WEEK_SECONDS};
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::keys::entry::KeyEntry;
use crate::keys::read::damaged;
use crate::service::Service;

/// How many rows are read at once.
const ROWS: usize = 256;

/// The most foreign texts of one key that are looked for: it has one.
const FOREIGN_MAX: usize = 16;

/// How many keys are decided at once, so that their commits share an fsync.
const AT_ONCE: usize = 32;

impl Service {
    /// Goes over every key; what fails for one is noted, and the others do not wait for it.
    pub(super) async fn sweep_keys(&self, pass: &mut Pass, moment: &Moment) -> Result<(), Failure> {
        let (mut moment, mut before) = (moment.clone(), None);
        loop {
            let rows = self.rows_before(before)?;
            let Some(last) = rows.last().and_then(|row| row.record.first()) else { break };
            before = Some(last.clone());
            let keys = intact(&rows, pass);
            let worth: Vec<_> = keys.iter().filter(|key| self.is_worth_a_look(&key.key.record)).map(|key| (key, moment.split())).collect();
            let swept = futures_util::stream::iter(worth).map(|(key, moment)| self.sweep_key(key, moment)).buffer_unordered(AT_ONCE);
            let swept: Vec<_> = swept.collect().await;
            for swept in swept {
                match swept {
                    Ok(swept) => pass.join(swept),
                    Err(failure) => pass.note(Err(failure)),
                }
            }
            if self.is_ending() {
                break;
            }
            let scopes = self.look_at_scopes(&keys, pass, &moment);
            pass.note(scopes);
        }
        Ok(())
    }

    fn rows_before(&self, before: Option<Value>) -> Result<Vec<Versioned<Row>>, Failure> {
        let before = before.map(|id| vec![id]);
        let find = Find { after: before.as_deref(), direction: Direction::Backward, ..Find::first(&api_key::TABLE, ROWS) };
        Ok(self.store.view()?.find(&find)?)
    }

    /// Whether time may have done something to a key: of most it has not, and they cost a row.
    fn is_worth_a_look(&self, key: &ApiKey) -> bool {
        let (now_seconds, policies) = (self.now_on_ledger(), self.registry.policies());
        let rule = key.rule(&policies);
        let soon = DAYS_AHEAD.into_iter().max().unwrap_or(0) * 86_400;
        let ends_at = key.ends_at(&key.current, &policies);
        let is_old = rule.idle_seconds.is_some_and(|idle| now_seconds - key.in_use_since() >= idle);
        let is_suspended = matches!(key.state, State::Suspended(_));
        removable_from(key) <= now_seconds || (now_seconds < ends_at && (is_old || is_suspended || ends_at - now_seconds <= soon))
    }

    /// Judges a key by its row; it is not taken into memory for that.
    async fn sweep_key(&self, entry: &KeyEntry, mut moment: Moment) -> Result<Pass, Failure> {
        let mut pass = Pass::default();
        let (key, now_seconds, policies) = (&entry.key.record, self.now_on_ledger(), self.registry.policies().clone());
        if self.is_ending() {
            return Ok(pass);
        }
        if removable_from(key) <= now_seconds {
            pass.swept.removed += u64::from(self.remove_key(key.id, &moment.split()).await?);
            return Ok(pass);
        }
        let ends_at = key.ends_at(&key.current, &policies);
        if ends_at <= now_seconds {
            return Ok(pass);
        }
        self.know_last_use(entry).await?;
        if standing::idle(key, &policies, self.used(entry), now_seconds) != Idle::No {
            match self.end_idle(key.id, &moment.split()).await? {
                Idle::No => {}
                Idle::Suspended => pass.swept.suspended += 1,
                Idle::Revoked => pass.swept.revoked += 1,
            }
            return Ok(pass);
        }
        if let State::Suspended(ended) = &key.state
            && now_seconds - ended.at > UNDECIDED_SECONDS
        {
            pass.met.note_undecided(met(key, ended.at));
        }
        if key.state != State::Active {
            return Ok(pass);
        }
        let is_made_for_longer = ends_at - key.current.created_at > WEEK_SECONDS;
        if is_made_for_longer && ends_at - now_seconds <= WEEK_SECONDS {
            let last_used_at = self.key_last_used(entry).await?;
            if last_used_at.is_some_and(|at| now_seconds - at <= WEEK_SECONDS) {
                pass.met.note_soon_and_used(met(key, ends_at));
            }
        }
        self.tell_once(&expiring(key, ends_at), &mut pass, &moment.split()).await?;
        Ok(pass)
    }

    /// Suspends or revokes a key because nobody uses it, if that is still so.
    async fn end_idle(&self, id: ApiKeyId, moment: &Moment) -> Result<Idle, Failure> {
        let Some(entry) = self.key(id).await? else { return Ok(Idle::No) };
        let used = self.used(&entry);
        let decided = self.change_key(id, moment, |_, key, moment| {
            let (actor, policies) = (Actor::system(), self.registry.policies());
            Ok(match standing::idle(&key.record, &policies, used, moment.now.seconds()) {
                Idle::No => Outcome::grant(Idle::No, Commit::new(moment)),
                Idle::Suspended => suspend(key, &policies, used, (Why::Idle, &actor), moment).map(|()| Idle::Suspended),
                Idle::Revoked => revoke(key, Why::Idle, &actor, moment).map(|()| Idle::Revoked),
            })
        });
        decided.await
    }

    /// Forgets a key that ended long ago; whether it was there.
    async fn remove_key(&self, id: ApiKeyId, moment: &Moment) -> Result<bool, Failure> {
        if self.key(id).await?.is_none() {
            return Ok(false);
        }
        let rows = self.store.view()?.range(&imported::TABLE, BY_KEY, &vec![Value::Id(id.0)], None, FOREIGN_MAX)?;
        let foreign: Result<Vec<ImportedKey>, _> = rows.iter().map(|row| ImportedKey::from_row(&row.record)).collect();
        let foreign = foreign.map_err(damaged)?;
        self.change_key(id, moment, |_, key, moment| Ok(remove(&key.record, &foreign, &Actor::system(), moment))).await?;
        Ok(true)
    }
}

/// The keys of those rows that are whole.
fn intact(rows: &[Versioned<Row>], pass: &mut Pass) -> Vec<Arc<KeyEntry>> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        match entry(row) {
            Ok(key) => keys.push(key),
            Err(malformed) => pass.note(Err(damaged(malformed))),
        }
    }
    keys
}

/// Which of its table's indexes this is.
const BY_KEY: usize = 0;

pub(super) fn met(key: &ApiKey, at: i64) -> MetCredential {
    MetCredential { id: Arc::from(key.id.to_string()), client: None, called: None, at }
}

fn expiring(key: &ApiKey, expires_at: i64) -> Expiring {
    let ending = match key.kind {
        ApiKeyKind::Key => Ending::ApiKey,
        ApiKeyKind::Personal => Ending::PersonalAccessToken,
    };
    let (credential, owner) = (Arc::from(key.id.to_string()), Arc::from(key.owner.to_string()));
    Expiring { ending, credential, owner, created_at: key.current.created_at, expires_at }
}
