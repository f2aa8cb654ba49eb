//! The target that was told last, where a server goes on with another: it is told so first. What it says of its end would hold for ever
//! else, and a restore of it would bring back what was revoked since.

use std::path::Path;
use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::leaving::leave;
use jeton_backup::mark::{Whose, whose};
use jeton_backup::open::Opening;
use jeton_backup::seal::Sealing;
use jeton_backup::target::{Access, Target};
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_service::Service;
use jeton_store::schema::SCHEMA;

use super::shipping::cut;
use super::told_last::{self, Told, Word};
use crate::backup_settings::BackupPlace;

/// A data folder, and what a target that it leaves is told with.
pub(super) struct Leaving<'a> {
    pub(super) data: &'a Path,
    pub(super) service: &'a Arc<Service>,
    pub(super) sealing: Sealing,
    pub(super) opening: Opening,
    /// How a bucket is reached.
    pub(super) access: &'a Access,
    /// Whether an operator says that nobody will restore from the one that is left, whether it hears so or not.
    pub(super) is_agreed: bool,
}

impl Leaving<'_> {
    /// Tells the target that was told last that `next` takes its place, where it is another and may vouch for its end.
    ///
    /// # Errors
    /// [`Failure`]: it does not hear, and nobody agreed; [`Failure::Parted`] where it has entries that this folder lacks.
    pub(super) async fn to(&self, next: &Told) -> Result<(), Failure> {
        let Some(last) = told_last::read_or_say(self.data).map_err(Failure::Refused)?.pop() else { return Ok(()) };
        let is_same = next.number.as_deref().map_or(last.place == next.place, |number| last.is(number, &next.place));
        if is_same || last.word == Word::Silent {
            return Ok(());
        }
        let heard = match self.tell(&last).await {
            Err(failure @ Failure::Parted(_)) => return Err(failure),
            Ok(()) => {
                tracing::info!(
                    left = last.place,
                    target = next.place,
                    "the backup target of before has heard that another takes its place"
                );
                true
            }
            Err(failure) if self.is_agreed => {
                tracing::warn!(left = last.place, target = next.place, %failure, "the backup target of before does not hear that another takes its place: nobody may restore from it any more");
                false
            }
            Err(failure) => {
                return Err(Failure::Refused(format!(
                    "{} was the backup target until now, may say that nothing came after it, and does not hear that {} takes its place: \
                     {failure}. Nothing that ends is acknowledged until it does. Let it be reached once; if nobody will restore from it any \
                     more, start once with `jeton serve --new-backup-target`",
                    last.place, next.place
                )));
            }
        };
        let event = Event::BackupTargetLeft { actor: Actor::system(), heard, target: cut(&last.place).into() };
        if let Err(error) = self.service.tell_of_backups(event).await {
            tracing::warn!(%error, "the ledger does not tell of the backup target that was left");
        }
        Ok(())
    }

    async fn tell(&self, last: &Told) -> Result<(), Failure> {
        let target = self.target(&last.place).map_err(Failure::Refused)?;
        let issuer = self.service.issuer().as_str();
        match whose(&target, issuer).await? {
            Whose::Ours(number) if last.number.is_none() || number == last.number => {}
            Whose::Ours(_) => return Err(Failure::Refused("another target of this deployment lies there now".into())),
            Whose::Nobodys | Whose::Others(_) => return Err(Failure::Refused("it is not there: is it mounted?".into())),
        }
        leave(self.service.store().clone(), &SCHEMA, &target, self.sealing.clone(), &self.opening).await
    }

    fn target(&self, place: &str) -> Result<Target, String> {
        let place = if place.contains("://") {
            BackupPlace::Bucket(place.to_owned(), self.access.clone())
        } else if Path::new(place).is_dir() {
            BackupPlace::Folder(place.into())
        } else {
            return Err("it is not there: is it mounted?".into());
        };
        place.target()
    }
}
