//! Fills a store with API keys as the server would make them, by the hundred thousand, and keeps the texts of some.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::api::Api;
use jeton_core::api_key::create::{CreateKey, create};
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::{self, word};
use jeton_core::commit::Commit;
use jeton_core::id::Actor;
use jeton_core::moment::{Moment, Time};
use jeton_core::owner::Owner;
use jeton_core::policy::effective::Policies;
use jeton_core::rate::RateLimit;
use jeton_core::record::Value;
use jeton_core::rights::Rights;
use jeton_core::root_key::RootKeys;
use jeton_core::why::Why;
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store;
use jeton_store_sqlite::{Options, SqliteStore};
use jeton_token::Prefix;

use crate::clock;
use crate::failure::{Doing, Failure};
use crate::fill::{Deaf, finish, seed, submit};
use crate::jeton::Jeton;
use crate::tokens::Tokens;

/// Keys of one commit, and commits of one batch.
const COMMIT: usize = 16;
const BATCH: usize = 64;
const UNDER_WAY: usize = 4;

/// The keys were made over so long.
const SPAN_SECONDS: i64 = 60 * 86_400;

/// The API that the keys are for.
pub(crate) const AUDIENCE: &str = "https://keys.example";
/// How many owners they have.
pub(crate) const OWNERS: usize = 10_000;

/// In the notes of how many each of these words stands: one in so many.
pub(crate) const RARE: usize = 1_000;

/// One in so many is revoked.
const REVOKED: usize = 20;

/// What the texts are kept of.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Keys without limits.
    pub(crate) plain: Tokens,
    /// Keys with a rate limit that they do not reach.
    pub(crate) rated: Tokens,
    /// Keys with more uses than are taken.
    pub(crate) counted: Tokens,
}

/// Writes `count` keys for the API of this id into the data folder of `jeton`, whose server must be stopped. The texts of the last `known` of
/// them are kept, and of `limited` more with a limit of each kind.
pub(crate) fn add(jeton: &Jeton, api: &str, count: usize, (known, limited): (usize, usize)) -> Result<Texts, Failure> {
    let options = Options::new(jeton.data(), &SCHEMA, seed()?);
    let store = jeton.on_server(|| SqliteStore::open(options, Arc::new(Deaf)))?.doing("opening the store")?;
    let api = {
        let view = store.view().doing("reading the API")?;
        let row = view.get(&jeton_core::api::TABLE, &vec![Value::text(api)]).doing("reading the API")?;
        Api::from_row(&row.ok_or_else(|| Failure::new("the API is not there"))?.record).doing("reading the API")?
    };
    let mut drawn = Drawn::new(jeton, api, count + 2 * limited)?;
    let mut texts = Texts::default();
    let mut under_way = VecDeque::new();
    let mut number = 0;
    while number < count + 2 * limited {
        let mut commits = Vec::with_capacity(BATCH);
        while commits.len() < BATCH && number < count + 2 * limited {
            let mut commit = Commit::new(&mut drawn.committing);
            for _ in 0..COMMIT {
                let kept = match number {
                    _ if number >= count + limited => Some((&mut texts.counted, Limited::Uses)),
                    _ if number >= count => Some((&mut texts.rated, Limited::Rate)),
                    _ if number + known >= count => Some((&mut texts.plain, Limited::No)),
                    _ => None,
                };
                let limited = kept.as_ref().map_or(Limited::No, |(_, limited)| *limited);
                let (text, with) = drawn.next(number, limited, kept.is_some(), commit)?;
                commit = with;
                if let Some((texts, _)) = kept {
                    texts.push(text.as_bytes());
                }
                number += 1;
            }
            commits.push(commit);
        }
        under_way.push_back(submit(&*store, "bench".into(), commits));
        if under_way.len() >= UNDER_WAY
            && let Some(batch) = under_way.pop_front()
        {
            finish(batch)?;
        }
    }
    under_way.into_iter().try_for_each(finish)?;
    Ok(texts)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limited {
    No,
    Rate,
    Uses,
}

struct Drawn {
    api: Api,
    rights: Rights,
    policies: Policies,
    prefix: Prefix,
    root_keys: RootKeys,
    making: Moment,
    committing: Moment,
    begin_seconds: i64,
    count: usize,
}

impl Drawn {
    fn new(jeton: &Jeton, api: Api, count: usize) -> Result<Drawn, Failure> {
        let now = Time::from_seconds(clock::unix_seconds());
        Ok(Drawn {
            rights: Rights::of_external(&api, None),
            api,
            policies: Policies::default(),
            prefix: Prefix::default(),
            root_keys: root_keys(jeton)?,
            making: Moment::new(now, seed()?),
            committing: Moment::new(now, seed()?),
            begin_seconds: now.seconds() - SPAN_SECONDS,
            count: count.max(1),
        })
    }

    /// The text of the next key, and the commit with its rows.
    fn next(&mut self, number: usize, limited: Limited, must_live: bool, commit: Commit) -> Result<(String, Commit), Failure> {
        let passed =
            SPAN_SECONDS * i64::try_from(number).doing("counting the keys")? / i64::try_from(self.count).doing("counting the keys")?;
        self.making.now = Time::from_seconds(self.begin_seconds + passed);
        let facts = KeyFacts {
            api: &self.api,
            rights: &self.rights,
            client: None,
            policies: &self.policies,
            prefix: &self.prefix,
            root_keys: &self.root_keys,
            not_before_seconds: 0,
        };
        let refused = |error: jeton_core::refusal::Refusal| Failure::new(format!("a key could not be made: {}", error.detail));
        let mut request = CreateKey::new(Owner::External(format!("customer-{}", number % OWNERS).into()), &format!("key {number}"));
        request.note = Some(format!("import batch{}", number % RARE));
        match limited {
            Limited::No => {}
            Limited::Rate => request.rate = Some(RateLimit::new(1_000_000, 1).map_err(refused)?),
            Limited::Uses => request.max_uses = Some(1_000_000_000),
        }
        let made = create(&facts, &request, &Actor::system(), &mut self.making).verdict.map_err(refused)?;
        let mut key = made.key;
        if number.is_multiple_of(REVOKED) && !must_live {
            key.state = State::Revoked(Ended { at: self.making.now.seconds(), by: Actor::system(), why: Why::Unspecified.into() });
        }
        let id = Value::Id(key.id.0);
        let commit = commit.put(&api_key::TABLE, key.row());
        let commit =
            word::words(&key).into_iter().fold(commit, |commit, word| commit.put(&word::TABLE, vec![Value::Text(word), id.clone()]));
        Ok((made.clear.0.expose().to_owned(), commit))
    }
}

/// The epochs of the root file: a number and base64url of 32 bytes on each line that is no comment.
pub(crate) fn root_keys(jeton: &Jeton) -> Result<RootKeys, Failure> {
    let text = fs::read_to_string(jeton.root_key_file()).doing("reading the root file")?;
    let epoch = |line: &str| {
        let (number, secret) = line.split_once(' ')?;
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(secret.trim()).ok()?.try_into().ok()?;
        Some((number.parse().ok()?, bytes.into()))
    };
    RootKeys::new(text.lines().filter(|line| !line.starts_with('#')).filter_map(epoch)).doing("reading the root file")
}
