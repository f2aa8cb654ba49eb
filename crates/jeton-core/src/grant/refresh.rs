//! Refreshing (RFC 6749 section 6): the current refresh token is spent and another takes its place; whoever asks again within the window, or
//! whose reply was lost, is answered as before; anything else is somebody else's copy, and ends the family.

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;
use jeton_token::Prefix;

use super::end::{ended, is_there};
use super::family::Family;
use super::fingerprint::Fingerprint;
use super::place::{Place, place};
use super::scopes::{IdentityScope, IdentityScopes};
use super::{Grant, TABLE};
use crate::api::{Api, userinfo};
use crate::client::Client;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::refusal::{Reason, Refusal};
use crate::rights::{Rights, granted};
use crate::root_key::RootKeys;
use crate::sender::Sender;
use crate::token::AccessToken;
use crate::token::held::Held;
use crate::token::mint::{Clear, Issued, Terms, mint, once_more};
use crate::token::scope::fitting;
use crate::why::{Because, Why};

/// What is known when it is decided.
pub struct Facts<'a> {
    /// The grant.
    pub grant: &'a Grant,
    /// Its family.
    pub family: &'a Family,
    /// The client, authenticated, or named where it is public.
    pub client: &'a Client,
    /// The API that a token is asked for; `None`: there is none such.
    pub api: Option<&'a Api>,
    /// Whether the person is there and not disabled.
    pub is_person_active: bool,
    /// What they may do at that API now.
    pub rights: &'a Rights,
    /// The latest cut-off over everything, the person, the client, the session and the family, in seconds: a grant from before it is dead.
    pub ended_before_seconds: i64,
    /// The latest cut-off over that API, in seconds.
    pub api_ended_before_seconds: i64,
    /// When the person last proved who they are, in seconds.
    pub reauthenticated_at: i64,
    /// How long that counts, in seconds.
    pub reauthentication_seconds: i64,
    /// The access token of the current generation, where it stands.
    pub last: Option<&'a AccessToken>,
    /// How long credentials may live.
    pub policies: &'a Policies,
    /// How long a spent token is answered as before, in seconds.
    pub window_seconds: i64,
    /// The latest cut-off over any token of the family, in seconds: one that is issued now must not lie before it.
    pub not_before_seconds: i64,
    /// Since when everything that was spent is known, in seconds.
    pub known_from_seconds: i64,
    /// The first part of texts.
    pub prefix: &'a Prefix,
    /// What texts are derived from.
    pub root_keys: &'a RootKeys,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Refresh<'a> {
    /// The number of the refresh token that was presented.
    pub generation: u32,
    /// The scope; `None`: all that was granted.
    pub scope: Option<&'a ScopeSet>,
    /// The thumbprint of the key that the token is to be bound to.
    pub confirmation: Option<&'a str>,
    /// Who asks.
    pub sender: &'a Sender,
}

/// What a refresh gives, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// How it came about.
    pub how: How,
    /// The access token.
    pub issued: Issued,
    /// The current refresh token.
    pub refresh: Clear,
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The token was spent: there is a new one.
    Rotated,
    /// The same as before.
    Again,
    /// The current refresh token once more, and another access token.
    Fresh,
}

/// How long an access token must live that is told again, in seconds.
const LEFT_SECONDS: i64 = 5;
/// How often a lost reply is told again after its window, in seconds.
const RECOVERY_SECONDS: i64 = 86_400;
/// How often it is noted that a token is used which does not rotate, in seconds.
const NOTED_SECONDS: i64 = 60;

/// What is answered to whoever presents a token that is of no use: the same for one that expired as for one that was stolen.
const OF_NO_USE: &str = "the refresh token is unknown, was ended, or has expired: let the person sign in again";

/// What was asked for, as far as it is granted.
struct Asked<'a> {
    api: &'a Api,
    scope: Arc<str>,
    fingerprint: Fingerprint,
}

