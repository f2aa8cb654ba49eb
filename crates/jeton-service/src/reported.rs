//! Credentials that whoever found them hands in as leaked: taken at once, whatever they are, and ended in the background. Neither the answer nor
//! the time it takes tells whether one exists.

use std::sync::PoisonError;

use jeton_core::api_key::end_previous::end_previous;
use jeton_core::api_key::revoke::revoke as revoke_key;
use jeton_core::api_key::secret::Slot;
use jeton_core::client::secret::change;
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::rate::RateLimit;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::revoke::revoke;
use jeton_core::why::Why;
use jeton_jose::jws::{MAX_TOKEN_BYTES, Unverified};
use jeton_token::{Kind, Secret, Token};

use crate::failure::Failure;
use crate::leaks::Leaks;
use crate::pasted::Credential;
use crate::service::Service;
use crate::text_digest::TextDigest;

/// How many may be handed in at a time.
pub const REPORTED_MAX: usize = 1_000;
/// How many wait at most to be looked at, and the most bytes of their texts.
const WAITING: usize = 10_000;
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// How often one network may hand some in, and within how many seconds.
const CALLS: (i64, i64) = (60, 3_600);
/// When to come again where there is no room, or where it is not kept, in seconds.
const ROOM_SECONDS: i64 = 60;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// All of it is looked at.
    Taken,
    /// All of it is looked at, and what ends by it may be lost with the disk by now: hand it in again after so many seconds.
    NotKept(i64),
    /// None of it is; come again after so many seconds.
    Later(i64),
}

impl Service {
    /// Whether a network may hand in something now, which counts as once; after how many seconds it may, where not. Told before anything of a
    /// request is read.
    ///
    /// # Errors
    /// After how many seconds it may.
    pub fn admit_report(&self, network: &str, moment: &Moment) -> Result<(), i64> {
        let (count, period_seconds) = CALLS;
        let (Ok(limit), Some(digest)) = (RateLimit::new(count, period_seconds), TextDigest::of(network)) else { return Err(ROOM_SECONDS) };
        let Some(place) = digest.as_bytes().first_chunk::<16>() else { return Err(ROOM_SECONDS) };
        let rate = self.leaks.networks.take(ApiKeyId(*place), limit, self.ledger_time(moment).micros());
        if rate.allowed { Ok(()) } else { Err(rate.retry_seconds.max(1)) }
    }

    /// Takes credentials that leaked. Junk is left out by its checksums or its form.
    #[must_use]
    pub fn report(&self, credentials: Vec<Secret>) -> Reported {
        let plausible: Vec<Secret> = credentials.into_iter().filter(|text| self.may_be_ours(text.expose())).collect();
        let bytes: usize = plausible.iter().map(|text| text.expose().len()).sum();
        let mut waiting = self.leaks.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.texts.len() + plausible.len() > WAITING || waiting.bytes + bytes > WAITING_BYTES {
            return Reported::Later(ROOM_SECONDS);
        }
        waiting.texts.extend(plausible);
        waiting.bytes += bytes;
        // Of a text that nobody knows as of any other: the answer tells of none.
        if self.is_durable_now() { Reported::Taken } else { Reported::NotKept(ROOM_SECONDS) }
    }

    /// Whether a text may be a credential of ours, as far as the text alone tells.
    fn may_be_ours(&self, text: &str) -> bool {
        if let Ok(parsed) = Token::parse(text, &self.prefix) {
            let kinds = [Kind::AccessToken, Kind::ApiKey, Kind::PersonalAccessToken, Kind::ClientSecret];
            let root_keys = self.registry.root_keys();
            return kinds.contains(&parsed.kind()) && root_keys.epoch(parsed.epoch()).is_some_and(|keys| parsed.check(&keys.check));
        }
        text.len() <= MAX_TOKEN_BYTES && Unverified::parse(text, MAX_TOKEN_BYTES).is_ok()
    }

    /// Looks at what waits, and ends what is found of it; says how many that were. For a schedule, one at a time.
    ///
    /// # Errors
    /// [`Failure`]; what could not be ended waits on.
    pub async fn work_off_reports(&self) -> Result<u64, Failure> {
        let mut ended = 0;
        while let Some(mut next) = self.next_report() {
            let Some(text) = &next.text else { break };
            let moment = self.moments.now();
            match self.end_reported(text.expose(), &moment).await {
                Ok(is_ended) => ended += u64::from(is_ended),
                Err(Failure::Refused(refusal)) => tracing::warn!(%refusal, "a credential that was handed in could not be ended"),
                Err(failure) => return Err(failure),
            }
            next.text = None;
        }
        Ok(ended)
    }

