//! Fills a store with people who are signed in and codes that they allowed, and keeps the texts of the codes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jeton_core::authorize::way::Way;
use jeton_core::commit::Commit;
use jeton_core::grant::code::{self, AuthorizationCode, Sent};
use jeton_core::grant::scopes::{IdentityScopes, ScopesByApi};
use jeton_core::id::{ApiId, ClientId, GrantId, PersonId, RoleId, SessionId};
use jeton_core::moment::{Moment, Time};
use jeton_core::person::{self, Person};
use jeton_core::role::assign::{self, Assignment};
use jeton_core::role::holder::Holder;
use jeton_core::root_key::RootKeys;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_core::session::{self, Session};
use jeton_core::token::text::make;
use jeton_oauth::pkce::Verifier;
use jeton_oauth::{RedirectUri, ScopeSet};
use jeton_store::schema::SCHEMA;
use jeton_store_sqlite::{Options, SqliteStore};
use jeton_token::{Kind, Prefix};

use crate::clock;
use crate::failure::{Doing, Failure};
use crate::fill::{Deaf, finish, seed, submit};
use crate::fill_keys::root_keys;
use crate::jeton::Jeton;
use crate::tokens::Tokens;

/// Codes of one person: each gives a grant, and a person has so many to one client at most.
const OF_A_PERSON: usize = 100;
const BATCH: usize = 16;
const UNDER_WAY: usize = 4;
/// How long they are good, in seconds: what the policy of codes allows bounds it again.
const LIVES_SECONDS: i64 = 60;

/// What the codes are for.
pub(crate) struct Asked<'a> {
    /// Who asked.
    pub(crate) client: &'a str,
    /// The API.
    pub(crate) api: &'a str,
    /// What may be done there.
    pub(crate) scope: &'a str,
    /// The role that gives it.
    pub(crate) role: &'a str,
    /// Where they were sent.
    pub(crate) redirect_uri: &'a str,
    /// What the application can tell afterwards.
    pub(crate) verifier: &'a str,
    /// What tells these people from others that were written before.
    pub(crate) turn: usize,
}

/// Writes `count` codes into the data folder of `jeton`, whose server must be stopped. They are issued now, and good for a minute.
pub(crate) fn add(jeton: &Jeton, asked: &Asked<'_>, count: usize) -> Result<Tokens, Failure> {
    let options = Options::new(jeton.data(), &SCHEMA, seed()?);
    let store = jeton.on_server(|| SqliteStore::open(options, Arc::new(Deaf)))?.doing("opening the store")?;
    let mut drawn = Drawn::new(root_keys(jeton)?, asked)?;
    let (mut tokens, mut under_way) = (Tokens::default(), VecDeque::new());
    let people = count.div_ceil(OF_A_PERSON);
    let mut written = 0;
    while written < people {
        let mut commits = Vec::with_capacity(BATCH);
        while commits.len() < BATCH && written < people {
            let codes = OF_A_PERSON.min(count - written * OF_A_PERSON);
            commits.push(drawn.person(written, codes, &mut tokens)?);
            written += 1;
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
    api: ApiId,
    role: RoleId,
    scopes: ScopesByApi,
    way: Way,
    turn: usize,
    moment: Moment,
}

impl Drawn {
    fn new(root_keys: RootKeys, asked: &Asked<'_>) -> Result<Drawn, Failure> {
        let api = ApiId::from(asked.api);
        let scope = ScopeSet::parse(asked.scope).doing("reading the scope")?;
        let verifier = Verifier::parse(asked.verifier).doing("reading the verifier")?;
        Ok(Drawn {
            root_keys,
            client: ClientId::from(asked.client),
            scopes: ScopesByApi::new(BTreeMap::from([(api.clone(), scope)])).ok_or_else(|| Failure::new("too many APIs"))?,
            api,
            role: RoleId::from(asked.role),
            way: Way::Address {
                redirect_uri: RedirectUri::parse(asked.redirect_uri).doing("reading the address")?,
                challenge: Some(verifier.challenge()),
            },
            turn: asked.turn,
            moment: Moment::new(Time::from_seconds(clock::unix_seconds()), seed()?),
        })
    }

    /// Somebody who is signed in, may do what the role gives, and allowed so many codes.
    fn person(&mut self, number: usize, codes: usize, tokens: &mut Tokens) -> Result<Commit, Failure> {
        let now = self.moment.now.seconds();
        let person = Person {
            id: PersonId::from(format!("user_t{}n{number}", self.turn).as_str()),
            username: format!("t{}n{number}", self.turn).into(),
            name: None,
            email: None,
            state: person::State::Active,
            created_at: now,
            updated_at: now,
            email_verified_at: None,
            locale: None,
            attributes: BTreeMap::new(),
        };
        let assignment = Assignment { role: self.role.clone(), holder: Holder::Person(person.id.clone()), created_at: now };
        let id = SessionId::draw(&mut self.moment);
        let proof = make(Kind::Session, id.0, Prefix::default(), &self.root_keys, &mut self.moment).doing("making a session")?.proof;
        let authenticated = Authenticated::by_password(now);
        let session = Session {
            id,
            person: person.id.clone(),
            proof,
            authenticated,
            created_at: now,
            renewed_at: now,
            expires_at: now + 30 * 86_400,
            sender: Sender::default(),
        };
        let mut commit = Commit::new(&mut self.moment)
            .put(&person::TABLE, person.row())
            .put(&assign::TABLE, assignment.row())
            .put(&session::TABLE, session.row());
        for _ in 0..codes {
            commit = commit.put(&code::TABLE, self.code(&session, tokens)?.row());
        }
        Ok(commit)
    }

    fn code(&mut self, session: &Session, tokens: &mut Tokens) -> Result<AuthorizationCode, Failure> {
        let now = self.moment.now.seconds();
        let id = GrantId::draw(&mut self.moment);
        let made = make(Kind::AuthorizationCode, id.0, Prefix::default(), &self.root_keys, &mut self.moment).doing("making a code")?;
        tokens.push(made.clear.0.expose().as_bytes());
        Ok(AuthorizationCode {
            id,
            proof: made.proof,
            client: self.client.clone(),
            person: session.person.clone(),
            session: session.id,
            sent: Sent::By(self.way.clone()),
            scopes: self.scopes.clone(),
            identity: IdentityScopes::default(),
            api: self.api.clone(),
            nonce: None,
            authenticated: session.authenticated,
            consent_ends_at: now + 365 * 86_400,
            issued_at: now,
            expires_at: now + LIVES_SECONDS,
        })
    }
}
