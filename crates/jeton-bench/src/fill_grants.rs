//! Fills a store with grants and their refresh families, by the million, and keeps the refresh tokens of some.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jeton_core::api_key::state::State;
use jeton_core::commit::Commit;
use jeton_core::grant::family::Family;
use jeton_core::grant::fingerprint::Fingerprint;
use jeton_core::grant::of_person::{self, GrantOfPerson};
use jeton_core::grant::scopes::{IdentityScopes, ScopesByApi};
use jeton_core::grant::{self, Grant, Origin};
use jeton_core::id::{ApiId, ClientId, CredentialId, GrantId, PersonId};
use jeton_core::moment::{Moment, Time};
use jeton_core::root_key::RootKeys;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_oauth::ScopeSet;
use jeton_store::schema::SCHEMA;
use jeton_store_sqlite::{Options, SqliteStore};
use jeton_token::Prefix;

use crate::clock;
use crate::failure::{Doing, Failure};
use crate::fill::{Deaf, finish, seed, submit};
use crate::fill_keys::root_keys;
use crate::jeton::Jeton;
use crate::tokens::Tokens;

/// Grants of one commit, and commits of one batch.
const COMMIT: usize = 16;
const BATCH: usize = 64;
const UNDER_WAY: usize = 4;

/// They were made over so long, and until so long ago.
const SPAN_SECONDS: i64 = 10 * 86_400;
const SINCE_SECONDS: i64 = 3_600;

/// So many of those whose tokens nobody knows are of one person.
const OF_A_PERSON: usize = 100;

/// Who allowed what to whom.
pub(crate) struct Allowed<'a> {
    /// The client.
    pub(crate) client: &'a str,
    /// The person whose refresh tokens are kept.
    pub(crate) person: &'a str,
    /// The API.
    pub(crate) api: &'a str,
    /// What may be done there.
    pub(crate) scope: &'a str,
}

/// Writes `count` grants into the data folder of `jeton`, whose server must be stopped, and gives the refresh tokens of `known` of them, spread
/// over all.
pub(crate) fn add(jeton: &Jeton, allowed: &Allowed<'_>, count: usize, known: usize) -> Result<Tokens, Failure> {
    let options = Options::new(jeton.data(), &SCHEMA, seed()?);
    let store = jeton.on_server(|| SqliteStore::open(options, Arc::new(Deaf)))?.doing("opening the store")?;
    let mut drawn = Drawn::new(root_keys(jeton)?, allowed, count)?;
    let (mut tokens, mut under_way) = (Tokens::default(), VecDeque::new());
    let mut number = 0;
    while number < count {
        let mut commits = Vec::with_capacity(BATCH);
        while commits.len() < BATCH && number < count {
            let mut commit = Commit::new(&mut drawn.committing);
            for _ in 0..COMMIT.min(count - number) {
                let is_known = (number + 1) * known / count > number * known / count;
                let (text, grant) = drawn.next(number, is_known)?;
                commit = commit.put(&of_person::TABLE, GrantOfPerson::of(&grant).row()).put(&grant::TABLE, grant.row());
                if let Some(text) = text {
                    tokens.push(text.as_bytes());
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
    Ok(tokens)
}

struct Drawn {
    root_keys: RootKeys,
    client: ClientId,
    person: PersonId,
    api: ApiId,
    scopes: ScopesByApi,
    fingerprint: Fingerprint,
    making: Moment,
    committing: Moment,
    begin_seconds: i64,
    count: usize,
}

impl Drawn {
    fn new(root_keys: RootKeys, allowed: &Allowed<'_>, count: usize) -> Result<Drawn, Failure> {
        let now = Time::from_seconds(clock::unix_seconds());
        let (client, api) = (ClientId::from(allowed.client), ApiId::from(allowed.api));
        let scope = ScopeSet::parse(allowed.scope).doing("reading the scope")?;
        let scopes = ScopesByApi::new(BTreeMap::from([(api.clone(), scope)])).ok_or_else(|| Failure::new("too many APIs"))?;
        Ok(Drawn {
            root_keys,
            fingerprint: Fingerprint::of(&client, allowed.scope, &api, None),
            client,
            person: PersonId::from(allowed.person),
            api,
            scopes,
            making: Moment::new(now, seed()?),
            committing: Moment::new(now, seed()?),
            begin_seconds: now.seconds() - SPAN_SECONDS - SINCE_SECONDS,
            count: count.max(1),
        })
    }

    /// The next grant, and its refresh token where somebody is to know it.
    fn next(&mut self, number: usize, is_known: bool) -> Result<(Option<String>, Grant), Failure> {
        let counted = |number: usize| i64::try_from(number).doing("counting the grants");
        let at = self.begin_seconds + SPAN_SECONDS * counted(number)? / counted(self.count)?;
        self.making.now = Time::from_seconds(at);
        let id = GrantId::draw(&mut self.making);
        let (salt, token) = (self.making.draw(), CredentialId::draw(&mut self.making));
        let sender = Sender { network: Some("192.0.2.0/24".into()), agent: Some("bench/1".into()) };
        let family = Family::begin(self.root_keys.current().0, salt, token, self.fingerprint, sender, &self.making);
        let text = if is_known { family.current(id, Prefix::default(), &self.root_keys) } else { None };
        let person = if is_known { self.person.clone() } else { PersonId::from(format!("user_bench{}", number / OF_A_PERSON).as_str()) };
        let grant = Grant {
            id,
            person,
            client: self.client.clone(),
            session: None,
            origin: Origin::Code,
            scopes: self.scopes.clone(),
            identity: IdentityScopes::default(),
            api: self.api.clone(),
            redirect_host: Some("bench.example".into()),
            proof: Authenticated::by_password(at),
            created_at: at,
            expires_at: at + 90 * 86_400,
            state: State::Active,
            family: Some(family),
        };
        Ok((text.map(|text| text.expose().to_owned()), grant))
    }
}
