//! Sessions, grants, consents and links that ended long ago leave; and what lost what it stands on without hearing of it ends: a grant its session,
//! a session its password.

use std::sync::Arc;

use jeton_core::consent::{self, Consent};
use jeton_core::grant::end::is_there;
use jeton_core::grant::of_person::{self, GrantOfPerson};
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::grant::{self, Grant};
use jeton_core::id::{Actor, GrantId, SessionId};
use jeton_core::link::{self, Link};
use jeton_core::moment::Moment;
use jeton_core::password::{self, Password};
use jeton_core::record::{Malformed, Row, Table, Value, Versioned};
use jeton_core::session::leave::{Leaving, ROWS_AT_A_TIME, consent_from, grant_from, leave, link_from, session_from};
use jeton_core::session::{self, Session};
use jeton_store::store::CommitError;

use super::Pass;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::sessions::is_outlived;
use crate::transact::failure;

/// How many rows are read at once.
const ROWS: usize = 2_000;

impl Service {
    /// Goes over all of them; what fails is noted, and the rest does not wait for it.
    pub(super) async fn sweep_sign_ins(&self, pass: &mut Pass, moment: &Moment) {
        let mut moment = moment.clone();
        for table in [&session::TABLE, &grant::TABLE, &consent::TABLE, &link::TABLE] {
            let swept = self.sweep_table(table, pass, &mut moment).await;
            pass.note(swept);
        }
    }

    async fn sweep_table(&self, table: &'static Table, pass: &mut Pass, moment: &mut Moment) -> Result<(), Failure> {
        let mut after: Option<Row> = None;
        while !self.is_ending() {
            let rows = self.store.view()?.walk(table, None, after.as_ref(), ROWS)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.record.clone());
            let (mut leaving, mut orphans, mut outlived) = (Vec::new(), Vec::new(), Vec::new());
            for row in &rows {
                match self.leaves(table, row) {
                    Ok(rows) if rows.is_empty() => {
                        orphans.extend(self.orphan(table, row)?);
                        outlived.extend(self.outlived(table, row)?);
                    }
                    Ok(rows) => leaving.extend(rows),
                    Err(malformed) => pass.note(Err(damaged(malformed))),
                }
            }
            for rows in leaving.chunks(ROWS_AT_A_TIME) {
                pass.swept.removed += self.let_leave(rows, &mut moment.split()).await?;
            }
            for session in outlived {
                match self.end_session(session, &Actor::system(), &moment.split()).await {
                    Ok(_) => pass.swept.revoked += 1,
                    // Its browser was here meanwhile, and left.
                    Err(Failure::Refused(_)) => {}
                    Err(failure) => pass.note(Err(failure)),
                }
            }
            for grant in orphans {
                match self.end_grant(grant, &Actor::system(), &moment.split()).await {
                    Ok(ended) => pass.swept.revoked += u64::from(ended),
                    Err(failure) => pass.note(Err(failure)),
                }
            }
        }
        Ok(())
    }

    /// The rows that leave with this one, itself first; none: it stays.
    fn leaves(&self, table: &'static Table, row: &Versioned<Row>) -> Result<Vec<Leaving>, Malformed> {
        let now = self.now_on_ledger();
        let itself = |key| Leaving { table, key, version: Some(row.version) };
        if std::ptr::eq(table, &session::TABLE) {
            let session = Session::from_row(&row.record)?;
            return Ok((session_from(&session) <= now).then(|| itself(vec![Value::Id(session.id.0)])).into_iter().collect());
        }
        if std::ptr::eq(table, &consent::TABLE) {
            let consent = Consent::from_row(&row.record)?;
            return Ok((consent_from(&consent) <= now).then(|| itself(consent.key())).into_iter().collect());
        }
        if std::ptr::eq(table, &link::TABLE) {
            let link = Link::from_row(&row.record)?;
            return Ok((link_from(&link) <= now).then(|| itself(vec![Value::Id(link.id.0)])).into_iter().collect());
        }
        let grant = Grant::from_row(&row.record)?;
        if grant_from(&grant, &self.registry.policies()) > now {
            return Ok(Vec::new());
        }
        let line = Leaving { table: &of_person::TABLE, key: GrantOfPerson::of(&grant).key(), version: None };
        Ok(vec![itself(vec![Value::Id(grant.id.0)]), line])
    }

    /// A grant that ends with its session and is there without it: the process ended between the two.
    fn orphan(&self, table: &'static Table, row: &Versioned<Row>) -> Result<Option<GrantId>, Failure> {
        if !std::ptr::eq(table, &grant::TABLE) {
            return Ok(None);
        }
        let grant = Grant::from_row(&row.record).map_err(damaged)?;
        let Some(session) = grant.session.filter(|_| is_there(&grant) && !grant.identity.has(IdentityScope::OfflineAccess)) else {
            return Ok(None);
        };
        let is_there = self.store.view()?.get(&session::TABLE, &vec![Value::Id(session.0)])?.is_some();
        Ok((!is_there).then_some(grant.id))
    }

    /// A session whose person has another password since, and which is there: the process ended before all of them had ended.
    fn outlived(&self, table: &'static Table, row: &Versioned<Row>) -> Result<Option<SessionId>, Failure> {
        if !std::ptr::eq(table, &session::TABLE) {
            return Ok(None);
        }
        let session = Session::from_row(&row.record).map_err(damaged)?;
        let password = self.store.view()?.get(&password::TABLE, &vec![Value::Text(session.person.0.clone())])?;
        let password = password.map(|row| Password::from_row(&row.record)).transpose().map_err(damaged)?;
        let is_of_another = password.is_some_and(|password| !password.is_stopped() && is_outlived(&session, password.set_at));
        Ok(is_of_another.then_some(session.id))
    }

    /// How many left: none where one of them has changed since, which is looked at in the next pass.
    async fn let_leave(&self, rows: &[Leaving], moment: &mut Moment) -> Result<u64, Failure> {
        moment.now = moment.now.max(self.store.head().time);
        let commit = leave(rows, moment);
        match self.commit(commit, &Arc::from("")).await {
            Ok(_) => Ok(rows.iter().filter(|row| row.version.is_some()).count() as u64),
            Err(CommitError::Stale) => Ok(0),
            Err(error) => Err(failure(error)),
        }
    }
}
