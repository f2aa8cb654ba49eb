//! The first commits on a store that was made of a backup: the next incarnation, and what was taken away after the time that was asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use jeton_core::api::{self, Api};
use jeton_core::api_key::{self, uses};
use jeton_core::client;
use jeton_core::commit::{Commit, Write};
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::gap::{GoingOn, Known, accept, go_on};
use jeton_core::grant::{self, Grant};
use jeton_core::id::{Actor, ApiId, ApiKeyId};
use jeton_core::key::{Purpose, State};
use jeton_core::meet::{self, Gone};
use jeton_core::moment::Moment;
use jeton_core::person;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::rule::{self, Subject};
use jeton_core::record::{Class, Key, Malformed, Table, Value};
use jeton_core::second_factor;
use jeton_core::token::negative::Says;
use jeton_core::told::{Told, told};
use jeton_core::why::Because;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::line::{Change, RowLine};
use jeton_store::store::View;
use jeton_token::TokenId;

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

/// Rows that say no longer what somebody may.
type Stopped = Vec<(&'static Table, Key)>;

impl Service {
    /// Goes on from a backup: before anything is served.
    ///
    /// How many keys and clients were stopped, since no row says what they were allowed both then and later.
    ///
    /// # Errors
    /// [`Failure`]; the store must not be served then.
    pub async fn go_on_restored(&self, restored: &Restored, actor: &Actor, moment: &Moment) -> Result<usize, Failure> {
        let mut moments = moment.clone().not_before(self.store.head().time);
        let nobody = Arc::from("");
        let latest = self.registry.latest_cut_off(CutOffSubject::Everything, "");
        let apis: Vec<Api> = self.registry.apis().iter().map(|api| api.record.clone()).collect();
        let commit = go_on(&restored.on, &apis, actor, latest, &mut moments.split());
        self.commit(commit, &nobody).await.map_err(failure)?;
        let mut stopped = BTreeSet::new();
        for (change, events) in &restored.taken_since {
            let (commit, stopped_by_it) = self.taken_again(change, events, &mut moments.split())?;
            stopped.extend(stopped_by_it.into_iter().map(|(table, key)| (table.name, key)));
            if !commit.is_empty() {
                self.commit(commit, &nobody).await.map_err(failure)?;
            }
        }
        let stopped = self.stop(stopped, actor, &mut moments).await?;
        if restored.on.known == Known::MayLack {
            self.distrust_signing_keys(actor, &mut moments).await?;
        }
        Ok(stopped)
    }

    /// Goes on in a data folder that was put back to an earlier state, as in one that was made of a backup which may lack its end: before
    /// anything is served.
    ///
    /// # Errors
    /// As [`Service::go_on_restored`].
    pub async fn go_on_put_back(&self, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let head = self.store.head();
        let on = GoingOn {
            previous: Arc::from(TokenId::from_bytes(head.incarnation).to_string()),
            size: head.size,
            found: head.size,
            root: Arc::from(hexadecimal(&head.frontier.root())),
            known: Known::MayLack,
        };
        self.go_on_restored(&Restored { on, taken_since: Vec::new() }, actor, moment).await?;
        Ok(())
    }

    /// Accepts the gap that a restore left; `false`: there is none.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn accept_gap(&self, actor: &Actor, moment: &Moment) -> Result<bool, Failure> {
        self.transact(moment, &Arc::from(""), |_, moment| Ok(accept(self.registry.gap().as_deref(), actor, moment))).await
    }

    /// A commit that took something away, once more: over rows that are there, and no more than what then and later both allowed. What was
    /// given since is not given again. Keys of which no row says that come back, too.
    fn taken_again(&self, change: &Change, events: &[Event], moment: &mut Moment) -> Result<(Commit, Stopped), Failure> {
        let (mut commit, mut stopped) = (Commit::new(moment), Vec::new());
        let view = self.store.view()?;
        let policies = self.registry.policies();
        for line in &change.puts {
            let (table, key) = (line.table, line.key());
            let then = view.get(table, &key)?.map(|row| row.record);
            if matches!(table.class, Class::Authority) && then.is_none() && !takes_by_being_there(&*view, line)? {
                continue;
            }
            let wider = |kind, subject: &Subject| Policies::clone(&policies).without(kind, subject).effective(kind, subject);
            let met = meet::put(table, then.as_ref(), &line.row, wider).map_err(damaged)?;
            let Some(met) = met else { continue };
            if met.is_stopped {
                stopped.push((table, key));
            }
            if Some(&met.row) != then.as_ref() {
                commit.writes.push(Write::Put { table, row: met.row });
            }
        }
        for (table, key) in &change.deletes {
            if is_deleted(change, table, key) && view.get(table, key)?.is_some() {
                commit = commit.delete(table, key.clone());
            }
        }
        if !commit.writes.is_empty() {
            let told = events.iter().filter(|event| is_told(event, &commit)).cloned().collect::<Vec<_>>();
            commit.events.extend(told);
            if commit.events.is_empty() {
                // Refresh tokens were spent, of which nothing told.
                let advanced = advanced(&commit).map_err(damaged)?;
                commit.events.extend(advanced);
            }
        }
        Ok((commit, stopped))
    }

    /// Suspends keys of which no row says what they may. How many of what is stopped: a client that is without a key of its own is so already.
    async fn stop(&self, stopped: BTreeSet<(&'static str, Key)>, actor: &Actor, moments: &mut Moment) -> Result<usize, Failure> {
        let keys = stopped.iter().filter(|(table, _)| *table == api_key::TABLE.name);
        let ids = keys.filter_map(|(_, key)| Some(ApiKeyId(key.first()?.as_bytes()?.try_into().ok()?)));
        for id in ids.collect::<Vec<_>>() {
            let Some(why) = Because::kept("changed after the time that was restored: nobody can say what it may") else { continue };
            match self.suspend_key(id, why, actor, &moments.split()).await {
                // It is gone or refused already.
                Ok(()) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(stopped.len())
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

/// Whether what was deleted is to be deleted again: it gave something, or goes with its key.
fn is_deleted(change: &Change, table: &Table, key: &Key) -> bool {
    match meet::of(table).map_or(Gone::Stays, |(_, gone)| gone) {
        Gone::Deleted => true,
        Gone::Stays => false,
        Gone::WithItsKey => change.deletes.iter().any(|(of, id)| std::ptr::eq(*of, &api_key::TABLE) && key.ends_with(id)),
    }
}

/// What is told of grants whose refresh tokens were spent later.
fn advanced(commit: &Commit) -> Result<Vec<Event>, Malformed> {
    let mut told = Vec::new();
    for write in &commit.writes {
        if let Write::Put { table, row } = write
            && std::ptr::eq(*table, &grant::TABLE)
        {
            let Grant { id, family, .. } = Grant::from_row(row)?;
            let generation = family.map_or(0, |family| family.generation);
            told.push(Event::GrantAdvanced { actor: Actor::system(), generation, grant: id });
        }
    }
    Ok(told)
}

/// Whether an event tells of what a commit does: not of what is left as it was.
fn is_told(event: &Event, commit: &Commit) -> bool {
    let nowhere = |_: &ApiId| Arc::from("");
    let first = |values: &[Value], id: &Arc<str>| values.first().and_then(Value::as_text) == Some(id);
    match told(event, nowhere) {
        Told::Kept(of, id) => {
            commit.writes.iter().any(|write| matches!(write, Write::Put { table, row } if std::ptr::eq(*table, of) && first(row, &id)))
        }
        Told::Negative(Says::Resumed(..) | Says::SubjectResumed(..), _) => false,
        // What was given then is not given again.
        _ if matches!(event, Event::GrantCreated { .. } | Event::SessionCreated { .. } | Event::ConsentGiven { .. }) => false,
        // Whatever is gone is deleted here, or was not there.
        Told::Negative(..) | Told::Gone(..) | Told::Nothing => true,
    }
}

/// Whether a row takes something away by being there, from something that is there: what a policy says of lifetimes, the uses of a key that
/// were handed out, and a second factor, without which a password would be enough.
fn takes_by_being_there(view: &dyn View, line: &RowLine) -> Result<bool, Failure> {
    let (table, key): (&'static Table, Key) = if std::ptr::eq(line.table, &rule::TABLE) {
        let (_, subject) = rule::of_key(&line.key()).map_err(damaged)?;
        match &subject {
            Subject::Deployment => return Ok(true),
            Subject::Api(_) => (&api::TABLE, vec![Value::Text(subject.name())]),
            Subject::Client(_) => (&client::TABLE, vec![Value::Text(subject.name())]),
        }
    } else if std::ptr::eq(line.table, &second_factor::TABLE) {
        (&person::TABLE, line.key())
    } else if std::ptr::eq(line.table, &uses::TABLE) {
        (&api_key::TABLE, line.key())
    } else {
        return Ok(false);
    };
    Ok(view.get(table, &key)?.is_some())
}
