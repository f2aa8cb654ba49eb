//! Giving a key another secret; the one before goes on for a while.

use jeton_token::Prefix;

use super::facts::{KeyFacts, check_lifetime};
use super::outdated;
use super::secret::{KeptSecret, Shape, Slot, newest, secret_context};
use super::state::State;
use super::{ApiKey, Repeat, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::once;
use crate::outcome::Outcome;
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;
use crate::token::issue::Clear;

/// How long the secret before may go on, in seconds.
pub const OVERLAP_MAX_SECONDS: i64 = 30 * 86_400;

/// How long it goes on when nobody says, in seconds.
pub const OVERLAP_SECONDS: i64 = 86_400;

/// For how long a key may be told its new secret again, in seconds.
pub const REPEAT_SECONDS: i64 = 86_400;

/// For how long a key keeps a secret that a rotation gave it before it gives itself another, in seconds; a quarter of its life where that
/// is less. Each rotation is an entry of the ledger for ever, and whoever holds a key would write as many as they like.
pub const KEPT_SECONDS: i64 = 600;

/// What is asked for; what is left out has a default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotate {
    /// How long the secret before goes on, in seconds; a day.
    pub overlap_seconds: Option<i64>,
    /// How long the new one lives, in seconds; as long as the one before.
    pub expires_in_seconds: Option<i64>,
}

/// Who rotates a key.
#[derive(Clone, Copy, Debug)]
pub enum RotatedBy<'a> {
    /// Somebody who may.
    Administrator(&'a Actor),
    /// The key itself, proven by the secret of this slot: the one that it has, live, or the one before, as [`asking_again`] has it judged.
    Itself(Slot),
}

/// A key with a secret that exists once its commit is durable.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// What is kept of it.
    pub key: ApiKey,
    /// Its text: shown once; to the key itself again until it has used it.
    pub clear: Clear,
}

