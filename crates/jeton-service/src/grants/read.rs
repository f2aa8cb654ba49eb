//! Grants by their id, and of whom they are: looked up, since most are asked for once an hour.

use jeton_core::grant;
use jeton_core::grant::Grant;
use jeton_core::grant::of_person::{self, GrantOfPerson, prefix};
use jeton_core::id::{ClientId, GrantId, PersonId};
use jeton_core::record::{Value, Versioned};
use jeton_store::store::{Fault, FaultKind};

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

/// How many grants of one person to one client are looked at.
pub(crate) const OF_PAIR_MAX: usize = 256;

impl Service {
    /// A grant; `None`: there is none of this id.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn grant(&self, id: GrantId) -> Result<Option<Versioned<Grant>>, Failure> {
        let Some(row) = self.fetch(&grant::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: Grant::from_row(&row.record).map_err(damaged)? }))
    }

    /// The grants of a person, or those to one client, at most `limit`.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn grants_of(&self, person: &PersonId, client: Option<&ClientId>, limit: usize) -> Result<Vec<GrantOfPerson>, Failure> {
        let (store, prefix) = (self.store.clone(), prefix(person, client));
        let rows = beside(move || store.view()?.starting_with(&of_person::TABLE, &prefix, limit)).await;
        let rows = rows.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        rows.iter().map(|row| GrantOfPerson::from_row(&row.record)).collect::<Result<_, _>>().map_err(damaged)
    }

    /// These grants, as far as they are there.
    pub(crate) async fn grants_named(&self, ids: &[GrantId]) -> Result<Vec<Versioned<Grant>>, Failure> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.grant(*id).await?);
        }
        Ok(found)
    }
}
