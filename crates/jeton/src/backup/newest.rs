//! The newest snapshot: whether the next one is due, and whether it is still there and still opens. What a server put may leave by a rule of
//! the bucket, or by a hand.

use std::collections::BTreeMap;

use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::{SNAPSHOTS, SnapshotId};
use jeton_backup::problem::{Problem, What};
use jeton_backup::restore::{manifest_or_problem, snapshots};
use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;

use super::Backups;
use super::figures::of_snapshot;
use super::shipping::cut;

/// How often the newest is opened, in seconds. That it is there is looked each time.
const OPENED_EACH_SECONDS: i64 = 3_600;

impl Backups {
    pub(super) async fn is_due(&self) -> Result<bool, Failure> {
        let (newest, lost) = {
            let standing = self.lock();
            (standing.newest.clone(), standing.lost.is_some())
        };
        if lost {
            return Ok(true);
        }
        let newest = match newest {
            Some((id, ..)) if !self.is_still_whole(&id).await? => return Ok(true),
            Some(newest) => Some(newest),
            None => self.look_for_newest().await?,
        };
        let (now, unbroken_from) = (self.service.moments().time(), self.lock().unbroken_from);
        // One that ends before a hole of the tail is followed by nothing that a restore could go on with.
        Ok(newest.is_none_or(|(_, made, end)| is_over(made, self.settings.every_seconds, now) || end < unbroken_from))
    }

    /// Where the newest snapshot ends.
    pub(super) async fn newest_end(&self) -> Option<Sequence> {
        let known = self.lock().newest.clone();
        let newest = match known {
            Some(newest) => Some(newest),
            None => self.look_for_newest().await.ok().flatten(),
        };
        newest.map(|(_, _, end)| end)
    }

    async fn look_for_newest(&self) -> Result<Option<(String, Time, u64)>, Failure> {
        let mut ids = snapshots(&self.target).await?;
        let found = loop {
            let Some(id) = ids.pop() else { return Ok(None) };
            match manifest_or_problem(&self.target, &self.opening(), &id).await? {
                Ok(found) => break found,
                // One of another server, or one that nobody can restore: this one needs its own.
                Err(problem) => tracing::warn!(%problem, "a snapshot on the target does not open: it does not count"),
            }
        };
        // Of another incarnation: nothing of this one's tail goes with it.
        if found.head.incarnation() != Some(self.service.store().head().incarnation) {
            return Ok(None);
        }
        let newest = Some((found.snapshot.clone(), Time::from_seconds(found.began_at_seconds), found.head.size));
        let mut standing = self.lock();
        standing.newest.clone_from(&newest);
        (standing.newest_figures, standing.newest_rows) = (Some(of_snapshot(&found)), found.rows.values().sum());
        standing.newest_files = found.files;
        Ok(newest)
    }

    /// Looks whether the newest is what it was. Where it is not, that is told, and it counts no longer.
    async fn is_still_whole(&self, id: &str) -> Result<bool, Failure> {
        // Where nothing is mounted, nothing is lost.
        self.look_whose_folder().await?;
        let Some(lost) = self.what_is_lost(id).await? else { return Ok(true) };
        let why = format!("the newest snapshot is no more what it was: {lost}");
        {
            let mut standing = self.lock();
            // Somebody may have made another one meanwhile.
            if standing.newest.as_ref().is_none_or(|(newest, ..)| newest != id) {
                return Ok(true);
            }
            (standing.newest, standing.newest_figures) = (None, None);
            // What went with it may be gone as well: it is put once more.
            standing.newest_files = Vec::new();
            standing.lost = Some(why.clone());
        }
        self.failures.note_snapshot();
        tracing::error!(target = self.shown(), %lost, "the newest snapshot is no more what it was: another one is made at once");
        self.tell(Event::BackupFailed { actor: Actor::system(), why: cut(&why).into() }).await;
        Ok(false)
    }

    async fn what_is_lost(&self, id: &str) -> Result<Option<Problem>, Failure> {
        let Some(id) = SnapshotId::parse(id) else { return Ok(None) };
        if !self.target.has(&id.manifest()).await? {
            return Ok(Some(Problem::new(&id.manifest(), What::Missing)));
        }
        let now = self.service.moments().time();
        let is_recent = |at: Time| at <= now && at.plus_seconds(OPENED_EACH_SECONDS) > now;
        if self.lock().newest_opened.is_some_and(is_recent) {
            return Ok(None);
        }
        let lost = match manifest_or_problem(&self.target, &self.opening(), &id).await? {
            Ok(manifest) => self.lost_part(&manifest).await?,
            Err(problem) => Some(problem),
        };
        if lost.is_none() {
            self.lock().newest_opened = Some(now);
        }
        Ok(lost)
    }

    /// The first of its parts that is not there as it was put.
    async fn lost_part(&self, manifest: &Manifest) -> Result<Option<Problem>, Failure> {
        let listed = self.target.list(&format!("{SNAPSHOTS}/{}", manifest.snapshot)).await?;
        let there: BTreeMap<&str, u64> = listed.iter().map(|object| (object.name.as_str(), object.bytes)).collect();
        let lost = manifest.parts.iter().find(|part| there.get(part.name.as_str()) != Some(&part.bytes));
        Ok(lost.map(|part| match there.get(part.name.as_str()) {
            None => Problem::new(&part.name, What::Missing),
            Some(bytes) => Problem::new(&part.name, What::Damaged(format!("it has {bytes} bytes of {}", part.bytes))),
        }))
    }
}

/// Whether a snapshot is too long ago; so is one of a time that has not come: the clock was wrong when it was made.
fn is_over(made: Time, every_seconds: i64, now: Time) -> bool {
    made.plus_seconds(every_seconds) <= now || made > now.plus_seconds(every_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_a_day_that_has_not_come_is_no_reason_to_wait_for_that_day() {
        const DAY: i64 = 86_400;
        let check = |made: i64, expected: bool| {
            let is_over = is_over(Time::from_seconds(made), DAY, Time::from_seconds(400 * DAY));
            assert_eq!(is_over, expected, "made at {made}");
        };
        check(399 * DAY, true);
        check(399 * DAY + 1, false);
        check(400 * DAY, false);
        // A clock that was put back by less waits for no longer than that.
        check(401 * DAY, false);
        check(401 * DAY + 1, true);
        check(765 * DAY, true);
    }
}
