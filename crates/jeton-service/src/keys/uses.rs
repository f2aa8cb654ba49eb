//! Using a limited key.

use std::sync::Arc;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::lease::lease;
use jeton_core::api_key::uses::{self, Uses};
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::record::{Value, Versioned};

use super::read::damaged;
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::ATTEMPTS;

impl Service {
    /// Takes one use of a limited key, and says how many are left; `None`: none was.
    ///
    /// # Errors
    /// [`Failure`] when no block can be had: nobody knows then whether the key may be used.
    pub(super) async fn take_use(&self, key: &ApiKey, max_uses: i64, moment: &Moment) -> Result<Option<i64>, Failure> {
        let lease = self.leases.of(key.id);
        if let Some(left) = lease.take(max_uses) {
            return Ok(Some(left));
        }
        if lease.is_used_up(max_uses) {
            return Ok(None);
        }
        let _turn = lease.turn.lock().await;
        if let Some(left) = lease.take(max_uses) {
            return Ok(Some(left));
        }
        let (granted, leased) = self.lease_uses(key.id, moment).await?;
        if granted == 0 {
            lease.note_used_up(max_uses);
            return Ok(None);
        }
        Ok(Some(lease.add(granted, leased, max_uses)))
    }

    /// Hands out the next block of a key: how many uses, and how many in all.
    async fn lease_uses(&self, id: ApiKeyId, moment: &Moment) -> Result<(i64, i64), Failure> {
        for _ in 0..ATTEMPTS {
            let (found, uses) = (self.find_key(id).await?, self.uses(id).await?);
            let granted = self
                .attempt(moment, &Arc::from(""), |reading, moment| {
                    reading.rely_on_key(&found.key);
                    reading.rely_on_uses(id, uses.as_ref());
                    Ok(lease(&found.key.record, uses.as_ref().map(|uses| &uses.record), &Actor::system(), moment))
                })
                .await?;
            if let Some(granted) = granted {
                return Ok((granted, uses.map_or(0, |uses| uses.record.leased) + granted));
            }
        }
        Err(Failure::Contended)
    }

    /// How many uses of a key were handed out.
    pub(super) async fn uses(&self, id: ApiKeyId) -> Result<Option<Versioned<Uses>>, Failure> {
        let Some(row) = self.fetch(&uses::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: Uses::from_row(&row.record).map_err(damaged)? }))
    }
}
