//! Signing in: a session begins, or one of the same person goes on with another secret.

use jeton_token::Prefix;

use super::latest::{self, Latest};
use super::proof::{Acr, Authenticated};
use super::secret::draw;
use super::{Session, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, SessionId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::passkey::challenge::Asked;
use crate::passkey::{self, Passkey};
use crate::person::Person;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;
use crate::second_factor::prove::Proved;
use crate::second_factor::{self, SecondFactor};
use crate::sender::Sender;
use crate::token::mint::Clear;

/// What is known when it is decided.
pub struct Facts<'a> {
    /// Who signs in.
    pub person: &'a Person,
    /// A live session of theirs in the same browser: it goes on.
    pub session: Option<&'a Session>,
    /// Their second factor, where they have one: whoever has proves it each time.
    pub factor: Option<&'a SecondFactor>,
    /// When they last proved who they are.
    pub latest: Option<&'a Latest>,
    /// The latest cut-off over anything of theirs, in seconds: a session that begins now must not lie before it.
    pub not_before_seconds: i64,
    /// How long sessions may live.
    pub policies: &'a Policies,
    /// The first part of texts.
    pub prefix: &'a Prefix,
    /// What texts are made of.
    pub root_keys: &'a RootKeys,
}

/// A session, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The session.
    pub session: Session,
    /// Its secret.
    pub clear: Clear,
}

/// Begins a session of somebody who proved who they are by their second factor, too, or renews it: what was used is marked so beside it.
pub fn begin_by_two(facts: &Facts<'_>, first: Authenticated, proved: &Proved, sender: &Sender, moment: &mut Moment) -> Outcome<Begun> {
    let Outcome { verdict, commit } = begin(facts, first.and_code(), sender, moment);
    match verdict {
        Ok(begun) => {
            let commit = commit.put(&second_factor::TABLE, proved.after.row());
            Outcome::grant(begun, proved.event.iter().cloned().fold(commit, Commit::tell))
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

/// Begins a session of somebody who showed a passkey, or renews it: it is kept as `after`, and what it answered is answered.
pub fn begin_by_passkey(facts: &Facts<'_>, (after, asked): (&Passkey, &Asked), sender: &Sender, moment: &mut Moment) -> Outcome<Begun> {
    let Outcome { verdict, mut commit } = begin(facts, Authenticated::by_passkey(moment.now.seconds()), sender, moment);
    if verdict.is_ok() {
        commit = commit.put(&passkey::TABLE, after.row());
        commit.marks.push(asked.answered());
    }
    Outcome { verdict, commit }
}

/// Begins a session of somebody who proved who they are, or renews it. It says what was proved now and nothing of what was before: one that was
/// by two factors is not renewed by a password alone as long as there is a second factor, and says so where there is none any more.
pub fn begin(facts: &Facts<'_>, authenticated: Authenticated, sender: &Sender, moment: &mut Moment) -> Outcome<Begun> {
    let commit = Commit::new(moment);
    match begun(facts, authenticated, sender, moment) {
        Ok((begun, event)) => {
            let latest = match facts.latest {
                Some(latest) if latest.at > authenticated.at => latest.clone(),
                _ => Latest { person: facts.person.id.clone(), at: authenticated.at, acr: authenticated.acr },
            };
            let commit = commit.put(&TABLE, begun.session.row()).put(&latest::TABLE, latest.row()).tell(event);
            Outcome::grant(begun, commit)
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

fn begun(facts: &Facts<'_>, authenticated: Authenticated, sender: &Sender, moment: &mut Moment) -> Result<(Begun, Event), Refusal> {
    let Facts { person, prefix, root_keys, .. } = facts;
    if !person.is_active() {
        return Err(Refusal::new(Reason::Forbidden, "this user is disabled"));
    }
    if facts.factor.is_some() && authenticated.acr < Acr::TwoFactors {
        return Err(Refusal::new(Reason::Forbidden, "this user has a second factor, and did not prove it"));
    }
    let now = moment.now.seconds();
    let renewed = facts.session.filter(|session| session.person == person.id);
    let id = renewed.map_or_else(|| SessionId::draw(moment), |session| session.id);
    let made = draw(id, **prefix, root_keys, moment)?;
    let allowed = facts.policies.effective(CredentialKind::Session, &Subject::Deployment);
    let created_at = now.max(facts.not_before_seconds);
    let session = match renewed {
        Some(session) => Session { proof: made.proof, authenticated, renewed_at: now, ..session.clone() },
        None => Session {
            id,
            person: person.id.clone(),
            proof: made.proof,
            authenticated,
            created_at,
            renewed_at: now,
            expires_at: created_at.saturating_add(allowed.default_seconds),
            sender: sender.clone(),
        },
    };
    let (actor, user, acr, amr) =
        (Actor::person(&person.id), person.id.clone(), authenticated.acr.name().into(), authenticated.amr.to_string().into());
    let event = match renewed {
        Some(_) => Event::SessionRenewed { acr, actor, amr, session: id, user },
        None => Event::SessionCreated { acr, actor, agent: sender.agent.clone(), amr, network: sender.network.clone(), session: id, user },
    };
    Ok((Begun { session, clear: made.clear }, event))
}
