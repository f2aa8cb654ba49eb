//! Snapshots of the negatives: what a verifier starts from, signed.

use std::sync::Arc;

use bytes::Bytes;
use jeton_core::moment::Moment;
use jeton_core::token::negative::{self, Negative};
use jeton_jose::jws::Signer;
use jeton_oauth::feed::{CompactJws, FeedEvent, SnapshotPart};
use jeton_store::store::{Fault, FaultKind};

use crate::failure::Failure;
use crate::feed::{Next, change_of_negative, cursor};
use crate::service::Service;
use crate::snapshot_cache::{Snapshot, Turn};

impl Service {
    /// The last snapshot for an audience, while the feed can go on from it.
    #[must_use]
    pub fn last_snapshot(&self, audience: &str) -> Option<Snapshot> {
        let (known, incarnation) = (self.snapshots.last(audience)?, self.feed.incarnation()?);
        let Next::Events(since, ..) = self.feed.next(&incarnation, known.next, audience) else { return None };
        (since.len() < 1_000 && self.registry.keys().trusts(&known.signing_key)).then_some(known)
    }

    /// Whose turn it is to take a snapshot for an audience: one is enough for all who come at the same time.
    #[must_use]
    pub fn snapshot_turn(&self, audience: &Arc<str>) -> Turn {
        self.snapshots.turn(audience, |audience| self.registry.api_of_audience(audience).is_some())
    }

    /// Takes a snapshot for an audience, for all who come until it is too old. Reads, sorts and signs all negatives: for a thread that may
    /// block, in its turn.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read or nothing can sign.
    pub fn take_snapshot(&self, audience: &Arc<str>, moment: &Moment) -> Result<Snapshot, Failure> {
        let fresh = self.read_snapshot(audience, moment)?;
        self.snapshots.keep(audience, fresh.clone(), |audience| self.registry.api_of_audience(audience).is_some());
        Ok(fresh)
    }

    fn read_snapshot(&self, audience: &str, moment: &Moment) -> Result<Snapshot, Failure> {
        let view = self.store.view()?;
        let mut negatives = vec![];
        let mut malformed = None;
        view.scan(&negative::TABLE, &mut |row| {
            match Negative::from_row(&row.record) {
                Ok(negative) => negatives.push((row.version, negative)),
                Err(error) => malformed = Some(error),
            }
            malformed.is_none()
        })?;
        if let Some(error) = malformed {
            return Err(Failure::Fault(Fault::new(FaultKind::Damaged, error.to_string())));
        }
        let next = view.as_of();
        drop(view);
        // The last statement about a token counts: slices are read by `until`, so their order is restored.
        negatives.sort_by_key(|(version, negative)| (*version, negative.id));
        let concerns = |of: &Option<Arc<str>>| of.as_deref().is_none_or(|concerned| concerned == audience);
        // All that is kept, also what our clock calls over: a verifier's clock may know better than one that jumped.
        let audience_of = |api: &str| self.registry.api(api).map(|api| api.record.audience.clone());
        let changes = negatives.iter().filter_map(|(_, negative)| change_of_negative(negative, audience_of));
        let changes = changes.filter(|(of, _)| concerns(of)).map(|(_, change)| change).collect();
        self.sign_snapshot(next, changes, moment.now.seconds())
    }

    /// Signs a snapshot that tells these changes, from which a verifier goes on with what comes next.
    pub(crate) fn sign_snapshot(&self, next: u64, changes: Vec<jeton_oauth::feed::Change>, now: i64) -> Result<Snapshot, Failure> {
        let incarnation = self.feed.incarnation().ok_or_else(|| fault("the feed has not begun"))?;
        let cursor = cursor(&incarnation, next);
        let keys = self.registry.keys();
        let key = keys.any_signing_key().ok_or_else(|| fault("no key signs"))?;
        let signer = Signer::new(key.clone(), SnapshotPart::TYP);
        let ledger_key = self.checkpoint_key()?;
        let events = SnapshotPart::split(&self.issuer, now, &cursor, &ledger_key, changes)
            .iter()
            .map(|part| {
                let signed = signer.sign(&part.to_json()).map_err(|_| fault("a snapshot was not signed"))?;
                let jws = CompactJws::parse(signed).map_err(|_| fault("a snapshot does not fit the feed"))?;
                Ok(Bytes::from(FeedEvent::Snapshot { cursor: cursor.clone(), jws }.to_bytes()))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok(Snapshot { events: Arc::new(events), next, signing_key: Arc::from(key.key_id()) })
    }
}

fn fault(detail: &str) -> Failure {
    Failure::Fault(Fault::new(FaultKind::Engine, detail))
}
