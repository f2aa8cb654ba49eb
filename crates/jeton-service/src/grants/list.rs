//! The grants that live, page by page: by person, by client, and the oldest first of both.

use jeton_core::grant::end::is_there;
use jeton_core::grant::of_person::{self, GrantOfPerson, prefix};
use jeton_core::grant::refresh::ends_at;
use jeton_core::grant::{Grant, TABLE};
use jeton_core::id::{ClientId, GrantId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::record::{Key, Value};
use jeton_core::refusal::Refusal;
use jeton_store::find::Find;
use jeton_store::store::View;

use super::surroundings::Between;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

/// How many lines a page reads: where most of them are of no use it may be short, and yet not the last one.
const READS_MAX: usize = 2_000;
/// How many are read at once.
const STEP: usize = 200;

/// A grant that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveGrant {
    /// The grant.
    pub grant: Grant,
    /// When it ends unless it is refreshed, in seconds.
    pub expires_at: i64,
    /// Whether nothing is issued by it for now: its person or client is suspended, or it is behind a fence.
    pub is_suspended: bool,
}

/// Some of them.
#[derive(Debug)]
pub struct GrantPage {
    /// The grants.
    pub grants: Vec<LiveGrant>,
    /// Where the next page goes on; `None`: this is the last one.
    pub next: Option<String>,
}

/// Which grants are asked for.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// Those of this person alone.
    pub person: Option<PersonId>,
    /// Those to this client alone.
    pub client: Option<ClientId>,
}

impl Service {
    /// The grants of a filter that live, behind a place that a page named, at most so many. Of a client alone all lines are walked. Reads
    /// rows: for a thread that may block.
    ///
    /// # Errors
    /// `InvalidRequest` where the place is none of this filter; [`Failure::Fault`] when the engine cannot read.
    pub fn list_grants(&self, filter: &GrantFilter, after: Option<&str>, limit: usize, moment: &Moment) -> Result<GrantPage, Failure> {
        let prefix = filter.person.as_ref().map_or_else(Key::new, |person| prefix(person, filter.client.as_ref()));
        let mut behind = after.map(|text| parse(text).ok_or_else(|| Refusal::invalid("no page of grants goes on there"))).transpose()?;
        let view = self.store.view()?;
        let (mut grants, mut reads) = (Vec::new(), 0);
        while reads < READS_MAX {
            let open = behind.as_ref().and_then(|place: &Key| place.get(prefix.len()..));
            let rows = view.find(&Find { prefix: &prefix, after: open, ..Find::first(&of_person::TABLE, STEP) })?;
            for row in &rows {
                let line = GrantOfPerson::from_row(&row.record).map_err(damaged)?;
                if let Some(live) = self.live_grant_of(&line, filter, &*view, moment)? {
                    if grants.len() == limit {
                        return Ok(GrantPage { grants, next: behind.as_ref().map(text) });
                    }
                    grants.push(live);
                }
                behind = Some(line.key());
            }
            if rows.len() < STEP {
                return Ok(GrantPage { grants, next: None });
            }
            reads += rows.len();
        }
        Ok(GrantPage { grants, next: behind.as_ref().map(text) })
    }

    fn live_grant_of(
        &self,
        line: &GrantOfPerson,
        filter: &GrantFilter,
        view: &dyn View,
        moment: &Moment,
    ) -> Result<Option<LiveGrant>, Failure> {
        if filter.client.as_ref().is_some_and(|client| *client != line.client) {
            return Ok(None);
        }
        let Some(row) = view.get(&TABLE, &vec![Value::Id(line.grant.0)])? else { return Ok(None) };
        Ok(self.live_grant(Grant::from_row(&row.record).map_err(damaged)?, moment))
    }

    /// This grant, where it lives.
    pub(crate) fn live_grant(&self, grant: Grant, moment: &Moment) -> Option<LiveGrant> {
        let (between, now) = (Between::of(&grant), self.ledger_time(moment).seconds());
        let person = self.registry.people.all.get(grant.person.as_str());
        let family = grant.family.as_ref();
        let expires_at = family.map_or(grant.expires_at, |family| ends_at(&grant, family, &self.registry.policies()));
        let lives = is_there(&grant)
            && grant.created_at >= self.ended_before(&between)
            && person.is_some_and(|person| person.record.is_active())
            && self.registry.clients.get(grant.client.as_str()).is_some()
            && now < expires_at;
        let is_suspended = self.check_not_suspended(&between, None).is_err() || self.check_not_fenced(grant.id.issued_at()).is_err();
        lives.then_some(LiveGrant { grant, expires_at, is_suspended })
    }
}

/// The key of a line, as a place that a page names.
fn text(key: &Key) -> String {
    let word = |value: &Value| match value.as_text() {
        Some(text) => text.to_string(),
        None => value.as_bytes().and_then(|id| id.try_into().ok()).map_or_else(String::new, |id| GrantId(id).to_string()),
    };
    key.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn parse(place: &str) -> Option<Key> {
    let mut words = place.split(' ');
    let (person, client, grant) = (words.next()?, words.next()?, GrantId::parse(words.next()?)?);
    words.next().is_none().then(|| vec![Value::text(person), Value::text(client), Value::Id(grant.0)])
}