/// Rotates a key. One that does it itself and whose answer was lost asks again with its old secret, and gets the same one.
pub fn rotate(key: &Versioned<ApiKey>, facts: &KeyFacts<'_>, request: Rotate, by: RotatedBy<'_>, moment: &mut Moment) -> Outcome<Rotated> {
    let commit = Commit::new(moment);
    let before = &key.record;
    if let Err(refusal) = may_rotate(before, facts, moment) {
        return Outcome::refuse(refusal, commit);
    }
    let rotated = match by {
        RotatedBy::Itself(Slot::Previous) => {
            return match told_again(before, (facts.prefix, facts.root_keys), moment) {
                Ok((repeat, clear)) => tell_again(key, repeat, clear, commit, moment),
                Err(refusal) => Outcome::refuse(refusal, commit),
            };
        }
        RotatedBy::Itself(Slot::Current) => make(before, facts, request, true, moment),
        RotatedBy::Administrator(_) => make(before, facts, request, false, moment),
    };
    let Rotated { key: after, clear } = match rotated {
        Ok(rotated) => rotated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let (actor, by_itself) = match by {
        RotatedBy::Administrator(actor) => (actor.clone(), 0),
        RotatedBy::Itself(_) => (Actor::key(before.id), 1),
    };
    let (commit, after, outdated) = outdated::put(commit, after, moment);
    let commit = commit.tell(Event::ApiKeyRotated {
        actor,
        api: after.api.clone(),
        before_seconds: outdated.before_seconds,
        by_itself,
        ends_at_seconds: after.previous.as_ref().map_or(0, |previous| previous.expires_at),
        expires_at_seconds: after.current.expires_at,
        generation: after.generation,
        key: after.id,
        previous: key.version,
        until_seconds: outdated.until_seconds,
    });
    Outcome::grant(Rotated { key: after, clear }, commit)
}

fn may_rotate(key: &ApiKey, facts: &KeyFacts<'_>, moment: &Moment) -> Result<(), Refusal> {
    let conflict = |detail: &'static str| Err(Refusal::new(Reason::Conflict, detail));
    match key.state {
        State::Revoked(_) => return conflict("this key is revoked: make another one"),
        State::Suspended(_) => return conflict("this key is suspended: resume it first"),
        State::Active => {}
    }
    if key.ends_at(&key.current, facts.policies) <= moment.now.seconds() {
        return conflict("this key has expired: make another one");
    }
    facts.check_owner()
}

/// A length of time for people, in a unit of which there are some.
fn about(seconds: i64) -> String {
    match seconds {
        172_800.. => format!("{} days", (seconds + 43_200) / 86_400),
        7_200.. => format!("{} hours", (seconds + 1_800) / 3_600),
        120.. => format!("{} minutes", (seconds + 30) / 60),
        1 => "1 second".to_owned(),
        _ => format!("{seconds} seconds"),
    }
}

fn make(before: &ApiKey, facts: &KeyFacts<'_>, request: Rotate, by_itself: bool, moment: &mut Moment) -> Result<Rotated, Refusal> {
    let now_seconds = moment.now.seconds();
    let overlap_seconds = request.overlap_seconds.unwrap_or(OVERLAP_SECONDS);
    if !(0..=OVERLAP_MAX_SECONDS).contains(&overlap_seconds) {
        return Err(Refusal::invalid("the overlap is between 0 seconds and 30 days"));
    }
    if let Some(left) = before.previous.as_ref().map(|old| before.ends_at(old, facts.policies) - now_seconds).filter(|left| *left > 0) {
        let detail = format!("this key has two live secrets for another {}: end the previous one first, or wait", about(left));
        return Err(Refusal::new(Reason::Conflict, detail));
    }
    if by_itself {
        check_not_again(before, now_seconds)?;
    }
    let max_seconds = facts.allowed(before.kind, before.holder()).max_seconds;
    // A key gives itself no longer life than it was given.
    let most = if by_itself { max_seconds.min(before.lifetime_seconds) } else { max_seconds };
    let asked = request.expires_in_seconds.unwrap_or_else(|| before.lifetime_seconds.min(max_seconds));
    let expires_in = check_lifetime(before.kind, asked, most)?;
    let (epoch, keys) = newest(facts.root_keys)?;
    let generation = before.generation + 1;
    let previous = before.current.clone().ended(now_seconds + overlap_seconds);
    let (bytes, repeat) = if by_itself {
        let salt = moment.draw();
        // What was to end by itself within the day is not woken for it.
        let until = before.ends_at(&before.current, facts.policies).min(now_seconds + REPEAT_SECONDS);
        let repeat = Repeat { salt, until, told_again_at: None };
        (keys.derive_secret(&secret_context(before.id, generation), &salt), Some(repeat))
    } else {
        (once::secret(moment, keys, || secret_context(before.id, generation)), None)
    };
    let clear = shape(before, facts.prefix).mint(&bytes, epoch, keys);
    let created_at = facts.secret_from(moment);
    // What lives by an exception ends with it, also where that ends early.
    let exception = facts.policies.exception_of(before.kind.credential_kind(), &before.id.to_string());
    let ends_at = exception.map_or(i64::MAX, |exception| exception.record.ends_at);
    let current =
        KeptSecret { hash: keys.hash.hash(clear.0.expose()), epoch, created_at, expires_at: created_at.saturating_add(expires_in) }
            .ended(ends_at);
    let lifetime_seconds = if by_itself { before.lifetime_seconds } else { expires_in };
    let key = ApiKey { lifetime_seconds, current, previous: Some(previous), generation, repeat, is_imported: false, ..before.clone() };
    Ok(Rotated { key, clear })
}

fn check_not_again(key: &ApiKey, now_seconds: i64) -> Result<(), Refusal> {
    let kept_seconds = (key.lifetime_seconds / 4).clamp(1, KEPT_SECONDS);
    let retry_seconds = key.current.created_at.saturating_add(kept_seconds).saturating_sub(now_seconds);
    if key.generation == 0 || retry_seconds <= 0 {
        return Ok(());
    }
    let detail = format!("this key was rotated just now: it gives itself another secret in {retry_seconds} seconds at the earliest");
    Err(Refusal::new(Reason::TooSoon { retry_seconds }, detail))
}

/// The key as it is judged where its old secret asks for nothing but to be told the new one again: that goes on for a while after the
/// overlap, and not beyond the end that the old secret had before the rotation.
/// `None`: it is told nothing any more.
#[must_use]
pub fn asking_again(key: &ApiKey, now_seconds: i64) -> Option<ApiKey> {
    let until = key.repeat.as_ref().filter(|repeat| now_seconds < repeat.until)?.until;
    let previous = key.previous.clone().map(|old| KeptSecret { expires_at: old.expires_at.max(until), ..old });
    Some(ApiKey { previous, ..key.clone() })
}

/// The same secret once more, for a key that has not used it, by its old secret that speaks for nothing else.
fn told_again<'a>(key: &'a ApiKey, (prefix, root_keys): (&Prefix, &RootKeys), moment: &Moment) -> Result<(&'a Repeat, Clear), Refusal> {
    let repeat = key.repeat.as_ref().filter(|repeat| moment.now.seconds() < repeat.until);
    let (Some(repeat), Some(keys)) = (repeat, root_keys.epoch(key.current.epoch)) else {
        return Err(Refusal::new(Reason::Conflict, "this secret was replaced: go on with the one that took its place"));
    };
    let bytes = keys.derive_secret(&secret_context(key.id, key.generation), &repeat.salt);
    let clear = shape(key, prefix).mint(&bytes, key.current.epoch, keys);
    if keys.hash.hash(clear.0.expose()).matches(&key.current.hash) {
        return Ok((repeat, clear));
    }
    Err(Refusal::new(Reason::Conflict, "the prefix of tokens has changed since the rotation: ask an administrator to rotate this key"))
}

