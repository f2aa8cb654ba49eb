//! Making a key.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_token::Environment;

use super::except::excepted;
use super::facts::{KeyFacts, check_lifetime};
use super::metadata::Metadata;
use super::secret::{KeptSecret, Shape, newest, secret_context};
use super::state::State;
use super::{ApiKey, ApiKeyKind, TABLE, environment_name, holder, word};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ApiKeyId};
use crate::moment::Moment;
use crate::name::{parse_name, parse_words};
use crate::network::Networks;
use crate::once;
use crate::outcome::Outcome;
use crate::owner::Owner;
use crate::policy::exception::PolicyException;
use crate::policy::exception::request::{CreateException, put};
use crate::rate::RateLimit;
use crate::refusal::Refusal;
use crate::token::issue::Clear;

/// What is asked for; what is left out has a default, or no limit.
#[derive(Clone, Debug)]
pub struct CreateKey {
    /// Whose it is: a person's is a personal access token.
    pub owner: Owner,
    /// What people call it.
    pub name: String,
    /// What people want to remember of it.
    pub note: Option<String>,
    /// What programs want to remember of it.
    pub metadata: BTreeMap<String, String>,
    /// What it allows.
    pub scopes: Option<String>,
    /// From where it may be used.
    pub networks: Vec<String>,
    /// How often it may be used.
    pub rate: Option<RateLimit>,
    /// How many times it may be used in all.
    pub max_uses: Option<i64>,
    /// Where it may be used.
    pub environment: Environment,
    /// How long it lives, in seconds.
    pub expires_in_seconds: Option<i64>,
    /// What lets it live beyond the maximum instead.
    pub exception: Option<CreateException>,
    /// How long the one lives that it is made like, in seconds: where nobody says, this one lives as long, if that is allowed still.
    pub like_seconds: Option<i64>,
}

impl CreateKey {
    /// A request that leaves out all that may be.
    #[must_use]
    pub fn new(owner: Owner, name: &str) -> CreateKey {
        CreateKey {
            owner,
            name: name.to_owned(),
            note: None,
            metadata: BTreeMap::new(),
            scopes: None,
            networks: vec![],
            rate: None,
            max_uses: None,
            environment: Environment::Live,
            expires_in_seconds: None,
            exception: None,
            like_seconds: None,
        }
    }

    /// A request for another key like one that is there: with all that was asked for with that one.
    #[must_use]
    pub fn like(key: &ApiKey) -> CreateKey {
        CreateKey {
            note: key.note.as_deref().map(str::to_owned),
            metadata: key.metadata.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            scopes: Some(key.scopes.to_string()),
            networks: key.networks.iter().map(ToString::to_string).collect(),
            rate: key.rate,
            max_uses: key.max_uses,
            environment: key.environment,
            like_seconds: Some(key.lifetime_seconds),
            ..CreateKey::new(key.owner.clone(), &key.name)
        }
    }
}

/// A key whose secret exists once its commit is durable.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// Its text: shown once.
    pub clear: Clear,
    /// What lets it live beyond the maximum.
    pub exception: Option<PolicyException>,
}

