//! Answering an application with a code.

use jeton_token::{Kind, Prefix};

use super::Asked;
use super::device::DeviceRequest;
use super::way::Way;
use crate::api::userinfo;
use crate::commit::Commit;
use crate::consent::Consent;
use crate::consent::give::give;
use crate::consent::needed::NewConsent;
use crate::event::Event;
use crate::grant::code::{AuthorizationCode, Sent, TABLE};
use crate::grant::scopes::ScopesByApi;
use crate::id::{Actor, CommitId, GrantId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::refusal::Refusal;
use crate::root_key::RootKeys;
use crate::session::Session;
use crate::token::mint::Clear;
use crate::token::text::make;

/// What is known when it is decided.
pub struct Facts<'a> {
    /// What is allowed.
    pub asked: &'a Asked,
    /// The device that asks; `None`: an application at an address.
    pub device: Option<&'a DeviceRequest>,
    /// Who allows it.
    pub session: &'a Session,
    /// What of it they say now for the first time, or anew.
    pub new: &'a NewConsent,
    /// What they said of this client before.
    pub consents: &'a [Consent],
    /// The latest cut-off over anything that may come of it, in seconds: it must not lie before it.
    pub not_before_seconds: i64,
    /// How long codes and consents live.
    pub policies: &'a Policies,
    /// The first part of texts.
    pub prefix: &'a Prefix,
    /// What texts are made of.
    pub root_keys: &'a RootKeys,
}

/// Gives a code for what a person allows, and keeps what they said. `None`: a device has its code already.
pub fn answer(facts: &Facts<'_>, moment: &mut Moment) -> Outcome<Option<Clear>> {
    let commit = Commit::new(moment);
    match given(facts, commit.clone(), moment) {
        Ok((clear, commit)) => Outcome::grant(clear, commit),
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

fn given(facts: &Facts<'_>, commit: Commit, moment: &mut Moment) -> Result<(Option<Clear>, Commit), Refusal> {
    let Facts { asked, session, policies, .. } = facts;
    let of = (&asked.scopes, asked.identity);
    let (mut commit, consent_ends_at) = if asked.asks_consent || !facts.new.is_empty() {
        give(commit, (session, &asked.client), of, facts.new, facts.consents, policies, moment)
    } else {
        // Nobody was asked, and said nothing that could be kept.
        let lives = policies.resolve(CredentialKind::Consent, None, Some(&asked.client)).default_seconds;
        (commit, moment.now.seconds().saturating_add(lives))
    };
    let (issued_at, sent) = (moment.now.seconds().max(facts.not_before_seconds), Sent::By(asked.way.clone()));
    let (id, clear, proof, expires_at) = match facts.device {
        Some(device) => (device.id, None, device.proof, device.expires_at),
        None => {
            let id = GrantId::draw(moment);
            let made = make(Kind::AuthorizationCode, id.0, *facts.prefix, facts.root_keys, moment)?;
            let lives = policies.resolve(sent.kind(), None, Some(&asked.client)).default_seconds;
            (id, Some(made.clear), made.proof, issued_at.saturating_add(lives))
        }
    };
    commit.id = CommitId(id.0);
    let code = AuthorizationCode {
        id,
        proof,
        client: asked.client.clone(),
        person: session.person.clone(),
        session: session.id,
        sent,
        scopes: with_userinfo(&asked.scopes),
        identity: asked.identity,
        api: asked.api.clone(),
        nonce: asked.nonce.clone(),
        authenticated: session.authenticated,
        consent_ends_at,
        issued_at,
        expires_at,
    };
    if matches!(code.sent, Sent::By(Way::Address { challenge: None, .. })) {
        let (actor, client) = (Actor::client(&code.client), code.client.clone());
        commit = commit.tell(Event::CodeUnchallenged { actor, client, grant: id, user: code.person.clone() });
    }
    Ok((clear, commit.put(&TABLE, code.row())))
}

/// Where no API is asked for, tokens tell who somebody is.
fn with_userinfo(scopes: &ScopesByApi) -> ScopesByApi {
    if scopes.is_empty() { ScopesByApi::of_nothing_at(userinfo::id()) } else { scopes.clone() }
}
