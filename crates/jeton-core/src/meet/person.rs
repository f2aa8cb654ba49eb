//! What people allowed, and what they sign in with: what both rows of one allow.

use super::key::stricter;
use super::met::Met;
use crate::consent::Consent;
use crate::grant::Grant;
use crate::passkey::Passkey;
use crate::password::Password;
use crate::record::{Malformed, Row};
use crate::second_factor::SecondFactor;
use crate::session::latest::Latest;

/// A grant. What was spent later is spent, and what was current later is current.
pub(super) fn grant(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Grant::from_row(then)?, Grant::from_row(later)?);
    let family = match (&then.family, &later.family) {
        (Some(before), Some(after)) if before.generation > after.generation => then.family.clone(),
        (Some(_), Some(_)) => later.family.clone(),
        _ => None,
    };
    let met = Grant {
        scopes: then.scopes.intersection(&later.scopes),
        identity: then.identity.intersection(later.identity),
        expires_at: then.expires_at.min(later.expires_at),
        state: stricter(&then.state, &later.state),
        family,
        ..then
    };
    Ok(Met::of(met.row()))
}

/// A consent.
pub(super) fn consent(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Consent::from_row(then)?, Consent::from_row(later)?);
    let met = Consent {
        scopes: then.scopes.intersection(&later.scopes),
        given_at: then.given_at.min(later.given_at),
        expires_at: then.expires_at.min(later.expires_at),
        ..then
    };
    Ok(Met::of(met.row()))
}

/// When somebody last proved who they are: what counts is what both say.
pub(super) fn latest(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Latest::from_row(then)?, Latest::from_row(later)?);
    Ok(Met::of(Latest { at: then.at.min(later.at), acr: then.acr.min(later.acr), ..then }.row()))
}

/// A password: the later hash of what was set once. Where another was set since, neither counts: it may have taken the one before from a thief,
/// or a thief may have set it.
pub(super) fn password(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Password::from_row(then)?, Password::from_row(later)?);
    if then.set_at == later.set_at && !then.is_stopped() {
        return Ok(Met::of(later.row()));
    }
    Ok(Met { row: later.stopped().row(), is_stopped: true })
}

/// A second factor: what was used by then or later is used. Where another was set since, neither counts, as of passwords.
pub(super) fn second_factor(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (SecondFactor::from_row(then)?, SecondFactor::from_row(later)?);
    if then.set_at != later.set_at || then.is_stopped() {
        return Ok(Met { row: later.stopped().row(), is_stopped: true });
    }
    let (last_step, recovery) = (then.last_step.max(later.last_step), then.recovery.intersection(&later.recovery));
    Ok(Met::of(SecondFactor { last_step, recovery, ..later }.row()))
}

/// A passkey: as often as it signed by then or later it did.
pub(super) fn passkey(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Passkey::from_row(then)?, Passkey::from_row(later)?);
    let (counter, used_at) = (then.counter.max(later.counter), then.used_at.max(later.used_at));
    Ok(Met::of(Passkey { counter, used_at, ..later }.row()))
}

#[cfg(test)]
mod tests {
    use jeton_token::SecretHash;

    use super::*;
    use crate::api_key::state::{Ended, State};
    use crate::grant::Origin;
    use crate::grant::family::{Family, Spent};
    use crate::grant::fingerprint::Fingerprint;
    use crate::grant::scopes::{IdentityScopes, ScopesByApi};
    use crate::id::{Actor, ApiId, ClientId, CredentialId, GrantId, PasskeyId, PersonId, SessionId};
    use crate::second_factor::recovery::Recovery;
    use crate::sender::Sender;
    use crate::session::proof::{Acr, Authenticated};
    use crate::why::{Because, Why};

    #[test]
    fn a_password_counts_where_none_was_set_since() {
        let kept = |sealed: &[u8], set_at| Password { person: PersonId::from("user_1"), sealed: sealed.into(), epoch: 1, set_at };
        let check = |then: &Password, later: &Password, expected: &[u8]| {
            let met = password(&then.row(), &later.row()).unwrap();
            assert_eq!((&*Password::from_row(&met.row).unwrap().sealed, met.is_stopped), (expected, expected.is_empty()));
        };
        check(&kept(b"one", 5), &kept(b"one", 5), b"one");
        check(&kept(b"one", 5), &kept(b"made anew", 5), b"made anew");
        check(&kept(b"one", 5), &kept(b"a thief's", 6), b"");
        // Once more changes nothing.
        check(&kept(b"one", 5).stopped(), &kept(b"one", 5), b"");
        check(&kept(b"one", 6).stopped(), &kept(b"a thief's", 6), b"");
    }

