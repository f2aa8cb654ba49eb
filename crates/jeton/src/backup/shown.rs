//! Backups as the management API shows them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jeton_backup::drill::receipt::Receipt;
use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::{SNAPSHOTS, TAIL};
use jeton_backup::others::Whose;
use jeton_backup::restore::{Other, manifest_or_problem, snapshots};
use jeton_backup::verify::{Found, Put, missing, verify};
use jeton_core::id::Actor;
use jeton_http::api::{
    self, AwayShown, BackupsShown, DrillShown, DrillsShown, FailedDrillShown, GapShown, LackedShown, Progress, SnapshotShown, Unreceived,
    VerifiedShown, Working, rfc3339,
};
use jeton_store::ledger::merkle::hexadecimal;
use jeton_token::TokenId;

use super::Backups;
use super::beside::words;
use super::drill_standing::Drilled;

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

impl api::Backups for Backups {
    fn show(&self) -> Answering<'_, BackupsShown> {
        Box::pin(async move { self.shown_whole().await.map_err(|failure| failure.to_string()) })
    }

    fn create(self: Arc<Self>, actor: Actor, progress: Progress) -> Working<SnapshotShown> {
        Box::pin(async move {
            self.make(actor, progress).await.map(|made| snapshot(&made, Whose::Own.name())).map_err(|failure| failure.to_string())
        })
    }

    fn verify(self: Arc<Self>, progress: Progress) -> Working<VerifiedShown> {
        Box::pin(async move {
            let Ok(_turn) = self.verifying.try_lock() else { return Err("somebody looks over all of them already".to_owned()) };
            let found = self.look_over(progress).await.map_err(|failure| failure.to_string())?;
            self.follow_others().await;
            let others = self.standing().others;
            let problems = found.problems.iter().map(ToString::to_string).chain(others.iter().map(|other| words(other))).collect();
            let Found { snapshots, files, segments, receipts, bytes, .. } = found;
            Ok(VerifiedShown { snapshots, files, segments, receipts, bytes, problems })
        })
    }

    fn drill(self: Arc<Self>, actor: Actor, progress: Progress) -> Working<DrillShown> {
        Box::pin(async move {
            let made = self.make_drill(&actor, progress).await;
            made.map(|(receipt, note)| drilled(&receipt, note)).map_err(|failure| failure.to_string())
        })
    }

    fn receive(&self, actor: Actor, receipt: String) -> Pin<Box<dyn Future<Output = Result<DrillShown, Unreceived>> + Send + '_>> {
        Box::pin(async move { self.receive_receipt(&actor, &receipt).await.map(|read| drilled(&read, receipt)) })
    }
}

impl Backups {
    /// What this process knows to be on the target.
    fn put(&self) -> Put {
        let (shipped, incarnation) = (*self.shipped.borrow(), self.service.store().head().incarnation);
        Put { incarnation, shipped, newest: self.standing().newest.map(|(id, ..)| id) }
    }

    async fn look_over(&self, progress: Progress) -> Result<Found, Failure> {
        let key = self.service.note_key().map_err(|failure| Failure::Refused(failure.to_string()))?;
        let of = (self.target.list(SNAPSHOTS).await?.len() + self.target.list(TAIL).await?.len()) as u64;
        let mut found = verify(&self.target, &self.opening(), Some(&key), &move |done: u64| progress(done, of.max(done))).await?;
        found.problems.extend(missing(&self.target, &self.put()).await?);
        Ok(found)
    }

    fn drills_shown(&self, known: Drilled) -> DrillsShown {
        DrillsShown {
            every_seconds: self.settings.drill_every_seconds,
            passed: known.passed.map(|(receipt, note)| drilled(&receipt, note)),
            failed: known.failed.map(|(at, why)| FailedDrillShown { at: rfc3339::format(at.seconds()), why }),
            identity_proven_at: known.proven_at.map(rfc3339::format),
        }
    }

    async fn shown_whole(&self) -> Result<BackupsShown, Failure> {
        let (mut shown, mut problems) = (Vec::new(), Vec::new());
        // Whoever asks while the target is away wants to know how it stands.
        if let Err(failure) = self.show_snapshots(&mut shown, &mut problems).await {
            problems.push(format!("what is on the target cannot be read now: {failure}"));
        }
        let standing = self.standing();
        problems.extend(standing.others.iter().map(|other| words(other)));
        let gap = match self.service.registry().gap() {
            Some(gap) => {
                let lacks = self.lacks().await.map(|lacks| lacks.iter().map(lacked).collect());
                Some(GapShown { size: gap.size, before: rfc3339::format(gap.before), lacks })
            }
            None => None,
        };
        Ok(BackupsShown {
            target: self.shown().to_owned(),
            is_on_the_same_disk: self.is_on_the_same_disk(),
            shipped: *self.shipped.borrow(),
            size: self.service.store().head().size,
            away: standing.away.map(|(since, why)| AwayShown { since: rfc3339::format(since.seconds()), why }),
            revocation_durability: if self.settings.is_sync { "sync" } else { "local" },
            gap,
            snapshots: shown,
            problems,
            drills: self.drills_shown(standing.drilled),
        })
    }

    async fn show_snapshots(&self, shown: &mut Vec<SnapshotShown>, problems: &mut Vec<String>) -> Result<(), Failure> {
        for id in snapshots(&self.target).await? {
            match manifest_or_problem(&self.target, &self.opening(), &id).await? {
                Ok(manifest) => {
                    let whose = self.whose(&manifest).await?;
                    shown.push(snapshot(&manifest, whose));
                }
                Err(problem) => problems.push(problem.to_string()),
            }
        }
        Ok(())
    }
}

fn lacked(other: &Other) -> LackedShown {
    let until = other.time.map(|time| rfc3339::format(time.seconds()));
    LackedShown { incarnation: TokenId::from_bytes(other.incarnation).to_string(), entries: other.size, until }
}

fn snapshot(manifest: &Manifest, whose: &'static str) -> SnapshotShown {
    SnapshotShown {
        id: manifest.snapshot.clone(),
        whose,
        created_at: rfc3339::format(manifest.began_at_seconds),
        sequence: manifest.head.size,
        bytes: manifest.bytes(),
        rows: manifest.rows.values().sum(),
        seconds: manifest.ended_at_seconds - manifest.began_at_seconds,
    }
}

/// A drill, and the note of it.
pub(crate) fn drilled(receipt: &Receipt, note: String) -> DrillShown {
    DrillShown {
        at: rfc3339::format(receipt.ended_at_seconds()),
        snapshot: receipt.snapshot.clone(),
        identity: receipt.identity.to_string(),
        entries: receipt.entries,
        rows: receipt.rows,
        same: receipt.same,
        usage_same: receipt.usage_live,
        digest: hexadecimal(&receipt.digest),
        refused: receipt.refused,
        seconds: receipt.seconds,
        receipt: note,
    }
}
