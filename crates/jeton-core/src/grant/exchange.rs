//! Exchanging an authorization code (RFC 6749 section 4.1.3): once. What a code gave carries the code's id; one that is presented again finds
//! it so, and ends it.

use std::sync::Arc;

use jeton_oauth::pkce::Verifier;
use jeton_oauth::scope::ScopeSet;
use jeton_token::Prefix;

use super::code::{AuthorizationCode, Sent};
use super::end::{ended, is_there};
use super::family::Family;
use super::fingerprint::Fingerprint;
use super::of_person::{self, GrantOfPerson};
use super::refresh::{held, scope_of};
use super::scopes::IdentityScope;
use super::{Grant, Origin, TABLE};
use crate::api::{Api, userinfo};
use crate::api_key::state::State;
use crate::authorize::way::Way;
use crate::client::{Client, GrantType};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, GrantId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::refusal::{Reason, Refusal};
use crate::rights::{Rights, granted};
use crate::root_key::RootKeys;
use crate::sender::Sender;
use crate::session::Session;
use crate::token::mint::{Clear, Issued, Terms, mint};
use crate::token::scope::fitting;
use crate::why::{Because, Why};

/// What is known when it is decided.
pub struct Facts<'a> {
    /// The code, proven by its text.
    pub code: &'a AuthorizationCode,
    /// What it gave before.
    pub earlier: Option<&'a Grant>,
    /// The session that it was allowed in, if that is there.
    pub session: Option<&'a Session>,
    /// The oldest grants of the person to the client, of those that are too many with this one.
    pub over_the_cap: &'a [Grant],
    /// The client, authenticated, or named where it is public.
    pub client: &'a Client,
    /// The API that a token is asked for; `None`: there is none such.
    pub api: Option<&'a Api>,
    /// Whether the person is there and not disabled.
    pub is_person_active: bool,
    /// What they may do at that API now.
    pub rights: &'a Rights,
    /// The latest cut-off over everything, the person, the client and the session, in seconds: what was allowed before it is dead.
    pub ended_before_seconds: i64,
    /// How long credentials may live.
    pub policies: &'a Policies,
    /// The latest cut-off over any token that may come of it, in seconds.
    pub not_before_seconds: i64,
    /// Since when it is known which codes were used, in seconds.
    pub known_from_seconds: i64,
    /// The first part of texts.
    pub prefix: &'a Prefix,
    /// What texts are made of.
    pub root_keys: &'a RootKeys,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// Where the code was sent, where the request says so.
    pub redirect_uri: Option<&'a str>,
    /// What the challenge was made of (RFC 7636 section 4.5).
    pub verifier: Option<&'a Verifier>,
    /// Who asks.
    pub sender: &'a Sender,
}

/// What an exchange gives, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// The access token.
    pub issued: Issued,
    /// The first refresh token, where the client has any.
    pub refresh: Option<Clear>,
    /// The grant.
    pub grant: Grant,
}

/// The most live grants of one person to one client: a program that signs in anew each time must not fill the store.
pub const LIVE_MAX: usize = 200;
/// How many of those that are too many end with one exchange.
const ENDED_AT_ONCE: usize = 8;

/// Which of the grants of a person to a client are too many with one more: the oldest.
#[must_use]
pub fn too_many(of_pair: &[GrantOfPerson], now_seconds: i64) -> Vec<GrantId> {
    let mut live: Vec<GrantId> = of_pair.iter().filter(|line| line.expires_at > now_seconds).map(|line| line.grant).collect();
    live.sort_unstable();
    live.truncate((live.len() + 1).saturating_sub(LIVE_MAX).min(ENDED_AT_ONCE));
    live
}

