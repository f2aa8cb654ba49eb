//! Drills of a server that runs: by their schedule, or because somebody asks for one; and the receipts of those that were made elsewhere.

use std::path::Path;
use std::sync::Arc;

use jeton_backup::drill::compare::root_at;
use jeton_backup::drill::due::Drills;
use jeton_backup::drill::receipt::{Receipt, hash_of};
use jeton_backup::failure::Failure;
use jeton_backup::names::{self, RECEIPTS};
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_http::api::{Progress, Unreceived};
use jeton_store::ledger::merkle::hexadecimal;
use tokio::time::timeout;

use super::Backups;
use super::drill::{Drill, Drilled};
use super::drill_standing::FOLDER;
use super::schedule::nobody;
use super::shipping::cut;
use super::workplace::Workplace;
use crate::patience;

/// How many receipts are looked at for the last ones.
const RECEIPTS_MAX: usize = 400;
/// A receipt is a page of text.
const RECEIPT_BYTES_MAX: usize = 16 * 1024;
/// How long a receipt is kept, in seconds.
const RECEIPT_KEPT_SECONDS: i64 = 400 * 86_400;
/// How much later than now a receipt may be of, in seconds: another machine has another clock.
const AHEAD_SECONDS: i64 = 300;

impl Backups {
    /// Makes a drill where one is due.
    pub(super) async fn follow_drills(self: &Arc<Self>) {
        let is_reachable = self.is_reachable();
        if !is_reachable && !self.lock().drilled.is_read {
            return;
        }
        let read = self.read_receipts().await;
        if let Err(failure) = &read {
            tracing::warn!(%failure, "the receipts of drills cannot be read");
        }
        let (now, drills) = (self.service.moments().time(), self.drills());
        if drills.is_overdue(now.seconds()) && self.is_to_tell_overdue() {
            let why = "no drill passed for longer than `backup_drill_every` and a day";
            tracing::error!(why, "a drill is overdue");
            self.tell(Event::BackupDrillFailed { actor: Actor::system(), snapshot: "".into(), why: why.into() }).await;
        }
        // Before there is a snapshot there is nothing to drill with.
        if is_reachable && read.is_ok() && drills.is_due(now.seconds()) && self.lock().newest.is_some() {
            // It says itself how it went.
            let _ = self.make_drill(&Actor::system(), nobody()).await;
        }
    }

    /// Once for each time that one becomes overdue, and not where a failure was told.
    fn is_to_tell_overdue(&self) -> bool {
        let mut standing = self.lock();
        let drilled = &mut standing.drilled;
        drilled.failed.is_none() && !std::mem::replace(&mut drilled.is_overdue_told, true)
    }

    fn drills(&self) -> Drills {
        let drilled = self.lock().drilled.clone();
        Drills {
            every: self.settings.drill_every_seconds,
            passed: drilled.passed.map(|(receipt, _)| receipt.ended_at_seconds()),
            failed: drilled.failed.map(|(at, _)| at.seconds()),
            watched_since: self.began.seconds(),
            begun: self.ledger_begun_seconds(),
        }
    }

    /// When the ledger began.
    pub(super) fn ledger_begun_seconds(&self) -> i64 {
        let first = self.service.store().tail(0, 1).ok().and_then(|entries| Some(entries.first()?.time.seconds()));
        first.unwrap_or_else(|| self.began.seconds())
    }

