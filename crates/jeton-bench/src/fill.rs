//! Fills a store with what could not be issued over HTTP in the time of a run: rows that others are found among.

use std::collections::VecDeque;
use std::sync::Arc;

use aws_lc_rs::rand::SecureRandom;
use jeton_core::commit::Commit;
use jeton_core::id::{Actor, ApiId, ClientId, CommitId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::token::{self, AccessToken};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{CommitError, Fault, Group, Store, Submission, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore};
use jeton_token::SecretHash;
use tokio::sync::oneshot;

use crate::clock;
use crate::failure::{Doing, Failure};
use crate::jeton::Jeton;
use crate::raw;

/// Commits that are handed over together: what one group takes.
const BATCH: usize = 256;

/// Batches under way at a time.
const UNDER_WAY: usize = 4;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Whose tokens are written, and for what.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) client: ClientId,
    pub(crate) api: ApiId,
    pub(crate) audience: Arc<str>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Tokens that live, all in the slice of this hour: the table that the server issues into, too.
    Live,
    /// Tokens that live, and the revocation of each.
    Revoked,
    /// Tokens of three days ago: the server's next purge removes them.
    Expired,
}

/// Writes `count` tokens into the data folder of `jeton`, whose server must be stopped. Nobody holds their secrets.
pub(crate) fn add(jeton: &Jeton, owner: &Owner, content: Content, count: usize) -> Result<(), Failure> {
    let options = Options::new(jeton.data(), &SCHEMA, seed()?);
    let store = jeton.on_server(|| SqliteStore::open(options, Arc::new(Deaf)))?.doing("opening the store")?;
    let mut tokens = Drawn::new(content, count)?;
    let mut under_way = VecDeque::new();
    let mut left = count;
    while left > 0 {
        let size = left.min(BATCH);
        left -= size;
        let commits = (0..size).flat_map(|_| tokens.next(owner)).collect();
        under_way.push_back(submit(&*store, owner.client.0.clone(), commits));
        if under_way.len() >= UNDER_WAY
            && let Some(batch) = under_way.pop_front()
        {
            finish(batch)?;
        }
    }
    under_way.into_iter().try_for_each(finish)
}

pub(crate) type Answer = oneshot::Receiver<Result<u64, CommitError>>;

pub(crate) fn submit(store: &dyn Store, owner: Arc<str>, commits: Vec<Commit>) -> Vec<Answer> {
    let (submissions, answers) = commits
        .into_iter()
        .map(|commit| {
            let (reply, answer) = oneshot::channel();
            (Submission { commit, owner: owner.clone(), reply }, answer)
        })
        .unzip();
    store.submit(submissions);
    answers
}

pub(crate) fn finish(batch: Vec<Answer>) -> Result<(), Failure> {
    for answer in batch {
        let result = answer.blocking_recv().doing("waiting for a commit")?;
        result.map_err(|error| Failure::new(format!("a row could not be written: {error:?}")))?;
    }
    Ok(())
}

/// Tokens one after another, their ids spread evenly over a time.
struct Drawn {
    content: Content,
    moment: Moment,
    now: Time,
    id_micros: i64,
    step_micros: i64,
}

impl Drawn {
    fn new(content: Content, count: usize) -> Result<Self, Failure> {
        let seconds = clock::unix_seconds();
        let this_hour = seconds.div_euclid(HOUR) * HOUR;
        let (start, length) = match content {
            Content::Live | Content::Revoked => (this_hour, seconds - this_hour),
            Content::Expired => (this_hour - 3 * DAY, HOUR),
        };
        let step_micros = length * 1_000_000 / i64::try_from(count.max(1)).doing("counting the tokens")?;
        let now = Time::from_seconds(seconds);
        Ok(Self { content, moment: Moment::new(now, seed()?), now, id_micros: start * 1_000_000, step_micros })
    }

    /// The commits of the next token.
    fn next(&mut self, owner: &Owner) -> Vec<Commit> {
        self.id_micros += self.step_micros;
        self.moment.now = Time::from_micros(self.id_micros);
        let id = CredentialId::draw(&mut self.moment);
        let issued_at = self.moment.now.seconds();
        let token = AccessToken {
            id,
            client: owner.client.clone(),
            api: owner.api.clone(),
            scope: Arc::from("read"),
            issued_at,
            expires_at: issued_at + if self.content == Content::Expired { 20 } else { DAY },
            proof: Some((SecretHash::from_bytes(self.moment.draw()), 1)),
            held: None,
        };
        self.moment.now = self.now;
        let mut commit = Commit::new(&mut self.moment).put(&token::TABLE, token.row());
        // As the server does: the commit of an issue is found again by its row.
        commit.id = CommitId(id.0);
        let mut commits = vec![commit];
        if self.content == Content::Revoked {
            let actor = Actor(format!("client:{}", owner.client).into());
            commits.push(token::revoke::revoke(&token, &owner.audience, &actor, false, &mut self.moment).commit);
        }
        commits
    }
}

/// Nobody needs to hear of these rows: the server reads what it keeps in memory at its start.
pub(crate) struct Deaf;

impl Subscriber for Deaf {
    fn applied(&self, _group: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, _fault: &Fault) {
        // Each commit under way is answered with the fault.
    }
}

pub(crate) fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    raw::dice().fill(&mut seed).doing("drawing a seed")?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { client: ClientId::from("c"), api: ApiId::from("a"), audience: Arc::from("https://opaque.example") }
    }

    #[track_caller]
    fn check(content: Content, commits_each: usize, hours_ago: i64) {
        let now = clock::unix_seconds();
        let mut tokens = Drawn::new(content, 100).expect("dice");
        let mut last = Time::EPOCH;
        for _ in 0..100 {
            let commits = tokens.next(&owner());
            assert_eq!(commits.len(), commits_each);
            let issued = jeton_core::id::time_of(&commits[0].id.0);
            assert!(issued >= last && commits[0].time >= Time::from_seconds(now));
            last = issued;
            let age_hours = now.div_euclid(HOUR) - issued.seconds().div_euclid(HOUR);
            assert!((hours_ago - 1..=hours_ago + 1).contains(&age_hours), "{age_hours}");
        }
    }

    #[test]
    fn ids_lie_where_their_slice_is() {
        check(Content::Live, 1, 0);
        check(Content::Revoked, 2, 0);
        check(Content::Expired, 1, 72);
    }
}