/// Decides an exchange.
pub fn exchange(facts: &Facts<'_>, request: &Exchange<'_>, moment: &mut Moment) -> Outcome<Exchanged> {
    let commit = Commit::new(moment);
    // Whoever else tries a code burns nothing.
    if facts.code.client != facts.client.id {
        return Outcome::refuse(of_no_use(), commit);
    }
    if let Some(earlier) = facts.earlier {
        return replayed(earlier, facts.not_before_seconds, commit, moment);
    }
    let decided = check(facts, request, moment).and_then(|(api, scope)| give(facts, request, (api, scope), commit.clone(), moment));
    match decided {
        Ok((exchanged, commit)) => Outcome::grant(exchanged, commit),
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

fn of_no_use() -> Refusal {
    Refusal::new(Reason::InvalidGrant, "the code is unknown, was used, or has expired")
}

/// Ends what the code gave, once.
fn replayed(earlier: &Grant, latest_seconds: i64, commit: Commit, moment: &mut Moment) -> Outcome<Exchanged> {
    if !is_there(earlier) {
        return Outcome::refuse(of_no_use(), commit);
    }
    let actor = Actor::client(&earlier.client);
    let event =
        Event::CodeReplayed { actor: actor.clone(), client: earlier.client.clone(), grant: earlier.id, user: earlier.person.clone() };
    let commit = ended(commit.tell(event), earlier, latest_seconds, &actor, &Because::Reason(Why::Replayed), moment);
    Outcome::refuse(of_no_use(), commit)
}

/// Whether the code is good for what is asked, and for what.
fn check<'a>(facts: &Facts<'a>, request: &Exchange<'_>, moment: &Moment) -> Result<(&'a Api, Arc<str>), Refusal> {
    let (Facts { code, client, .. }, now) = (facts, moment.now.seconds());
    let needed = code.sent.grant_type();
    if !client.grant_types.contains(&needed) {
        return Err(Refusal::new(Reason::UnauthorizedClient, format!("this client may not use the grant `{}`", needed.name())));
    }
    let allowed_in = facts
        .session
        .filter(|session| session.person == code.person && now < session.expires_at && session.created_at >= facts.ended_before_seconds);
    let ends_at = code.expires_at.min(code.issued_at.saturating_add(lifetime(facts, code.sent.kind())));
    let is_good = allowed_in.is_some()
        && facts.is_person_active
        && now < ends_at
        && code.issued_at >= facts.known_from_seconds
        && code.issued_at >= facts.ended_before_seconds
        && is_who_asked(&code.sent, request);
    if !is_good {
        return Err(of_no_use());
    }
    let target = || Refusal::new(Reason::InvalidTarget, "the resource is unknown, or not one that was granted");
    let api = facts.api.ok_or_else(target)?;
    let allowed = code.scopes.of(&api.id).ok_or_else(target)?;
    if !(client.apis.contains(&api.id) || userinfo::is(&api.id)) {
        return Err(target());
    }
    let of_client = (!userinfo::is(&api.id)).then_some(&client.scopes);
    let left: ScopeSet = granted(allowed, &api.scope_set(), of_client, facts.rights, None);
    if left.is_empty() && !allowed.is_empty() {
        return Err(Refusal::new(Reason::InvalidScope, "nothing of what was allowed for that resource is allowed any more"));
    }
    Ok((api, fitting(scope_of(&left, code.identity))?))
}

/// Whether whoever brings a code shows what only who asked can.
fn is_who_asked(sent: &Sent, request: &Exchange<'_>) -> bool {
    match sent {
        Sent::By(Way::Address { redirect_uri, challenge }) => {
            let is_there = request.redirect_uri.map(|uri| *uri == *redirect_uri.as_str());
            match (challenge, request.verifier) {
                // OAuth 2.1 section 10.2: the address need not be said, since the challenge binds the code.
                (Some(challenge), Some(verifier)) => is_there != Some(false) && verifier.answers(challenge),
                // A verifier without a challenge is of a request whose challenge somebody took away (RFC 9700 section 4.8.2).
                (None, None) => is_there == Some(true),
                (Some(_), None) | (None, Some(_)) => false,
            }
        }
        // Nobody else was given it.
        Sent::By(Way::Device) => true,
        Sent::Denied => false,
    }
}

fn lifetime(facts: &Facts<'_>, kind: CredentialKind) -> i64 {
    facts.policies.resolve(kind, None, Some(&facts.client.id)).max_seconds
}

type Decided = Result<(Exchanged, Commit), Refusal>;

fn give(facts: &Facts<'_>, request: &Exchange<'_>, (api, scope): (&Api, Arc<str>), commit: Commit, moment: &mut Moment) -> Decided {
    let (client, salt) = (facts.client, moment.draw());
    let mut grant = grant_of(facts, moment);
    let holder = held(&grant);
    let terms = Terms {
        client,
        api,
        not_before_seconds: facts.not_before_seconds,
        policies: facts.policies,
        prefix: facts.prefix,
        root_keys: facts.root_keys,
        held: Some((&holder, grant.expires_at)),
        salt: Some(&salt),
    };
    let fingerprint = Fingerprint::of(&client.id, &scope, &api.id, None);
    let (issued, mut commit) = mint(&terms, scope, commit, moment)?;
    if client.grant_types.contains(&GrantType::RefreshToken) {
        let (epoch, token) = (facts.root_keys.current().0, issued.token.id);
        grant.family = Some(Family::begin(epoch, salt, token, fingerprint, request.sender.clone(), moment));
    }
    let refresh = grant.family.as_ref().and_then(|family| family.current(grant.id, *facts.prefix, facts.root_keys)).map(Clear);
    for too_old in facts.over_the_cap.iter().filter(|grant| is_there(grant)) {
        let (actor, why) = (Actor::client(&client.id), Because::Reason(Why::OverTheCap));
        let event = Event::GrantEnded {
            actor: actor.clone(),
            client: client.id.clone(),
            grant: too_old.id,
            user: too_old.person.clone(),
            why: Some(why.as_str().into()),
        };
        commit = ended(commit.tell(event), too_old, facts.not_before_seconds, &actor, &why, moment);
    }
    let commit = commit.put(&TABLE, grant.row()).put(&of_person::TABLE, GrantOfPerson::of(&grant).row()).tell(created(&grant));
    Ok((Exchanged { issued, refresh, grant }, commit))
}

fn grant_of(facts: &Facts<'_>, moment: &Moment) -> Grant {
    let code = facts.code;
    let (origin, redirect_host) = match &code.sent {
        Sent::By(Way::Address { redirect_uri, .. }) => (Origin::Code, Some(redirect_uri.host().into())),
        Sent::By(Way::Device) | Sent::Denied => (Origin::Device, None),
    };
    let created_at = moment.now.seconds().max(facts.not_before_seconds);
    let allowed = facts.policies.resolve(CredentialKind::RefreshToken, None, Some(&code.client));
    let with_session = facts.session.filter(|_| !code.identity.has(IdentityScope::OfflineAccess)).map(|session| session.expires_at);
    let expires_at = created_at.saturating_add(allowed.default_seconds).min(code.consent_ends_at).min(with_session.unwrap_or(i64::MAX));
    Grant {
        id: code.id,
        person: code.person.clone(),
        client: code.client.clone(),
        session: Some(code.session),
        origin,
        scopes: code.scopes.clone(),
        identity: code.identity,
        api: code.api.clone(),
        redirect_host,
        proof: code.authenticated,
        created_at,
        expires_at,
        state: State::Active,
        family: None,
    }
}

fn created(grant: &Grant) -> Event {
    Event::GrantCreated {
        actor: Actor::person(&grant.person),
        api: grant.api.clone(),
        client: grant.client.clone(),
        expires_at_seconds: grant.expires_at,
        grant: grant.id,
        identity: grant.identity.to_string().into(),
        origin: grant.origin.name().into(),
        scopes: grant.scopes.to_string().into(),
        session: grant.session,
        user: grant.person.clone(),
    }
}
