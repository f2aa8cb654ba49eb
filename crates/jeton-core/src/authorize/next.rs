//! What a person must still do before the application is answered.

use std::collections::BTreeMap;

use jeton_oauth::{ErrorCode, ErrorResponse};

use super::Asked;
use crate::consent::Consent;
use crate::consent::needed::{NewConsent, needed};
use crate::grant::scopes::ScopesByApi;
use crate::id::ApiId;
use crate::rights::{Rights, granted};
use crate::session::Session;

/// What is known when it is decided.
pub struct Facts<'a> {
    /// When the request came, in seconds.
    pub begun_at: i64,
    /// Who is signed in, in this browser.
    pub session: Option<&'a Session>,
    /// By what they can prove more; asked where more is needed than they proved.
    pub stronger: Stronger,
    /// How long it counts that they proved who they are, in seconds.
    pub reauthentication_seconds: i64,
    /// What they said of this client before.
    pub consents: &'a [Consent],
    /// What they may do at an API now.
    pub rights: &'a dyn Fn(&ApiId) -> Rights,
}

/// What somebody has by which they prove more than by a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stronger {
    /// Nothing.
    Nothing,
    /// A second factor, to be shown beside what they proved.
    SecondFactor,
    /// A passkey, by which they sign in once more.
    Passkey,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// They sign in, also where somebody is signed in.
    SignIn,
    /// They show their second factor beside what they proved.
    SecondFactor,
    /// They are asked for this, of what they may give.
    Consent(NewConsent, Asked),
    /// The application is answered: with this, at most.
    Answer(Asked),
}

/// Decides what comes next.
///
/// # Errors
/// What goes back to the application.
pub fn next(asked: &Asked, facts: &Facts<'_>, now: i64) -> Result<Next, ErrorResponse> {
    let Some(session) = facts.session.filter(|session| is_fresh(asked, session, facts, now)) else {
        if asked.prompt.nothing {
            return Err(ErrorResponse::new(ErrorCode::LoginRequired, "nobody is signed in, or not recently enough"));
        }
        return Ok(Next::SignIn);
    };
    if session.authenticated.acr < asked.acr {
        return match (facts.stronger, asked.prompt.nothing) {
            (Stronger::Nothing, _) => Err(ErrorResponse::new(
                ErrorCode::UnmetAuthenticationRequirements,
                "this person has no second factor and no passkey: they set one on their account page",
            )),
            (_, true) => Err(ErrorResponse::new(ErrorCode::LoginRequired, "the person has to show their second factor, or a passkey")),
            (Stronger::SecondFactor, false) => Ok(Next::SecondFactor),
            (Stronger::Passkey, false) => Ok(Next::SignIn),
        };
    }
    let asked = allowed(asked, facts)?;
    let held = if asked.prompt.consent { &[] } else { facts.consents };
    debug_assert!(held.iter().all(|consent| consent.person == session.person), "consents of somebody else");
    // Of a client of one's own nobody is asked, unless it wants them to be.
    let is_waived = !asked.asks_consent && !asked.prompt.consent;
    let new = if is_waived { NewConsent::default() } else { needed(&asked.scopes, asked.identity, held, now) };
    match (new.is_empty(), asked.prompt.nothing) {
        (true, _) => Ok(Next::Answer(asked)),
        (false, false) => Ok(Next::Consent(new, asked)),
        (false, true) => Err(ErrorResponse::new(ErrorCode::ConsentRequired, "the person was not asked for this yet")),
    }
}

/// Whether they proved who they are recently enough: since the request came where it says so.
fn is_fresh(asked: &Asked, session: &Session, facts: &Facts<'_>, now: i64) -> bool {
    let at = session.authenticated.at;
    let since_then = at >= facts.begun_at;
    let is_young = asked.max_age_seconds.is_none_or(|seconds| now.saturating_sub(at) <= i64::from(seconds));
    now <= at.saturating_add(facts.reauthentication_seconds) && (since_then || (is_young && !asked.prompt.login))
}

/// What of it the person may hand on now: APIs of which nothing is left are left out.
fn allowed(asked: &Asked, facts: &Facts<'_>) -> Result<Asked, ErrorResponse> {
    let mut scopes = BTreeMap::new();
    for (api, wanted) in asked.scopes.iter() {
        let left = granted(wanted, wanted, None, &(facts.rights)(api), None);
        if wanted.is_empty() || !left.is_empty() {
            scopes.insert(api.clone(), left);
        }
    }
    let denied = || ErrorResponse::new(ErrorCode::AccessDenied, "this person may have nothing of what is asked for");
    let api = match scopes.keys().next() {
        _ if asked.scopes.is_empty() || scopes.contains_key(&asked.api) => asked.api.clone(),
        Some(first) => first.clone(),
        None => return Err(denied()),
    };
    Ok(Asked { scopes: ScopesByApi::new(scopes).ok_or_else(denied)?, api, ..asked.clone() })
}