/// Makes a key.
pub fn create(facts: &KeyFacts<'_>, request: &CreateKey, actor: &Actor, moment: &mut Moment) -> Outcome<CreatedKey> {
    let commit = Commit::new(moment);
    let CreatedKey { key, clear, exception } = match make(facts, request, actor, moment) {
        Ok(created) => created,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::ApiKeyCreated {
        actor: actor.clone(),
        api: key.api.clone(),
        environment: environment_name(key.environment).into(),
        expires_at_seconds: key.current.expires_at,
        key: key.id,
        kind: key.kind.name().into(),
        owner: key.owner.to_string().into(),
        scopes: key.scopes.as_str().into(),
    };
    let mut commit = word::keep(commit.put(&TABLE, key.row()), None, Some(&key)).tell(event);
    if let Some(exception) = &exception {
        commit = put(commit, exception, actor);
    }
    Outcome::grant(CreatedKey { key, clear, exception }, commit)
}

fn make(facts: &KeyFacts<'_>, request: &CreateKey, actor: &Actor, moment: &mut Moment) -> Result<CreatedKey, Refusal> {
    let (epoch, keys) = newest(facts.root_keys)?;
    let id = ApiKeyId::draw(moment);
    let kind = ApiKeyKind::of(&request.owner);
    let client = facts.handed_out_by(&request.owner)?.map(|client| &client.id);
    let allowed = facts.allowed(kind, holder(&request.owner, client));
    let created_at = facts.secret_from(moment);
    let lifetime_seconds = match &request.exception {
        Some(_) if request.expires_in_seconds.is_some() => {
            return Err(Refusal::invalid("a key ends with its exception: leave `expires_in_seconds` out"));
        }
        Some(exception) => exception.ends_at.saturating_sub(created_at),
        None => {
            let unsaid = request.like_seconds.map_or(allowed.default_seconds, |seconds| seconds.min(allowed.max_seconds));
            check_lifetime(kind, request.expires_in_seconds.unwrap_or(unsaid), allowed.max_seconds)?
        }
    };
    let shape = Shape { prefix: facts.prefix, environment: request.environment, kind: kind.token_kind(), id };
    let clear = shape.mint(&once::secret(moment, keys, || secret_context(id, 0)), epoch, keys);
    let expires_at = created_at.saturating_add(lifetime_seconds);
    let secret = KeptSecret { hash: keys.hash.hash(clear.0.expose()), epoch, created_at, expires_at };
    let key = describe(facts, request, (id, secret, lifetime_seconds), actor, moment)?;
    let exception = match &request.exception {
        Some(exception) => Some(exception.parse(&excepted(&key, created_at, facts.policies), actor, moment)?),
        None => None,
    };
    Ok(CreatedKey { key, clear, exception })
}

/// A key with this secret, as it is asked for.
pub(super) fn describe(
    facts: &KeyFacts<'_>,
    request: &CreateKey,
    (id, secret, lifetime_seconds): (ApiKeyId, KeptSecret, i64),
    actor: &Actor,
    moment: &Moment,
) -> Result<ApiKey, Refusal> {
    facts.check_owner()?;
    let now_seconds = moment.now.seconds();
    Ok(ApiKey {
        id,
        kind: ApiKeyKind::of(&request.owner),
        environment: request.environment,
        owner: request.owner.clone(),
        client: facts.handed_out_by(&request.owner)?.map(|client| client.id.clone()),
        api: facts.api.id.clone(),
        scopes: facts.scopes(request.scopes.as_deref())?,
        name: parse_name(&request.name, "a key")?,
        note: parse_note(request.note.as_deref())?,
        metadata: Metadata::new(request.metadata.clone())?,
        networks: Networks::said(request.networks.iter().map(String::as_str))?,
        rate: request.rate,
        max_uses: check_max_uses(request.max_uses, 0)?,
        state: State::Active,
        created_at: now_seconds,
        created_by: actor.clone(),
        updated_at: now_seconds,
        active_since: now_seconds,
        lifetime_seconds,
        current: secret,
        previous: None,
        generation: 0,
        repeat: None,
        is_imported: false,
        answers_from: now_seconds,
    })
}

pub(super) fn parse_note(note: Option<&str>) -> Result<Option<Arc<str>>, Refusal> {
    note.map(|note| parse_words(note, "a note")).transpose()
}

/// How many times a key may be used, of which some are handed out.
pub(super) fn check_max_uses(max_uses: Option<i64>, leased: i64) -> Result<Option<i64>, Refusal> {
    match max_uses {
        Some(uses) if uses < 1 => Err(Refusal::invalid("a key may be used at least once")),
        Some(uses) if uses < leased => Err(Refusal::invalid(format!("{leased} uses of this key were handed out already"))),
        uses => Ok(uses),
    }
}
