//! Telling what ends soon.

use std::sync::Arc;

use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::notice::{self, Ending, Expiring, Told, tell};
use jeton_core::policy::exception::PolicyException;
use jeton_core::record::Versioned;
use jeton_core::refusal::Reason;

use super::Pass;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

impl Service {
    /// Tells that something ends, where that is due and was not told.
    pub(super) async fn tell_once(&self, expiring: &Expiring, pass: &mut Pass, moment: &Moment) -> Result<(), Failure> {
        let now_seconds = self.now_on_ledger();
        if expiring.due(None, now_seconds).is_none() {
            return Ok(());
        }
        let row = self.fetch_row(&notice::TABLE, expiring.key()).await?;
        let told =
            row.map(|row| Ok(Versioned { version: row.version, record: Told::from_row(&row.record)? })).transpose().map_err(damaged)?;
        let Some(days) = expiring.due(told.as_ref().map(|told| &told.record), now_seconds) else { return Ok(()) };
        // Where another pass told it meanwhile, this one has nothing left to tell.
        let written = self
            .attempt(moment, &Arc::from(""), |reading, moment| {
                reading.rely_on_notice(expiring.key(), told.as_ref());
                Ok(tell(expiring, days, moment))
            })
            .await?;
        if written.is_some() {
            self.notices.count(expiring.ending, days);
            pass.swept.told += 1;
        }
        Ok(())
    }

    /// Tells of exceptions that end soon, and takes away those that are over; what fails for one is noted, and the others do not wait for it.
    pub(super) async fn sweep_exceptions(&self, pass: &mut Pass, moment: &Moment) {
        let mut moment = moment.clone();
        for exception in self.policy_exceptions() {
            let swept = self.sweep_exception(&exception, pass, &mut moment).await;
            pass.note(swept);
        }
    }

    async fn sweep_exception(&self, exception: &PolicyException, pass: &mut Pass, moment: &mut Moment) -> Result<(), Failure> {
        if exception.ends_at <= self.now_on_ledger() {
            match self.end_policy_exception(exception.id.as_str(), &Actor::system(), &moment.split()).await {
                Ok(()) => pass.swept.removed += 1,
                // Somebody else was faster.
                Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound => {}
                Err(failure) => return Err(failure),
            }
            return Ok(());
        }
        let expiring = Expiring {
            ending: Ending::PolicyException,
            credential: exception.id.0.clone(),
            owner: exception.owner.clone(),
            created_at: exception.created_at,
            expires_at: exception.ends_at,
        };
        self.tell_once(&expiring, pass, &moment.split()).await
    }
}
