//! The first commits on a store that was made of a backup: the next incarnation, and what was taken away after the time that was asked for.

use std::sync::Arc;

use jeton_core::api::{self, Api};
use jeton_core::api_key::{self, uses};
use jeton_core::client;
use jeton_core::commit::{Commit, Write};
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::gap::{GoingOn, Known, accept, go_on};
use jeton_core::id::Actor;
use jeton_core::key::{Purpose, State};
use jeton_core::moment::Moment;
use jeton_core::policy::rule::{self, Subject};
use jeton_core::record::{Class, Key, Table, Value};
use jeton_store::line::{Change, RowLine};
use jeton_store::store::View;

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::failure;

/// What a restore brought, as the service goes on with it.
#[derive(Clone, Debug)]
pub struct Restored {
    /// How it goes on.
    pub on: GoingOn,
    /// What was taken away after the time that was asked for, in order: what each commit did, and what it told.
    pub taken_since: Vec<(Change, Vec<Event>)>,
}

impl Service {
    /// Goes on from a backup: before anything is served.
    ///
    /// # Errors
    /// [`Failure`]; the store must not be served then.
    pub async fn go_on_restored(&self, restored: &Restored, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let mut moments = moment.clone().not_before(self.store.head().time);
        let nobody = Arc::from("");
        let latest = self.registry.latest_cut_off(CutOffSubject::Everything, "");
        let apis: Vec<Api> = self.registry.apis().iter().map(|api| api.record.clone()).collect();
        let commit = go_on(&restored.on, &apis, actor, latest, &mut moments.split());
        self.commit(commit, &nobody).await.map_err(failure)?;
        for (change, events) in &restored.taken_since {
            let commit = self.taken_again(change, events, &mut moments.split())?;
            if !commit.is_empty() {
                self.commit(commit, &nobody).await.map_err(failure)?;
            }
        }
        if restored.on.known == Known::MayLack {
            self.distrust_signing_keys(actor, &mut moments).await?;
        }
        Ok(())
    }

    /// Accepts the gap that a restore left; `false`: there is none.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn accept_gap(&self, actor: &Actor, moment: &Moment) -> Result<bool, Failure> {
        self.transact(moment, &Arc::from(""), |_, moment| Ok(accept(self.registry.gap().as_deref(), actor, moment))).await
    }

    /// A commit that took something away, once more: over rows that are there. What was given since is not given again.
    fn taken_again(&self, change: &Change, events: &[Event], moment: &mut Moment) -> Result<Commit, Failure> {
        let mut commit = Commit::new(moment);
        let view = self.store.view()?;
        for line in &change.puts {
            let is_row_of_authority = matches!(line.table.class, Class::Authority);
            if !is_row_of_authority || view.get(line.table, &line.key())?.is_some() || takes_by_being_there(&*view, line)? {
                commit.writes.push(Write::Put { table: line.table, row: line.row.clone() });
            }
        }
        let there = |(table, key): &(&'static Table, Key)| Ok(view.get(table, key)?.map(|_| (*table, key.clone())));
        for deleted in change.deletes.iter().map(there).collect::<Result<Vec<_>, Failure>>()?.into_iter().flatten() {
            commit = commit.delete(deleted.0, deleted.1);
        }
        if !commit.writes.is_empty() {
            commit.events.extend(events.iter().cloned());
        }
        Ok(commit)
    }

    /// One of them may have been revoked in the time that nobody knows of.
    async fn distrust_signing_keys(&self, actor: &Actor, moments: &mut Moment) -> Result<(), Failure> {
        let keys = self.registry.keys().clone();
        let trusted = keys.records().map(|key| &key.record).filter(|key| key.purpose == Purpose::Token && key.state != State::Revoked);
        // Those that are next first: what takes over from a current one must be new.
        let mut ids: Vec<_> = trusted.map(|key| (key.state != State::Next, key.id.clone())).collect();
        ids.sort_by_key(|(is_not_next, _)| *is_not_next);
        for (_, id) in ids {
            self.revoke_signing_key(id.as_str(), actor, &moments.split()).await?;
        }
        Ok(())
    }
}

/// Whether a row takes something away by being there, from something that is there: what a policy says of lifetimes, and the uses of a key
/// that were handed out.
fn takes_by_being_there(view: &dyn View, line: &RowLine) -> Result<bool, Failure> {
    let (table, key): (&'static Table, Key) = if std::ptr::eq(line.table, &rule::TABLE) {
        let (_, subject) = rule::of_key(&line.key()).map_err(damaged)?;
        match &subject {
            Subject::Deployment => return Ok(true),
            Subject::Api(_) => (&api::TABLE, vec![Value::Text(subject.name())]),
            Subject::Client(_) => (&client::TABLE, vec![Value::Text(subject.name())]),
        }
    } else if std::ptr::eq(line.table, &uses::TABLE) {
        (&api_key::TABLE, line.key())
    } else {
        return Ok(false);
    };
    Ok(view.get(table, &key)?.is_some())
}