    /// Makes a drill now.
    ///
    /// # Errors
    /// [`Failure`]; it is logged and told.
    pub(crate) async fn make_drill(self: &Arc<Self>, actor: &Actor, progress: Progress) -> Result<(Receipt, String), Failure> {
        let _turn = self.drilling.lock().await;
        let made = self.drill_here(progress).await;
        match &made {
            Ok((receipt, note)) => {
                {
                    let drilled = &mut self.lock().drilled;
                    (drilled.passed, drilled.failed) = (Some((receipt.clone(), note.clone())), None);
                    drilled.is_overdue_told = false;
                }
                tracing::info!(snapshot = receipt.snapshot, rows = receipt.rows, seconds = receipt.seconds, "a drill passed");
                self.tell_drilled(actor, receipt, note).await;
            }
            Err(failure) if self.leisure.is_ended() => tracing::info!(%failure, "a drill was given up: the server stops"),
            Err(failure) => {
                let (why, now) = (failure.to_string(), self.service.moments().time());
                let is_new = self.lock().drilled.failed.replace((now, why.clone())).is_none();
                tracing::error!(%failure, "the drill failed: it is tried again in an hour");
                if is_new {
                    let snapshot = self.lock().newest.as_ref().map(|(snapshot, ..)| snapshot.as_str().into()).unwrap_or_else(|| "".into());
                    self.tell(Event::BackupDrillFailed { actor: actor.clone(), snapshot, why: cut(&why).into() }).await;
                }
            }
        }
        made
    }

    async fn drill_here(self: &Arc<Self>, progress: Progress) -> Result<(Receipt, String), Failure> {
        // Not beside a snapshot that is being made; and this ledger needs one of its own.
        let turn = self.making.clone().lock_owned().await;
        if self.is_due().await? {
            self.make_in_turn(Actor::system(), nobody(), turn).await?;
        } else {
            drop(turn);
        }
        let shipped = self.ship_all().await?;
        self.check_room()?;
        let place = self.settings.place.clone().ok_or_else(|| Failure::Refused("there is no `backup_target`".into()))?;
        let (opening, folder) = (self.opening(), self.data.join(FOLDER));
        let (live, began) = (Some((self.service.store().clone(), shipped)), self.service.moments().time());
        // What another server made on the same target is no backup of this one.
        let incarnation = Some(self.service.store().head().incarnation);
        let drilling = self.drill_leisure.spend(async move || {
            let target = place.target().map_err(Failure::Refused)?;
            let place = Arc::new(Workplace::for_drill(folder).map_err(Failure::Refused)?);
            Drill { target: &target, opening: &opening, place, live, incarnation, began, progress }.run().await
        });
        let Drilled { receipt, note, .. } = drilling.await?;
        self.keep_receipt(&receipt, &note).await?;
        Ok((receipt, note))
    }

    /// Waits until the target has all that there is now; how many entries that are.
    pub(super) async fn ship_all(&self) -> Result<u64, Failure> {
        let (size, mut shipped) = (self.service.store().head().size, self.shipped.subscribe());
        self.ring.notify_one();
        let reached = timeout(patience::TARGET, shipped.wait_for(|shipped| *shipped >= size)).await.is_ok_and(|reached| reached.is_ok());
        if reached {
            return Ok(size);
        }
        let why = self.lock().away.as_ref().map_or_else(|| "it is slow".to_owned(), |(_, why)| why.clone());
        Err(Failure::Refused(format!("the target does not take the ledger's tail: {why}")))
    }

    /// A drill must not fill the disk that the server writes to.
    fn check_room(&self) -> Result<(), Failure> {
        let needed = size_of(&self.data).saturating_mul(2).saturating_add(64 * 1024 * 1024);
        let Ok(room) = rustix::fs::statvfs(&self.data) else { return Ok(()) };
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if free >= needed {
            return Ok(());
        }
        let (free, needed) = (free / 1_000_000, needed / 1_000_000);
        Err(Failure::Refused(format!("a drill needs {needed} MB beside the data, and the disk has {free} MB left")))
    }

    async fn keep_receipt(&self, receipt: &Receipt, note: &str) -> Result<(), Failure> {
        let name = names::receipt(receipt.began_at_seconds, &hash_of(note));
        Ok(self.target.put(&name, note.as_bytes().to_vec()).await?)
    }

    async fn tell_drilled(&self, actor: &Actor, receipt: &Receipt, note: &str) {
        self.tell(Event::BackupDrilled {
            actor: actor.clone(),
            digest: hexadecimal(&receipt.digest).into(),
            identity: receipt.identity.to_string().into(),
            receipt: hexadecimal(&hash_of(note)).into(),
            seconds: receipt.seconds,
            sequence: receipt.entries,
            snapshot: receipt.snapshot.as_str().into(),
        })
        .await;
    }

