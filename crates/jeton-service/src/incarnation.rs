//! A new incarnation of the ledger: the sequence goes on, and whoever knew the old one takes a snapshot.

use std::sync::Arc;

use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::store::{CommitError, Fault, FaultKind};
use jeton_token::TokenId;

use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Opens a new incarnation at the moment's own time, on the word of an operator that the clock is right though the ledger ends later.
    ///
    /// # Errors
    /// [`Failure`]; the ledger is as it was then.
    pub async fn accept_clock(&self, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        if self.posture.is_behind(self.store.head().time, &self.moments) {
            let head = self.store.head();
            let event = Event::IncarnationOpened {
                actor: actor.clone(),
                previous: Arc::from(TokenId::from_bytes(head.incarnation).to_string()),
                reason: Arc::from("the clock was accepted"),
                size: head.size,
                root: Arc::from(hexadecimal(&head.frontier.root())),
            };
            let commit = Commit::new(&mut moment.clone()).tell(event);
            self.commit(commit, &Arc::from("")).await.map_err(failed)?;
        }
        self.posture.accept();
        Ok(())
    }
}

fn failed(error: CommitError) -> Failure {
    match error {
        CommitError::Full => Failure::Full,
        CommitError::Busy => Failure::Busy,
        CommitError::Fault(fault) => Failure::Fault(fault),
        other => Failure::Fault(Fault::new(FaultKind::Engine, format!("the incarnation was not opened: {other:?}"))),
    }
}
