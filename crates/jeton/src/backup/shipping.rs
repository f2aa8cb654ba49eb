//! The tail, each second, and at once when somebody waits for it or much is to be shipped.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jeton_backup::failure::Failure;
use jeton_backup::tail::{Mode, Shipper};
use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_service::durability::{Durability, Keeps};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, FaultKind};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use super::Backups;
use crate::patience;
use crate::supervised::{Hears, supervised};

/// How often the tail is shipped.
const EACH: Duration = Duration::from_secs(1);
/// How often it is looked whether a snapshot or a drill is due.
const EACH_LOOK: Duration = Duration::from_secs(60);

impl Backups {
    /// Says on the target that more will be committed, before anything is: what is there of the end holds no longer then. Until it has heard,
    /// nothing that takes authority away is acknowledged.
    ///
    /// # Errors
    /// In words for people: the target has more of this ledger than the data folder. Nothing may be served of it then.
    pub(crate) async fn begin(self: &Arc<Self>) -> Result<(), String> {
        let weak: Weak<Backups> = Arc::downgrade(self);
        self.service.narrow_durably(weak, self.settings.is_sync);
        let begun = timeout(patience::START, self.new_shipper()).await.unwrap_or_else(|_| Err(late()));
        match begun {
            Ok(shipper) => *self.shipper.lock().await = Some(shipper),
            Err(Failure::Parted(words)) => return Err(words),
            Err(failure) => {
                tracing::warn!(%failure, "the backup target does not hear that this server starts: what takes authority away holds here, and is answered with 503 until it has heard");
            }
        }
        Ok(())
    }

    /// Whether each segment says that what was acknowledged to end was there first: of a target that may be taken away that is not for ever so.
    fn is_waited_for(&self) -> bool {
        self.settings.is_sync && !self.settings.rotates
    }

    async fn new_shipper(&self) -> Result<Shipper, Failure> {
        self.look_whose().await?;
        self.own_tail().await?;
        // Where none is found, all of the tail is looked at.
        let newest = self.newest_end().await.unwrap_or_default();
        let (store, target, opening) = (self.service.store().clone(), self.target.clone(), self.opening());
        let (keys, unshipped) = ((self.sealing(), Some(&opening)), self.unshipped.clone());
        let shipper = Shipper::begin_after(newest, store, &SCHEMA, target, keys, unshipped, self.is_waited_for()).await?;
        for segment in shipper.unopened() {
            let object = segment.name();
            tracing::error!(
                target = self.shown(),
                object,
                "an object on the backup target is called like a segment of the ledger's tail and does not open: what it covers is shipped again. \
                 A restore passes over it where others go further, and stops at it else: see where it comes from, and remove it"
            );
        }
        self.is_silent_from_now().await?;
        self.knows_of_start.send_replace(true);
        self.note_holes(&shipper);
        Ok(shipper)
    }

    /// Takes the tail over where this process did not yet, or looks whether it is still its own.
    pub(super) async fn own_tail(&self) -> Result<(), Failure> {
        self.owner.begin(self.service.store().clone(), &self.target, &self.opening()).await
    }

    /// Where the tail has a hole that no snapshot is past, one is made at once.
    fn note_holes(&self, shipper: &Shipper) {
        let from = shipper.unbroken_from();
        if std::mem::replace(&mut self.lock().unbroken_from, from) < from {
            self.look_again();
        }
    }

    /// The tail each second, and each minute a look who else ships there, and whether a snapshot, a drill or joining is due: none of them waits
    /// for another. `hears` is told where one of them ends.
    pub(crate) fn begin_jobs(self: &Arc<Self>, hears: &Hears) -> Vec<JoinHandle<()>> {
        let [shipping, schedule, drills, joining] = [self.clone(), self.clone(), self.clone(), self.clone()];
        vec![
            supervised("shipping the ledger's tail", hears.clone(), async move { shipping.ship().await }),
            supervised("making snapshots", hears.clone(), async move {
                let mut looks = Looks::of(&schedule);
                loop {
                    looks.next().await;
                    schedule.follow_others().await;
                    schedule.follow_schedule().await;
                }
            }),
            supervised("making drills", hears.clone(), async move {
                let mut looks = Looks::of(&drills);
                loop {
                    looks.next().await;
                    drills.follow_drills().await;
                }
            }),
            supervised("joining the ledger's tail", hears.clone(), async move {
                let mut looks = Looks::of(&joining);
                loop {
                    looks.next().await;
                    joining.follow_joining().await;
                }
            }),
        ]
    }

