//! What people said of clients: listed, and taken back with all that came of it.

use std::sync::Arc;

use jeton_core::consent::withdraw::{Withdrawing, withdraw};
use jeton_core::consent::{self, Consent};
use jeton_core::id::{ClientId, GrantId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::record::{Value, Versioned};
use jeton_core::why::Speaker;
use jeton_store::store::{Fault, FaultKind};
use jeton_verify::negatives::Subject;

use crate::beside::beside;
use crate::failure::Failure;
use crate::grants::live_codes::live_codes;
use crate::grants::read::OF_PAIR_MAX;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// How many consents of one person are looked at.
const OF_PERSON_MAX: usize = 4_096;

/// What a withdrawal ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withdrawn {
    /// How many consents, one for each API and one of who they are.
    pub consents: usize,
    /// How many grants.
    pub grants: usize,
}

impl Service {
    /// What a person said of a client.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn consents_of(&self, person: &PersonId, client: &ClientId) -> Result<Vec<Versioned<Consent>>, Failure> {
        self.consents_from(consent::prefix(person, client), OF_PAIR_MAX).await
    }

    /// What a person said of any client.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn all_consents_of(&self, person: &PersonId) -> Result<Vec<Versioned<Consent>>, Failure> {
        self.consents_from(vec![Value::Text(person.0.clone())], OF_PERSON_MAX).await
    }

    async fn consents_from(&self, prefix: Vec<Value>, most: usize) -> Result<Vec<Versioned<Consent>>, Failure> {
        let store = self.store.clone();
        let rows = beside(move || store.view()?.starting_with(&consent::TABLE, &prefix, most)).await;
        let rows = rows.unwrap_or_else(closed)?;
        let read = |row: &Versioned<_>| Ok(Versioned { version: row.version, record: Consent::from_row(&row.record)? });
        rows.iter().map(read).collect::<Result<_, _>>().map_err(damaged)
    }

    /// Takes back what a person said of a client, and ends what came of it: codes, and grants with their tokens. The client may send them
    /// again, and they are asked again.
    ///
    /// # Errors
    /// [`Failure`]; not all of it is known to have ended then.
    pub async fn withdraw<'a>(
        &self,
        (person, client): (&PersonId, &ClientId),
        by: impl Into<Speaker<'a>>,
        moment: &Moment,
    ) -> Result<Withdrawn, Failure> {
        let (by, mut moments) = (by.into(), moment.clone());
        // First: afterwards no code comes without a question. Twice: one may have come of what had been said while the others were read.
        let mut consents = self.withdraw_consents((person, client), by, &moments.split()).await?;
        consents += self.withdraw_consents((person, client), by, &moments.split()).await?;
        let mut grants = 0;
        loop {
            let of_pair = self.grants_of(person, Some(client), OF_PAIR_MAX).await?;
            if of_pair.is_empty() {
                return Ok(Withdrawn { consents, grants });
            }
            for line in of_pair {
                grants += usize::from(self.end_grant(line.grant, by, &moments.split()).await?);
            }
        }
    }

    async fn withdraw_consents(
        &self,
        (person, client): (&PersonId, &ClientId),
        by: Speaker<'_>,
        moment: &Moment,
    ) -> Result<usize, Failure> {
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let consents = self.consents_of(person, client).await?;
            let codes = self.codes_of(person, client, moment).await?;
            let withdrawn = self.attempt(moment, &nobody, |reading, moment| {
                consents.iter().for_each(|consent| reading.rely_on_consent(consent));
                let records: Vec<Consent> = consents.iter().map(|consent| consent.record.clone()).collect();
                let latest_seconds = codes.iter().map(|code| self.latest_over_grant(*code)).fold(i64::MIN, i64::max);
                let withdrawing = Withdrawing { person, client, consents: &records, codes: &codes, latest_seconds };
                Ok(withdraw(&withdrawing, by, moment))
            });
            if let Some(count) = withdrawn.await? {
                return Ok(count);
            }
        }
        Err(Failure::Contended)
    }

    /// The codes of a person that a client may exchange yet, or has just exchanged, and that were not cut off.
    async fn codes_of(&self, person: &PersonId, client: &ClientId, moment: &Moment) -> Result<Vec<GrantId>, Failure> {
        let (store, person, client) = (self.store.clone(), person.clone(), client.clone());
        let now = self.ledger_time(moment).seconds();
        let read = move || -> Result<Vec<(GrantId, i64)>, Failure> {
            let mut codes = Vec::new();
            live_codes(&*store.view()?, now, &mut |code| {
                if code.person == person && code.client == client {
                    codes.push((code.id, code.issued_at));
                }
                true
            })?;
            Ok(codes)
        };
        let mut codes = beside(read).await.unwrap_or_else(|| closed().map_err(Failure::from))?;
        let ended_before = |code: &GrantId| self.registry.negatives.before(Subject::Family, &code.to_string());
        codes.retain(|(code, issued_at)| *issued_at >= ended_before(code));
        Ok(codes.into_iter().map(|(code, _)| code).collect())
    }
}

fn closed<R>() -> Result<R, Fault> {
    Err(Fault::new(FaultKind::Closed, "the store is closed"))
}
