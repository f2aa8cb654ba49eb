//! Whether somebody else went on from this ledger and ships to the same target: a restored folder that is served. Each goes on, and a restore
//! has to choose between the two.

use jeton_backup::names::tail;
use tokio::time::timeout;

use super::Backups;
use crate::patience;

impl Backups {
    /// Looks who else ships there; each is told once while it is there.
    pub(super) async fn follow_others(&self) {
        // Whoever ships says that it is away.
        if !self.is_reachable() {
            return;
        }
        let mut others = self.others.lock().await;
        let look = others.look(self.service.store(), &self.target, || !self.leisure.is_ended());
        // What cannot be listed in time is looked at again in a minute.
        let Ok(Ok(found)) = timeout(patience::TARGET, look).await else { return };
        let found: Vec<String> = found.into_iter().map(tail).collect();
        let before = std::mem::replace(&mut self.lock().others, found.clone());
        for other in found.iter().filter(|other| !before.contains(other)) {
            tracing::error!(target = self.shown(), "{}", words(other));
        }
    }
}

/// What to do about another, by the folder of its tail.
pub(super) fn words(other: &str) -> String {
    format!(
        "{other} is of another server, which went on from a backup and shipped here: from now on a restore takes the newest snapshot of either \
         and is not complete. Stop one of the two; if it was a trial of which nothing counts, remove that folder and its snapshots"
    )
}