    /// Something may be due before the minute is over.
    pub(super) fn look_again(&self) {
        self.look.send_modify(|looks| *looks += 1);
    }

    /// Ships from now on; the last segment when the server stops is not among it.
    async fn ship(&self) {
        loop {
            let shipped = self.ship_once(false).await;
            self.note(shipped).await;
            // Whoever rings while it ships is served in the next turn.
            tokio::select! {
                () = sleep(EACH) => {}
                () = self.ring.notified() => {}
                () = self.unshipped.fills_a_segment() => {}
            }
        }
    }

    /// Gives up snapshots and drills: whoever waits for one hears so.
    pub(crate) fn begin_to_end(&self) {
        self.leisure.end();
    }

    /// Ships what is left once nothing is committed any more, and says so on the target: a tail that ends so is complete.
    pub(crate) async fn ship_last(&self) {
        // Whoever still reads keeps the store from ending in order, and what was given up is told before the last word.
        let given_up = async {
            for leisure in [&self.leisure, &self.drill_leisure, &self.join_leisure] {
                leisure.is_over().await;
            }
            drop(self.drilling.lock().await);
            drop(self.making.lock().await);
            self.give_up_unfinished().await;
        };
        let is_over = timeout(patience::LEISURE, given_up).await.is_ok();
        if !is_over {
            tracing::warn!("a snapshot or a drill that was given up is not over: its word may come after the last one on the target");
        }
        if let Err(failure) = timeout(patience::TARGET, self.ship_once(is_over)).await.unwrap_or_else(|_| Err(late())) {
            tracing::warn!(%failure, "the backup target lacks the end of the ledger: a restore from it alone could not prove to be complete");
        }
    }

    async fn ship_once(&self, is_final: bool) -> Result<Sequence, Failure> {
        let mut shipper = self.shipper.lock().await;
        let mut ready = match shipper.take() {
            Some(ready) => {
                self.look_whose_folder().await?;
                ready
            }
            None => self.new_shipper().await?,
        };
        let head = self.service.store().head();
        if is_final {
            self.owner.check(&self.target, head.incarnation).await?;
        } else if ready.shipped() < head.size {
            self.owner.check_in(self.service.moments().time().seconds(), &self.target, head.incarnation).await?;
        }
        let shipped = ready.ship(Mode { sync: self.is_waited_for(), is_final: is_final && !self.settings.rotates }).await;
        self.note_holes(&ready);
        // After a failure it is looked up again what is there: an answer may have been lost.
        if shipped.is_ok() {
            *shipper = Some(ready);
        }
        shipped
    }

    /// Takes down how it went; what changed is told once.
    async fn note(&self, shipped: Result<Sequence, Failure>) {
        let event = match shipped {
            Ok(sequence) => self.is_there(sequence),
            // It is known now that what is served was revoked.
            Err(Failure::Parted(words)) => return self.footing.lose(&Fault::new(FaultKind::Damaged, words)),
            Err(failure) => {
                self.failures.note_tail();
                self.is_away(&failure.to_string())
            }
        };
        match &event {
            Some(Event::BackupTargetLost { why, .. }) => {
                tracing::error!(target = self.shown(), %why, "the backup target is away: the ledger's tail waits");
            }
            Some(_) => tracing::info!(target = self.shown(), "the backup target takes the ledger's tail again"),
            None => {}
        }
        if let Some(event) = event {
            self.tell(event).await;
        }
    }

