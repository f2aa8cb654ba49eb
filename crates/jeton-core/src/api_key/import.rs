//! Taking over keys that were made elsewhere, from the SHA-256 of their text: whoever holds one goes on as before.

use std::collections::BTreeSet;

use super::create::{CreateKey, describe};
use super::facts::KeyFacts;
use super::imported::{self, ImportedKey};
use super::secret::{KeptSecret, newest};
use super::{ApiKey, ApiKeyKind, TABLE, holder, word};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ApiKeyId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// One key to take over, and what is known of it.
pub struct ImportKey<'a> {
    /// Its surroundings.
    pub facts: KeyFacts<'a>,
    /// What is asked for; its lifetime is not read.
    pub request: &'a CreateKey,
    /// The SHA-256 of its text.
    pub sha256: [u8; 32],
    /// When it ends, in seconds, where that is known.
    pub expires_at: Option<i64>,
    /// Whether a key of that hash is there.
    pub is_known: bool,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is there from now on.
    Made(Box<ApiKey>),
    /// It was there before, and stays as it is.
    Existed,
    /// It was not taken over.
    Refused(Refusal),
}

/// The most keys of one commit.
pub const AT_ONCE_MAX: usize = 100;

/// Within how many seconds the ends are spread of keys whose end nobody says: not all of them end in the same hour.
const SPREAD_SECONDS: i64 = 30 * 86_400;

/// What exports write for a key that has no text: the SHA-256 of nothing.
const OF_NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Takes keys over: all that can be, in one commit.
pub fn import(keys: &[ImportKey<'_>], actor: &Actor, moment: &mut Moment) -> Outcome<Vec<Imported>> {
    let mut commit = Commit::new(moment);
    if keys.len() > AT_ONCE_MAX {
        return Outcome::refuse(Refusal::invalid(format!("at most {AT_ONCE_MAX} keys are imported at a time")), commit);
    }
    let (mut seen, mut all) = (BTreeSet::new(), vec![]);
    for import in keys {
        if import.is_known || seen.contains(&import.sha256) {
            all.push(Imported::Existed);
            continue;
        }
        match make(import, actor, moment) {
            Ok(key) => {
                seen.insert(import.sha256);
                commit = add(commit, &key, actor);
                all.push(Imported::Made(Box::new(key)));
            }
            Err(refusal) => all.push(Imported::Refused(refusal)),
        }
    }
    Outcome::grant(all, commit)
}

fn add(commit: Commit, key: &ApiKey, actor: &Actor) -> Commit {
    let foreign = ImportedKey { hash: key.current.hash, key: key.id, epoch: key.current.epoch };
    word::keep(commit.put(&TABLE, key.row()).put(&imported::TABLE, foreign.row()), None, Some(key)).tell(Event::ApiKeyImported {
        actor: actor.clone(),
        api: key.api.clone(),
        expires_at_seconds: key.current.expires_at,
        key: key.id,
        owner: key.owner.to_string().into(),
        scopes: key.scopes.as_str().into(),
    })
}

fn make(import: &ImportKey<'_>, actor: &Actor, moment: &mut Moment) -> Result<ApiKey, Refusal> {
    let ImportKey { facts, request, .. } = import;
    if import.sha256 == OF_NOTHING {
        let detail = "this is the SHA-256 of an empty text: whoever presents nothing would be this key; leave it out";
        return Err(Refusal::invalid(detail));
    }
    let (epoch, keys) = newest(facts.root_keys)?;
    let hash = keys.hash.wrap(&import.sha256);
    let client = facts.handed_out_by(&request.owner)?.map(|client| &client.id);
    let allowed = facts.allowed(ApiKeyKind::of(&request.owner), holder(&request.owner, client));
    let created_at = facts.secret_from(moment);
    let spread = spread_seconds(hash.as_bytes());
    let lifetime_seconds = match import.expires_at.map(|expires_at| expires_at.saturating_sub(created_at)) {
        Some(..=0) => return Err(Refusal::invalid("this key has ended already, as `expires_at` says: leave it out of the import")),
        Some(left) if left <= allowed.max_seconds => left,
        _ if allowed.default_seconds.saturating_add(spread) <= allowed.max_seconds => allowed.default_seconds + spread,
        _ => allowed.max_seconds - spread % (allowed.max_seconds / 2).max(1),
    };
    let secret = KeptSecret { hash, epoch, created_at, expires_at: created_at.saturating_add(lifetime_seconds) };
    // A rotation gives it what a new key would get.
    let later = (ApiKeyId::draw(moment), secret, allowed.default_seconds);
    Ok(ApiKey { is_imported: true, ..describe(facts, request, later, actor, moment)? })
}

/// From the keyed hash, so that the end of a key tells nothing of its text.
fn spread_seconds(hash: &[u8; 32]) -> i64 {
    let number = hash.iter().take(7).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    number % SPREAD_SECONDS
}
