//! A new incarnation of the ledger: the sequence goes on, and whoever knew the old one takes a snapshot.

use std::sync::Arc;

use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::key::rotate::publish_anew;
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::token::dated_ahead::{REVOKED_AT_ONCE, is_dated_ahead, revoke_dated_ahead};
use jeton_core::token::{self, AccessToken};
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::store::{CommitError, Fault, FaultKind};
use jeton_token::TokenId;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::Reading;

impl Service {
    /// Opens a new incarnation at the moment's own time, on the word of an operator that the clock is right though the ledger ends later.
    /// What the ledger dated later than that is revoked. Reads every token that is kept: for a start, before anything is served.
    ///
    /// # Errors
    /// [`Failure`]; the clock is not accepted then. Some of what was dated ahead may be revoked.
    pub async fn accept_clock(&self, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        if self.posture.is_behind(self.store.head().time, &self.moments) {
            let mut moments = moment.clone();
            // First: whoever finds the new incarnation finds nothing alive that lies ahead of it.
            self.end_dated_ahead(actor, &mut moments).await?;
            let head = self.store.head();
            let event = Event::IncarnationOpened {
                actor: actor.clone(),
                known: None,
                previous: Arc::from(TokenId::from_bytes(head.incarnation).to_string()),
                reason: Arc::from("the clock was accepted"),
                size: head.size,
                root: Arc::from(hexadecimal(&head.frontier.root())),
            };
            let commit = Commit::new(&mut moments.split()).tell(event);
            let commit = publish_anew(commit, self.registry.keys().records().map(|key| &key.record), moments.now.seconds());
            self.commit(commit, &Arc::from("")).await.map_err(failed)?;
        }
        self.posture.accept();
        Ok(())
    }

    /// Revokes what is dated later than the moments' time, unless it is dead for good: it would begin one day, and a cut-off of until then
    /// would not reach it.
    async fn end_dated_ahead(&self, actor: &Actor, moments: &mut Moment) -> Result<(), Failure> {
        let ahead = self.dated_ahead(moments)?;
        for some in ahead.chunks(REVOKED_AT_ONCE) {
            let revoke = |_: &Reading<'_>, moment: &mut Moment| Ok(Outcome::grant((), revoke_dated_ahead(some, actor, moment)));
            self.transact(&moments.split(), &Arc::from(""), revoke).await?;
        }
        if !ahead.is_empty() {
            tracing::warn!(tokens = ahead.len(), "tokens were revoked that the ledger dated later than the clock that was accepted");
        }
        Ok(())
    }

    fn dated_ahead(&self, moment: &Moment) -> Result<Vec<(AccessToken, Arc<str>)>, Failure> {
        let (mut ahead, mut malformed) = (vec![], None);
        self.store.view()?.scan(&token::TABLE, &mut |row| {
            match AccessToken::from_row(&row.record) {
                Ok(token) if is_dated_ahead(&token, moment.now) => ahead.extend(self.unless_dead(token, moment)),
                Ok(_) => {}
                Err(error) => malformed = Some(error),
            }
            malformed.is_none()
        })?;
        match malformed {
            Some(malformed) => Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into()),
            None => Ok(ahead),
        }
    }

    /// A token with its audience; `None` where nothing needs to be said, its API is gone or it is dead for good.
    fn unless_dead(&self, mut token: AccessToken, moment: &Moment) -> Option<(AccessToken, Arc<str>)> {
        let api = self.registry.api(token.api.as_str())?;
        self.share_names(&mut token);
        let not_before = token.issued_at;
        let proven = Proven { token, signing_key: None, not_before };
        (!self.is_dead_for_good(&proven, &api, moment)).then(|| (proven.token, api.record.audience.clone()))
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