    /// How many wait to be looked at.
    #[must_use]
    pub fn waiting_reports(&self) -> usize {
        self.leaks.waiting.lock().unwrap_or_else(PoisonError::into_inner).texts.len()
    }

    fn next_report(&self) -> Option<Next<'_>> {
        let mut waiting = self.leaks.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.texts.pop_front()?;
        waiting.bytes = waiting.bytes.saturating_sub(next.expose().len());
        Some(Next { leaks: &self.leaks, text: Some(next) })
    }

    /// Ends a credential that leaked. What has ended already stays as it is, and nothing is told of it again.
    async fn end_reported(&self, text: &str, moment: &Moment) -> Result<bool, Failure> {
        let Some(found) = self.credential_of_text(text).await? else { return Ok(false) };
        let actor = Actor::system();
        let mut ended = None;
        let done = match &found {
            Credential::Token(proven) => {
                let token = &proven.token;
                self.transact(moment, &token.client.0, |_, moment| {
                    let (_, Some(api)) = self.stand(proven, moment) else {
                        return Ok(nothing_left(Outcome::grant((), Commit::new(moment)), &mut ended));
                    };
                    let is_dead = self.is_dead_for_good(proven, &api, moment);
                    let outcome = revoke(token, &api.record.audience, (&actor, &Why::Reported.into()), is_dead, moment);
                    let owner = format!("client:{}", token.client);
                    Ok(told(outcome, (Kind::AccessToken.as_str(), &token.id.to_string(), &owner), &mut ended))
                })
                .await
            }
            Credential::Key(entry) => {
                let root_keys = self.registry.root_keys().clone();
                self.change_key(entry.key.record.id, moment, |_, key, moment| {
                    let of = &key.record;
                    // What was rotated out may lie in many places: the text before its present one says nothing of that.
                    let outcome = match of.slot_of(text, &root_keys) {
                        Some(Slot::Previous) => end_previous(key, &actor, moment),
                        _ => revoke_key(key, Why::Reported, &actor, moment),
                    };
                    Ok(told(outcome, (of.kind.name(), &of.id.to_string(), &of.owner.to_string()), &mut ended))
                })
                .await
            }
            // Nothing of it is left to end, and the key goes on.
            Credential::DeadText(_) => return Ok(false),
            Credential::ClientSecret(found) => {
                let owner = format!("client:{}", found.record.client);
                self.transact(moment, &found.record.client.0, |reading, moment| {
                    let entry = self.find_client(found.record.client.as_str())?;
                    reading.rely_on_secrets(&entry);
                    let known = entry.secrets.iter().find(|secret| secret.record.id == found.record.id).unwrap_or(found);
                    let outcome = change::revoke(&known.record, Why::Reported, &actor, moment);
                    Ok(told(outcome, (Kind::ClientSecret.as_str(), known.record.id.as_str(), &owner), &mut ended))
                })
                .await
            }
        };
        match done {
            // It stays as it is: nobody waits until its end of before is kept elsewhere.
            Err(Failure::Refused(_)) if ended == Some(Ended::Before) => Ok(false),
            done => done.map(|()| ended == Some(Ended::Now)),
        }
    }
}

/// When what was handed in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Before,
    Now,
}

/// What is looked at now. It waits again, first of all, where that fails or is broken off.
struct Next<'a> {
    leaks: &'a Leaks,
    text: Option<Secret>,
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        let Some(text) = self.text.take() else { return };
        let mut waiting = self.leaks.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += text.expose().len();
        waiting.texts.push_front(text);
    }
}

/// Adds the event for the owner, where anything was ended.
fn told(outcome: Outcome<()>, (kind, credential, owner): (&str, &str, &str), ended: &mut Option<Ended>) -> Outcome<()> {
    if outcome.commit.is_empty() {
        return nothing_left(outcome, ended);
    }
    *ended = Some(Ended::Now);
    let event = Event::CredentialReported { actor: Actor::system(), credential: credential.into(), kind: kind.into(), owner: owner.into() };
    Outcome { commit: outcome.commit.tell(event), ..outcome }
}

/// Where it had ended before, or may not be ended.
fn nothing_left(outcome: Outcome<()>, ended: &mut Option<Ended>) -> Outcome<()> {
    *ended = outcome.verdict.is_ok().then_some(Ended::Before);
    let over = |()| Err(Refusal::new(Reason::Conflict, "it has ended already"));
    Outcome { verdict: outcome.verdict.and_then(over), ..outcome }
}