    /// Takes the receipt of a drill that was made elsewhere, with the identity of a recipient.
    ///
    /// # Errors
    /// [`Unreceived`].
    pub(crate) async fn receive_receipt(&self, actor: &Actor, note: &str) -> Result<Receipt, Unreceived> {
        let receipt = self.read_receipt(note).map_err(Unreceived::Refused)?;
        let store = self.service.store().clone();
        let entries = receipt.entries;
        let rooted = tokio::task::spawn_blocking(move || root_at(&*store, entries, &|_| {})).await;
        let root =
            rooted.map_err(|error| Unreceived::Failed(error.to_string()))?.map_err(|failure| Unreceived::Failed(failure.to_string()))?;
        if root != Some(receipt.root) {
            return Err(Unreceived::Refused("the receipt is of entries that this ledger does not begin with".to_owned()));
        }
        let name = names::receipt(receipt.began_at_seconds, &hash_of(note));
        let put = self.target.put_new(&name, note.as_bytes().to_vec()).await;
        let is_new = put.map_err(|problem| Unreceived::Failed(problem.to_string()))?;
        {
            let drilled = &mut self.lock().drilled;
            drilled.proven_at = drilled.proven_at.max(Some(receipt.ended_at_seconds()));
        }
        if is_new {
            self.tell_drilled(actor, &receipt, note).await;
        }
        Ok(receipt)
    }

    /// What can be seen of a receipt alone. An error is a sentence.
    fn read_receipt(&self, note: &str) -> Result<Receipt, String> {
        let key = self.service.note_key().map_err(|failure| failure.to_string())?;
        let receipt = Receipt::open(note, &key).filter(|_| note.len() <= RECEIPT_BYTES_MAX);
        let receipt = receipt.ok_or("this is no receipt of a drill that was signed with this ledger's key")?;
        let now = self.service.moments().time().seconds();
        if receipt.issuer != self.service.issuer().as_str() {
            Err("the receipt is of another issuer".to_owned())
        } else if !self.settings.recipients.contains(&receipt.identity) {
            Err(format!("{} is none of `backup_recipients`: its identity would not open the next backup", receipt.identity))
        } else if receipt.ended_at_seconds() > now.saturating_add(AHEAD_SECONDS) {
            Err("the receipt is of a time that has not come yet: look at the clock of the machine that drilled".to_owned())
        } else {
            Ok(receipt)
        }
    }

    /// Finds the last receipts on the target, once.
    async fn read_receipts(&self) -> Result<(), Failure> {
        if self.lock().drilled.is_read {
            return Ok(());
        }
        let key = self.service.note_key().map_err(|failure| Failure::Refused(failure.to_string()))?;
        let (mut passed, mut proven_at) = (None, None);
        for object in self.target.list(RECEIPTS).await?.iter().rev().take(RECEIPTS_MAX) {
            let note = self.target.get(&object.name).await?;
            let note = String::from_utf8(note.to_vec()).unwrap_or_default();
            let Some(receipt) = Receipt::open(&note, &key) else { continue };
            if receipt.identity == self.opening.identity.recipient() {
                passed = passed.or(Some((receipt, note)));
            } else if self.settings.recipients.contains(&receipt.identity) {
                proven_at = proven_at.max(Some(receipt.ended_at_seconds()));
            }
            if passed.is_some() && proven_at.is_some() {
                break;
            }
        }
        let mut standing = self.lock();
        let drilled = &mut standing.drilled;
        (drilled.passed, drilled.is_read) = (drilled.passed.take().or(passed), true);
        drilled.proven_at = drilled.proven_at.max(proven_at);
        Ok(())
    }

    /// Takes away receipts that are too old to say anything.
    pub(super) async fn prune_receipts(&self, now: Time) -> Result<(), Failure> {
        let oldest = names::receipt(now.seconds().saturating_sub(RECEIPT_KEPT_SECONDS), &[0; 32]);
        for object in self.target.list(RECEIPTS).await? {
            if object.name < oldest {
                self.target.delete(&object.name).await?;
            }
        }
        Ok(())
    }
}

/// How many bytes the files of a folder have.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
}