    fn is_there(&self, sequence: Sequence) -> Option<Event> {
        self.shipped.send_replace(sequence);
        let was_reachable = self.is_reachable();
        let mut standing = self.lock();
        standing.shipped_at = Some(self.service.moments().time());
        if !was_reachable {
            // What waited for it may be due, and what was there may be so no more.
            standing.newest_opened = None;
            self.look_again();
        }
        standing.away.take().map(|_| Event::BackupTargetFound { actor: Actor::system(), sequence })
    }

    fn is_away(&self, why: &str) -> Option<Event> {
        let mut standing = self.lock();
        let is_new = standing.away.is_none();
        let since = standing.away.take().map_or_else(|| self.service.moments().time(), |(since, _)| since);
        standing.away = Some((since, why.to_owned()));
        let sequence = *self.shipped.borrow();
        is_new.then(|| Event::BackupTargetLost { actor: Actor::system(), sequence, why: cut(why).into() })
    }

    /// Writes down in the ledger what became of backups; the log has it all the same.
    pub(super) async fn tell(&self, event: Event) {
        if let Err(error) = self.service.tell_of_backups(event).await {
            tracing::warn!(%error, "the ledger does not tell of it");
        }
    }
}

/// What a ledger's entry says of a failure.
pub(super) fn cut(why: &str) -> String {
    why.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}

fn late() -> Failure {
    Failure::Refused("the backup target did not answer in time".into())
}

/// When it is looked: each minute, and where somebody rings.
struct Looks {
    ticks: Interval,
    rung: watch::Receiver<u64>,
}

impl Looks {
    fn of(backups: &Backups) -> Looks {
        let mut ticks = interval(EACH_LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Looks { ticks, rung: backups.look.subscribe() }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.ticks.tick() => {}
            // Whoever rings lives as long as this does.
            _ = self.rung.changed() => {}
        }
    }
}

impl Durability for Backups {
    fn reached(&self, sequence: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            let mut shipped = self.shipped.subscribe();
            self.ring.notify_one();
            let reached = async { shipped.wait_for(|shipped| *shipped > sequence).await.is_ok() };
            timeout(patience::TARGET, reached).await.unwrap_or(false)
        })
    }

    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            let mut knows = self.knows_of_start.subscribe();
            timeout(patience::TARGET, knows.wait_for(|knows| *knows)).await.is_ok_and(|knows| knows.is_ok())
        })
    }

    fn keeps(&self) -> Keeps {
        let (knows_of_start, standing) = (*self.knows_of_start.borrow(), self.lock());
        let shipped_at = standing.shipped_at.filter(|_| standing.away.is_none());
        keeps(knows_of_start, shipped_at, self.service.moments().time())
    }
}

/// For how long a target that hangs, and did not fail yet, is taken to answer, in seconds: it is asked each second.
const HANGS_AFTER_SECONDS: i64 = 5;

/// What a target keeps that answered last at `shipped_at`, if it is not away.
fn keeps(knows_of_start: bool, shipped_at: Option<Time>, now: Time) -> Keeps {
    let answers = shipped_at.is_some_and(|at| now.seconds() - at.seconds() <= HANGS_AFTER_SECONDS);
    match (knows_of_start, answers) {
        (false, _) => Keeps::Nothing,
        (true, false) => Keeps::TheStart,
        (true, true) => Keeps::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_hangs_keeps_nothing_of_what_is_committed_now() {
        let check = |knows_of_start, shipped_at: Option<i64>, now, expected| {
            assert_eq!(
                keeps(knows_of_start, shipped_at.map(Time::from_seconds), Time::from_seconds(now)),
                expected,
                "{shipped_at:?} {now}"
            );
        };
        check(false, Some(100), 100, Keeps::Nothing);
        check(true, None, 100, Keeps::TheStart);
        check(true, Some(100), 101, Keeps::Everything);
        check(true, Some(100), 105, Keeps::Everything);
        check(true, Some(100), 106, Keeps::TheStart);
    }
}
