//! Whether somebody else went on from this ledger and ships to the same target: a restored folder that is served. Each goes on, and a restore
//! has to choose between the two.

use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::tail;
use jeton_backup::others::Whose;
use jeton_backup::restore::Other;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_token::TokenId;
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
        let before = std::mem::replace(&mut self.lock().others, found.iter().copied().map(tail).collect());
        for other in found {
            let folder = tail(other);
            if !before.contains(&folder) {
                tracing::error!(target = self.shown(), "{}", words(&folder));
            }
            if others.is_to_be_told(other) {
                self.tell(Event::BackupOtherFound { actor: Actor::system(), incarnation: TokenId::from_bytes(other).to_string().into() })
                    .await;
            }
        }
    }

    /// Whose a snapshot is.
    pub(super) async fn whose(&self, manifest: &Manifest) -> Result<&'static str, Failure> {
        let Some(incarnation) = manifest.head.incarnation() else { return Ok(Whose::Another.name()) };
        let place = (incarnation, manifest.head.size);
        let whose = self.others.lock().await.whose(place, self.service.store(), || !self.leisure.is_ended()).await?;
        Ok(whose.name())
    }

    /// What the target has that this ledger does not come from; `None`: that cannot be looked up now.
    pub(super) async fn lacks(&self) -> Option<Vec<Other>> {
        let opening = self.opening();
        let look = async {
            let mut others = self.others.lock().await;
            others.lacking(self.service.store(), &self.target, &opening, || !self.leisure.is_ended()).await
        };
        timeout(patience::TARGET, look).await.ok()?.ok()
    }
}

/// What to do about another, by the folder of its tail.
pub(super) fn words(other: &str) -> String {
    format!(
        "{other} is of another server, which went on from a backup and shipped here: from now on a restore takes the newest snapshot of either \
         and is not complete. Stop one of the two; if it was a trial of which nothing counts, remove that folder and its snapshots"
    )
}