/// Whoever has the old secret gets the new one: that leaves an entry, once for each rotation, before it is told.
fn tell_again(key: &Versioned<ApiKey>, repeat: &Repeat, clear: Clear, commit: Commit, moment: &Moment) -> Outcome<Rotated> {
    let before = &key.record;
    if repeat.told_again_at.is_some() {
        return Outcome::grant(Rotated { key: before.clone(), clear }, commit);
    }
    let now_seconds = moment.now.seconds();
    let repeat = Repeat { told_again_at: Some(now_seconds), ..repeat.clone() };
    let after = ApiKey { repeat: Some(repeat), updated_at: now_seconds, ..before.clone() };
    let event = Event::ApiKeyToldAgain { actor: Actor::key(after.id), generation: after.generation, key: after.id, previous: key.version };
    Outcome::grant(Rotated { key: after.clone(), clear }, commit.put(&TABLE, after.row()).tell(event))
}

fn shape<'a>(key: &ApiKey, prefix: &'a Prefix) -> Shape<'a> {
    Shape { prefix, environment: key.environment, kind: key.kind.token_kind(), id: key.id }
}

/// The text of a secret that an administrator's request made, from the salt of that request; `None`: other secrets have taken its place.
#[must_use]
pub fn once_more(key: &ApiKey, salt: &[u8; 32], prefix: &Prefix, root_keys: &RootKeys) -> Option<Clear> {
    let secrets = [(Some(&key.current), key.generation), (key.previous.as_ref(), key.generation - 1)];
    secrets.into_iter().find_map(|(secret, generation)| {
        let secret = secret?;
        let keys = root_keys.epoch(secret.epoch)?;
        let clear = shape(key, prefix).mint(&keys.derive_secret(&secret_context(key.id, generation), salt), secret.epoch, keys);
        keys.hash.hash(clear.0.expose()).matches(&secret.hash).then_some(clear)
    })
}
