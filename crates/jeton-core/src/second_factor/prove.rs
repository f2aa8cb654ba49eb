//! Whether what somebody shows is their second factor, and what is kept so that it never is again.

use super::recovery::Given;
use super::{SecondFactor, totp};
use crate::event::Event;
use crate::id::Actor;
use crate::root_key::{RootKeyError, RootKeys};

/// A second factor that was proved: what is kept of it from now on goes into the commit of what it was proved for.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The factor, with what was used marked so.
    pub after: SecondFactor,
    /// What is told of it: nothing where a code by time was used, which comes with each sign-in.
    pub event: Option<Event>,
}

/// Since when it is known what was used, in seconds; 0: since ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFrom {
    /// Of codes by time: no sign-in waits until what it used is kept elsewhere, and any restore may lack the last of them.
    pub codes_seconds: i64,
    /// Of sheets: a code of one is kept elsewhere before it counts, where that is asked for.
    pub sheets_seconds: i64,
}

/// Looks at what somebody shows; `None`: it is not right, or was used. What was used before a restore that may lack it is known to nobody: codes
/// by time from before `known_from` count no more, nor any of a sheet that was made before.
///
/// # Errors
/// When the root key does not open what is kept.
pub fn prove(
    factor: &SecondFactor,
    given: &Given,
    known_from: KnownFrom,
    root_keys: &RootKeys,
    now_seconds: i64,
) -> Result<Option<Proved>, RootKeyError> {
    if factor.is_stopped() {
        return Ok(None);
    }
    match given {
        Given::Totp(digits) => {
            let secret = factor.open(root_keys)?;
            let step = totp::step_of_code(&secret, digits, factor.last_step, now_seconds);
            let step = step.filter(|step| step.saturating_mul(totp::STEP_SECONDS) >= known_from.codes_seconds);
            Ok(step.map(|last_step| Proved { after: SecondFactor { last_step, ..factor.clone() }, event: None }))
        }
        Given::Recovery(_) if factor.recovery.made_at < known_from.sheets_seconds => Ok(None),
        Given::Recovery(code) => {
            let recovery = factor.recovery.without(&factor.person, code, root_keys);
            Ok(recovery.map(|recovery| {
                let left = recovery.left.len() as u64;
                let (actor, user) = (Actor::person(&factor.person), factor.person.clone());
                let event = Some(Event::UserRecoveryCodeUsed { actor, left, user });
                Proved { after: SecondFactor { recovery, ..factor.clone() }, event }
            }))
        }
    }
}
