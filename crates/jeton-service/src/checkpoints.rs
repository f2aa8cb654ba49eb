//! Signed checkpoints of the ledger: one each second, kept before it is shown, never smaller than one that was.

use std::sync::{Arc, PoisonError};

use jeton_core::checkpoint::SignedCheckpoint;
use jeton_core::moment::Moment;
use jeton_jose::jwk::{Jwk, PublicParts, SigningKey};
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_store::store::{Fault, FaultKind};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Signs the head as it stands, keeps it where it grew, and tells followers. For a schedule of one second.
    ///
    /// # Errors
    /// [`Failure`]; nothing is told then, and verifiers notice the silence.
    pub async fn sign_checkpoint(&self, moment: &Moment) -> Result<(), Failure> {
        let _turn = self.checkpoints.turn.lock().await;
        let head = self.store.head();
        let key = self.ledger_key()?;
        let size = i64::try_from(head.size).map_err(|_| fault("the ledger is too long"))?;
        let kept = *self.checkpoints.kept_size.lock().unwrap_or_else(PoisonError::into_inner);
        not_shorter(size, kept)?;
        let signed_at = moment.now.max(head.time).seconds();
        let checkpoint =
            Checkpoint { origin: self.checkpoint_origin(), size: head.size, root: head.frontier.root(), time_seconds: signed_at };
        let note = checkpoint.sign(&CheckpointKey::of(&self.checkpoint_origin(), &key.1), |message| key.0.sign(message).map_err(|_| ()));
        let note = note.map_err(|()| fault("the checkpoint was not signed"))?;
        let signed = SignedCheckpoint { size, signed_at, note: Arc::from(note) };
        if size > kept {
            let commit = signed.keep(&mut moment.clone());
            self.commit(commit, &Arc::from("")).await.map_err(|error| fault(&format!("the checkpoint was not kept: {error:?}")))?;
            *self.checkpoints.kept_size.lock().unwrap_or_else(PoisonError::into_inner) = size;
        }
        self.checkpoints.last.send_replace(Some(Arc::new(signed)));
        Ok(())
    }

    /// Takes up the checkpoint that was kept before this start.
    ///
    /// # Errors
    /// When the ledger is shorter than it.
    pub(crate) fn remember_checkpoint(&self, signed: SignedCheckpoint) -> Result<(), Failure> {
        not_shorter(i64::try_from(self.store.head().size).unwrap_or(i64::MAX), signed.size)?;
        self.checkpoints.remember(signed);
        Ok(())
    }

    /// The last signed checkpoint, and each after it.
    #[must_use]
    pub fn checkpoints(&self) -> watch::Receiver<Option<Arc<SignedCheckpoint>>> {
        self.checkpoints.last.subscribe()
    }

    /// A checkpoint left for somewhere else: whoever has it sees a ledger that was put back.
    pub fn note_checkpoint_left(&self) {
        self.checkpoints.leave(self.moments.time());
    }

    /// The key that checks checkpoints, as a verifier key of a signed note (C2SP signed-note).
    ///
    /// # Errors
    /// [`Failure::Fault`] when there is none.
    pub fn checkpoint_key(&self) -> Result<String, Failure> {
        self.note_key().map(|key| key.to_string())
    }

    /// The same as what opens notes.
    ///
    /// # Errors
    /// [`Failure::Fault`] when there is none.
    pub fn note_key(&self) -> Result<CheckpointKey, Failure> {
        let key = self.ledger_key()?;
        Ok(CheckpointKey::of(&self.checkpoint_origin(), &key.1))
    }

    /// Signs a text as a note, with the key that signs checkpoints. Its first line must say what it is: no checkpoint may be made of it.
    ///
    /// # Errors
    /// [`Failure::Fault`] when there is no such key.
    pub fn sign_note(&self, text: String) -> Result<String, Failure> {
        let key = self.ledger_key()?;
        let note = self.note_key()?.sign_note(text, |message| key.0.sign(message).map_err(|_| ()));
        note.map_err(|()| fault("the note was not signed"))
    }

    /// The ledger's name in its checkpoints.
    #[must_use]
    pub fn checkpoint_origin(&self) -> String {
        let issuer = self.issuer.as_str();
        issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer).to_owned()
    }
}

impl Service {
    /// The key that signs checkpoints, and its public half.
    fn ledger_key(&self) -> Result<(Arc<SigningKey>, [u8; 32]), Failure> {
        let keys = self.registry.keys();
        let key = keys.ledger_key().ok_or_else(|| fault("no key signs the ledger's checkpoints"))?;
        match key.to_jwk().as_ref().map(Jwk::parts) {
            Ok(PublicParts::Ed25519 { x }) => Ok((key.clone(), *x)),
            _ => Err(fault("the ledger's key is no Ed25519 key")),
        }
    }
}

fn not_shorter(size: i64, kept: i64) -> Result<(), Failure> {
    if size < kept {
        Err(fault("the ledger is shorter than a checkpoint that was signed: it was put back to an older state"))
    } else {
        Ok(())
    }
}

fn fault(detail: &str) -> Failure {
    Failure::Fault(Fault::new(FaultKind::Engine, detail))
}