/// Decides a refresh.
pub fn refresh(facts: &Facts<'_>, request: &Refresh<'_>, moment: &mut Moment) -> Outcome<Refreshed> {
    let (commit, now) = (Commit::new(moment), moment.now.seconds());
    if !stands(facts, now) {
        return Outcome::refuse(of_no_use(), commit);
    }
    let place = place(facts.family, request.generation, facts.window_seconds, now);
    let is_reused = match place {
        Place::Reused => true,
        Place::Predecessor => !may_recover(facts, request, now),
        Place::Ahead if facts.grant.created_at >= facts.known_from_seconds => return Outcome::refuse(of_no_use(), commit),
        Place::Current | Place::CurrentOfMany | Place::Within | Place::Ahead => false,
    };
    if is_reused {
        return reused(facts, request, commit, moment);
    }
    if now > facts.reauthenticated_at.saturating_add(facts.reauthentication_seconds) {
        let detail = "the person must sign in again before this refresh token is accepted";
        return Outcome::refuse(Refusal::new(Reason::InvalidGrant, detail), commit);
    }
    let decided = asked(facts, request).and_then(|asked| match place {
        Place::Current | Place::Ahead if rotates(facts.client) => rotate(facts, request, &asked, commit.clone(), moment),
        Place::Current | Place::Ahead => unrotated(facts, request, &asked, commit.clone(), moment),
        Place::CurrentOfMany | Place::Within | Place::Predecessor | Place::Reused => {
            repeat(facts, &asked, recovering(facts, place, commit.clone(), now), moment)
        }
    });
    match decided {
        Ok((refreshed, commit)) => Outcome::grant(refreshed, commit),
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

/// Whether the access token of the current generation is asked for, to decide over a token that stands there.
#[must_use]
pub fn needs_last(family: &Family, generation: u32, window_seconds: i64, at: i64) -> bool {
    matches!(place(family, generation, window_seconds, at), Place::CurrentOfMany | Place::Within | Place::Predecessor)
}

/// When a grant with a family ends, in seconds: by its own time, by today's maximum, or since nobody refreshed.
#[must_use]
pub fn ends_at(grant: &Grant, family: &Family, policies: &Policies) -> i64 {
    let allowed = policies.resolve(CredentialKind::RefreshToken, None, Some(&grant.client));
    let idle = allowed.idle_seconds.map_or(i64::MAX, |seconds| family.rotated_at.saturating_add(seconds));
    grant.expires_at.min(grant.created_at.saturating_add(allowed.max_seconds)).min(idle)
}

/// Whether the refresh tokens of a client rotate: those of one that proves itself need not.
fn rotates(client: &Client) -> bool {
    client.rotates || client.is_public()
}

fn stands(facts: &Facts<'_>, now: i64) -> bool {
    let Facts { grant, family, client, policies, .. } = facts;
    grant.client == client.id
        && is_there(grant)
        && grant.created_at >= facts.ended_before_seconds
        && facts.is_person_active
        && now < ends_at(grant, family, policies)
}

fn of_no_use() -> Refusal {
    Refusal::new(Reason::InvalidGrant, OF_NO_USE)
}

/// Whether a reply that was lost is told again after its window: to the network and program that spent the token, once a day. What that one
/// asks once more within a window is the same recovery.
fn may_recover(facts: &Facts<'_>, request: &Refresh<'_>, now: i64) -> bool {
    let again = facts
        .family
        .recovered_at
        .is_none_or(|at| now < at.saturating_add(facts.window_seconds) || now >= at.saturating_add(RECOVERY_SECONDS));
    again && facts.family.sender.is_same_as(request.sender)
}

/// Ends the family and all that came of it.
fn reused(facts: &Facts<'_>, request: &Refresh<'_>, commit: Commit, moment: &mut Moment) -> Outcome<Refreshed> {
    let Facts { grant, family, .. } = facts;
    let actor = Actor::client(&grant.client);
    let event = Event::GrantReused {
        actor: actor.clone(),
        client: grant.client.clone(),
        current: family.generation,
        generation: request.generation,
        grant: grant.id,
        network: request.sender.network.clone(),
        user: grant.person.clone(),
    };
    let commit = ended(commit.tell(event), grant, facts.not_before_seconds, &actor, &Because::Reason(Why::Reused), moment);
    Outcome::refuse(of_no_use(), commit)
}

fn asked<'a>(facts: &Facts<'a>, request: &Refresh<'_>) -> Result<Asked<'a>, Refusal> {
    let Facts { grant, client, .. } = facts;
    let target = || Refusal::new(Reason::InvalidTarget, "the resource is unknown, or not one that was granted");
    let api = facts.api.ok_or_else(target)?;
    let allowed = grant.scopes.of(&api.id).ok_or_else(target)?;
    if !(client.apis.contains(&api.id) || userinfo::is(&api.id)) || grant.created_at < facts.api_ended_before_seconds {
        return Err(target());
    }
    let (wanted, identity) = match request.scope {
        None => (allowed.clone(), grant.identity),
        Some(scope) => narrowed(scope, allowed, grant.identity)?,
    };
    let of_client = (!userinfo::is(&api.id)).then_some(&client.scopes);
    let left = granted(&wanted, &api.scope_set(), of_client, facts.rights, None);
    if left.is_empty() && !wanted.is_empty() {
        let detail = "nothing of what was granted for that resource is allowed any more";
        return Err(Refusal::new(Reason::InvalidScope, detail));
    }
    let scope = fitting(scope_of(&left, identity))?;
    let fingerprint = Fingerprint::of(&client.id, &scope, &api.id, request.confirmation);
    Ok(Asked { api, scope, fingerprint })
}

/// What is asked for of what was granted.
fn narrowed(scope: &ScopeSet, allowed: &ScopeSet, identity: IdentityScopes) -> Result<(ScopeSet, IdentityScopes), Refusal> {
    let of_identity = |name: &str| IdentityScope::from_name(name).filter(|scope| identity.has(*scope));
    if let Some(beyond) = scope.iter().find(|name| !allowed.contains(name) && of_identity(name).is_none()) {
        return Err(Refusal::new(Reason::InvalidScope, format!("the scope '{beyond}' was not granted for this resource")));
    }
    Ok((scope.intersection(allowed), scope.iter().filter_map(of_identity).collect()))
}

/// The scope of an access token: what it may at its API, and what it tells of the person.
pub(super) fn scope_of(scopes: &ScopeSet, identity: IdentityScopes) -> Arc<str> {
    let mut names: Vec<&str> = scopes.iter().chain(identity.iter().map(|scope| scope.name())).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ").into()
}

type Decided = Result<(Refreshed, Commit), Refusal>;

/// The token is spent. Of one that is ahead those between are spent too.
fn rotate(facts: &Facts<'_>, request: &Refresh<'_>, asked: &Asked<'_>, commit: Commit, moment: &mut Moment) -> Decided {
    let (now, before) = (moment.now.seconds(), facts.family);
    let generation = request.generation.checked_add(1).ok_or_else(of_no_use)?;
    let skipped = request.generation.abs_diff(before.generation).min(8);
    let spent = (0..skipped).fold(before.spent, |spent, _| spent.with(before.rotated_at)).with(now);
    let (issued, commit) = fresh(facts, asked, commit, moment)?;
    let family = Family {
        generation,
        epoch: facts.root_keys.current().0,
        spent,
        token: issued.token.id,
        fingerprint: asked.fingerprint,
        rotated_at: now,
        sender: request.sender.clone(),
        ..before.clone()
    };
    let refresh = current(facts, &family)?;
    let row = Grant { family: Some(family), ..facts.grant.clone() }.row();
    Ok((Refreshed { how: How::Rotated, issued, refresh }, commit.put(&TABLE, row).spending()))
}

/// The token stays: that it was used is noted now and then, since one that nobody uses ends.
fn unrotated(facts: &Facts<'_>, request: &Refresh<'_>, asked: &Asked<'_>, commit: Commit, moment: &mut Moment) -> Decided {
    let (now, before) = (moment.now.seconds(), facts.family);
    let (issued, commit) = fresh(facts, asked, commit, moment)?;
    let family = Family { generation: request.generation, rotated_at: now, ..before.clone() };
    let refresh = current(facts, &family)?;
    let is_noted = now < before.rotated_at.saturating_add(NOTED_SECONDS) && family.generation == before.generation;
    let row = Grant { family: Some(family), ..facts.grant.clone() }.row();
    let commit = if is_noted { commit } else { commit.put(&TABLE, row) };
    Ok((Refreshed { how: How::Fresh, issued, refresh }, commit))
}

/// Notes that a reply which was lost is told again.
fn recovering(facts: &Facts<'_>, place: Place, commit: Commit, now: i64) -> Commit {
    let Facts { grant, family, .. } = facts;
    let is_recent = family.recovered_at.is_some_and(|at| now < at.saturating_add(facts.window_seconds));
    if place != Place::Predecessor || is_recent {
        return commit;
    }
    let recovered = Family { recovered_at: Some(now), ..(*family).clone() };
    let event = Event::GrantRecovered {
        actor: Actor::client(&grant.client),
        client: grant.client.clone(),
        generation: family.generation,
        grant: grant.id,
        user: grant.person.clone(),
    };
    commit.put(&TABLE, Grant { family: Some(recovered), ..(*grant).clone() }.row()).tell(event)
}

/// The current refresh token once more; the same access token to whoever asks for the same.
fn repeat(facts: &Facts<'_>, asked: &Asked<'_>, commit: Commit, moment: &mut Moment) -> Decided {
    let refresh = current(facts, facts.family)?;
    let now = moment.now.seconds();
    let is_it = |last: &&AccessToken| {
        last.id == facts.family.token
            && asked.fingerprint == facts.family.fingerprint
            && last.expires_at.saturating_sub(now) >= LEFT_SECONDS
    };
    if let Some(last) = facts.last.filter(is_it) {
        let clear = once_more(last, &facts.family.salt, *facts.prefix, facts.root_keys);
        // An opaque one that does not come out again was made with another salt: another is issued.
        if clear.is_some() || last.proof.is_none() {
            let issued = Issued { token: last.clone(), clear, expires_in_seconds: last.expires_at.saturating_sub(now) };
            return Ok((Refreshed { how: How::Again, issued, refresh }, commit));
        }
    }
    let (issued, commit) = fresh(facts, asked, commit, moment)?;
    Ok((Refreshed { how: How::Fresh, issued, refresh }, commit))
}

fn current(facts: &Facts<'_>, family: &Family) -> Result<Clear, Refusal> {
    let refused = || Refusal::invalid("the root key holds no epoch");
    family.current(facts.grant.id, *facts.prefix, facts.root_keys).map(Clear).ok_or_else(refused)
}

fn fresh(facts: &Facts<'_>, asked: &Asked<'_>, commit: Commit, moment: &mut Moment) -> Result<(Issued, Commit), Refusal> {
    let held = held(facts.grant);
    let terms = Terms {
        client: facts.client,
        api: asked.api,
        not_before_seconds: facts.not_before_seconds,
        policies: facts.policies,
        prefix: facts.prefix,
        root_keys: facts.root_keys,
        held: Some((&held, ends_at(facts.grant, facts.family, facts.policies))),
        salt: Some(&facts.family.salt),
    };
    mint(&terms, asked.scope.clone(), commit, moment)
}

/// Whose authority the tokens of a grant carry. One with `offline_access` outlives its session, and so do they.
pub(super) fn held(grant: &Grant) -> Held {
    let session = grant.session.filter(|_| !grant.identity.has(IdentityScope::OfflineAccess));
    Held { grant: grant.id, person: grant.person.clone(), session }
}