    #[test]
    fn what_was_used_of_a_second_factor_by_then_or_later_is_used() {
        let hash = |byte: u8| SecretHash::from_bytes([byte; 32]);
        let kept = |set_at, last_step, left: &[u8]| SecondFactor {
            person: PersonId::from("user_1"),
            sealed: (*b"secret").into(),
            epoch: 1,
            set_at,
            last_step,
            recovery: Recovery { left: left.iter().copied().map(hash).collect(), epoch: 1, made_at: set_at },
        };
        let met = |then: &SecondFactor, later: &SecondFactor| {
            let met = second_factor(&then.row(), &later.row()).unwrap();
            (SecondFactor::from_row(&met.row).unwrap(), met.is_stopped)
        };
        assert_eq!(met(&kept(5, 7, &[1, 2]), &kept(5, 9, &[2])), (kept(5, 9, &[2]), false));
        assert_eq!(met(&kept(5, 9, &[2]), &kept(5, 7, &[1, 2])), (kept(5, 9, &[2]), false));
        let another_sheet = SecondFactor { recovery: Recovery { made_at: 6, ..kept(5, 9, &[2]).recovery }, ..kept(5, 9, &[2]) };
        assert!(met(&kept(5, 7, &[2]), &another_sheet).0.recovery.left.is_empty());
        let (stopped, is_stopped) = met(&kept(5, 7, &[1]), &kept(6, 9, &[2]));
        assert!(is_stopped && stopped.is_stopped() && stopped.recovery.left.is_empty());
        assert!(met(&stopped, &stopped).1, "once more changes nothing");
    }

    #[test]
    fn a_passkey_signed_as_often_as_it_did_by_then_or_later() {
        let kept = |counter, used_at| Passkey {
            id: PasskeyId([1; 16]),
            person: PersonId::from("user_1"),
            handle: [2; 32].into(),
            credential: [3; 20].into(),
            public_key: [4; 77].into(),
            counter,
            name: "Telephone".into(),
            added_at: 5,
            used_at,
            may_be_copied: false,
            is_copied: false,
        };
        for (then, later, expected) in [
            (kept(7, Some(8)), kept(9, Some(10)), kept(9, Some(10))),
            (kept(9, Some(10)), kept(7, Some(8)), kept(9, Some(10))),
            (kept(0, None), kept(0, Some(6)), kept(0, Some(6))),
        ] {
            let met = passkey(&then.row(), &later.row()).unwrap();
            assert_eq!(Passkey::from_row(&met.row).unwrap(), expected);
            assert_eq!(passkey(&met.row, &later.row()).unwrap(), met, "once more changes nothing");
        }
    }

    fn of(generation: u32, scopes: &str, is_ended: bool) -> Grant {
        let ended = Ended { at: 9, by: Actor::system(), why: Because::Reason(Why::Reused) };
        Grant {
            id: GrantId([1; 16]),
            person: PersonId::from("user_1"),
            client: ClientId::from("c"),
            session: Some(SessionId([2; 16])),
            origin: Origin::Code,
            scopes: ScopesByApi::parse(&format!(r#"{{"a":"{scopes}"}}"#)).unwrap(),
            identity: IdentityScopes::parse("openid").unwrap(),
            api: ApiId::from("a"),
            redirect_host: Some("app.example".into()),
            proof: Authenticated::by_password(1),
            created_at: 1,
            expires_at: 100,
            state: if is_ended { State::Revoked(ended) } else { State::Active },
            family: Some(Family {
                generation,
                epoch: 1,
                salt: [3; 32],
                spent: (1..generation).fold(Spent::default(), |spent, at| spent.with(i64::from(at))),
                token: CredentialId([u8::try_from(generation).unwrap(); 16]),
                fingerprint: Fingerprint([4; 16]),
                rotated_at: i64::from(generation),
                recovered_at: None,
                sender: Sender::default(),
            }),
        }
    }

    #[track_caller]
    fn check(then: &Grant, later: &Grant, expected: &Grant) {
        let met = grant(&then.row(), &later.row()).unwrap();
        assert_eq!(Grant::from_row(&met.row).unwrap(), *expected);
        assert_eq!(grant(&met.row, &later.row()).unwrap(), met, "once more changes nothing");
    }

    #[test]
    fn what_was_spent_later_is_spent_and_what_ended_later_has_ended() {
        check(&of(2, "r", false), &of(5, "r", false), &of(5, "r", false));
        check(&of(5, "r", false), &of(2, "r", false), &of(5, "r", false));
        check(&of(2, "r w", false), &of(3, "r x", true), &of(3, "r", true));
    }

    #[test]
    fn of_two_proofs_the_older_counts() {
        let of = |at, acr| Latest { person: PersonId::from("user_1"), at, acr };
        let met = latest(&of(5, Acr::TwoFactors).row(), &of(9, Acr::OneFactor).row()).unwrap();
        assert_eq!(Latest::from_row(&met.row).unwrap(), of(5, Acr::OneFactor));
    }
}
