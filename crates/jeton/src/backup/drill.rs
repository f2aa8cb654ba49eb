//! One drill: a backup restored in a folder of its own, compared, and written down.

use std::sync::Arc;

use jeton_backup::drill::compare::{Compared, Comparison};
use jeton_backup::drill::receipt::Receipt;
use jeton_backup::drill::usage;
use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::open::Opening;
use jeton_backup::restore::{Other, Step};
use jeton_backup::target::Target;
use jeton_core::authorize::{device, pushed};
use jeton_core::id::CredentialId;
use jeton_core::moment::Time;
use jeton_core::password::kept_cost;
use jeton_core::person::erasing;
use jeton_core::record::Table;
use jeton_core::{canary, checkpoint, consumer, once};
use jeton_http::api::Progress;
use jeton_service::Service;
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store;

use super::apart::{Apart, Source};
use super::workplace::Workplace;

/// What no entry tells of, or not always: each store keeps its own.
static PASSED_OVER: [&Table; 9] = [
    &checkpoint::TABLE,
    &canary::TABLE,
    &once::TABLE,
    &erasing::TABLE,
    &kept_cost::TABLE,
    &consumer::TABLE,
    &pushed::TABLE,
    &device::TABLE,
    &device::USER_CODE,
];

/// What is drilled.
pub(crate) struct Drill<'a> {
    /// Where the backups are.
    pub(crate) target: &'a Target,
    /// What opens them.
    pub(crate) opening: &'a Opening,
    /// Where the store is made; nothing is left of it once nobody holds this.
    pub(crate) place: Arc<Workplace>,
    /// The live store, where it is at hand, and how many entries of it the target must have.
    pub(crate) live: Option<(Arc<dyn Store>, u64)>,
    /// Of which incarnation the newest is taken, or of what that went on from; `None`: the newest of all.
    pub(crate) incarnation: Option<[u8; 16]>,
    /// When it begins.
    pub(crate) began: Time,
    /// Told how much is done, of how much.
    pub(crate) progress: Progress,
}

/// What a drill found.
pub(crate) struct Drilled {
    /// What is signed.
    pub(crate) receipt: Receipt,
    /// The note that was signed of it.
    pub(crate) note: String,
    /// What else is on the target.
    pub(crate) others: Vec<Other>,
}

/// What was compared of usage.
struct Usage {
    /// How many tables with the manifest.
    tables: usize,
    /// How many rows with the live store, where it was at hand.
    rows: Option<u64>,
}

/// What is left to do once all objects are read: to compare, to look for canaries, and to go on.
const STEPS_BESIDE: u64 = 3;

impl Drill<'_> {
    /// Drills.
    ///
    /// # Errors
    /// [`Failure`]: the backup is not what it must be, or that could not be seen.
    pub(crate) async fn run(&self) -> Result<Drilled, Failure> {
        let (place, progress) = (self.place.clone(), self.progress.clone());
        let shown = move |step: Step| progress(step.done as u64, step.of as u64 + STEPS_BESIDE);
        let apart = Source { target: self.target, opening: self.opening, until: None, incarnation: self.incarnation, progress: &shown }
            .make(&place.made())
            .await?;
        let checked = self.check(&apart).await;
        let ended = apart.service.moments().time();
        let noted = checked.and_then(|(compared, usage, refused)| {
            let seconds = ended.seconds().saturating_sub(self.began.seconds()).max(0);
            let receipt = self.receipt(&apart, &compared, (usage, refused), seconds);
            let note = apart.service.sign_note(receipt.to_string()).map_err(|failure| Failure::Refused(failure.to_string()))?;
            Ok(Drilled { receipt, note, others: apart.restored.others.clone() })
        });
        // Closing waits for its threads, and removing for the disk.
        let _ = tokio::task::spawn_blocking(move || drop((apart, place))).await;
        noted
    }

    async fn check(&self, apart: &Apart) -> Result<(Compared, Usage, usize), Failure> {
        let Apart { service, restored } = apart;
        if let Some((_, least)) = &self.live
            && restored.size < *least
        {
            return Err(Failure::Refused(format!("the target has {} entries of {least} that were shipped to it", restored.size)));
        }
        if let Some(problem) = restored.passed_over.first() {
            return Err(Failure::Refused(format!("a newer snapshot on the target does not open: {problem}")));
        }
        let of = restored.manifest.parts.len() as u64 + STEPS_BESIDE;
        let (compared, usage) = self.compare(service, &restored.manifest).await?;
        (self.progress)(of - 2, of);
        let refused = canaries(service, &restored.manifest).await?;
        (self.progress)(of - 1, of);
        apart.go_on(restored.claim().known).await.map_err(Failure::Refused)?;
        canaries(service, &restored.manifest).await?;
        (self.progress)(of, of);
        Ok((compared, usage, refused))
    }

    async fn compare(&self, service: &Service, manifest: &Manifest) -> Result<(Compared, Usage), Failure> {
        let (restored, live, manifest) = (service.store().clone(), self.live.clone(), manifest.clone());
        let now_seconds = service.moments().time().seconds();
        let comparing = tokio::task::spawn_blocking(move || {
            let live = live.as_ref().map(|(store, _)| &**store);
            let tables = usage::compare(&*restored, &SCHEMA, &manifest)?;
            let rows = live.map(|live| usage::compare_with_live(&*restored, live, now_seconds)).transpose()?;
            let usage = Usage { tables, rows };
            let comparison =
                Comparison { restored: &*restored, live, schema: &SCHEMA, passed_over: &PASSED_OVER, now_seconds, progress: &|_| {} };
            comparison.run().map(|compared| (compared, usage))
        });
        comparing.await.map_err(|error| Failure::Line(error.to_string()))?
    }

    fn receipt(&self, apart: &Apart, compared: &Compared, (usage, refused): (Usage, usize), seconds: i64) -> Receipt {
        Receipt {
            issuer: apart.service.issuer().as_str().to_owned(),
            identity: self.opening.identity.recipient(),
            snapshot: apart.restored.manifest.snapshot.clone(),
            incarnation: apart.restored.incarnation,
            entries: compared.entries,
            root: compared.root,
            digest: compared.digest,
            rows: compared.rows,
            same: compared.same,
            usage: usage.tables,
            usage_live: usage.rows,
            refused,
            began_at_seconds: self.began.seconds(),
            seconds,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// What was revoked is refused, before the snapshot or after it, and what was not is not; how many were refused.
async fn canaries(service: &Service, manifest: &Manifest) -> Result<usize, Failure> {
    let planted = manifest.canaries.as_ref();
    let planted =
        planted.ok_or_else(|| Failure::Refused(format!("no canary was planted for {}: make another backup", manifest.snapshot)))?;
    for (id, when, expected) in [
        (&planted.revoked_before, "revoked before the snapshot", true),
        (&planted.revoked_after, "revoked after the snapshot", true),
        (&planted.kept, "never revoked", false),
    ] {
        let parsed = CredentialId::parse(id).ok_or_else(|| Failure::Line("a canary has no id".into()))?;
        let found = service.refuses_planted(parsed).await.map_err(|failure| Failure::Refused(failure.to_string()))?;
        match found {
            Some(is_refused) if is_refused == expected => {}
            Some(true) => return Err(Failure::Refused(format!("the canary {id} was {when}, and is refused"))),
            Some(false) => return Err(Failure::Refused(format!("the canary {id} was {when}, and is not refused"))),
            None => return Err(Failure::Refused(format!("the canary {id} is not there: it was {when}"))),
        }
    }
    Ok(2)
}
