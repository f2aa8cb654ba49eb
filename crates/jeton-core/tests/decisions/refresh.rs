//! Refreshing, case by case.

use jeton_core::api::userinfo;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::event::Event;
use jeton_core::grant::Grant;
use jeton_core::grant::refresh::How;
use jeton_core::id::{Actor, ClientId};
use jeton_core::outcome::Outcome;
use jeton_core::refusal::Reason;
use jeton_core::rights::OwnerStanding;
use jeton_core::why::{Because, Why};
use jeton_oauth::ScopeSet;
use jeton_token::{Prefix, Token};

use crate::grants::{Around, application, owner, put, thief};
use crate::known::{NOW, api, at};
use crate::wants::wants;

const ROTATED: &str = "+access_token +grant";
const DAY: i64 = 86_400;

/// Refreshes with the current token after so many seconds, in what `change` makes of it.
#[track_caller]
fn check(after: i64, change: impl FnOnce(&mut Around), expected: Result<How, Reason>) {
    let mut around = Around::new();
    change(&mut around);
    let generation = around.family().generation;
    let Outcome { verdict, commit } = around.refresh(generation, &owner(), &mut at(NOW + after));
    let answered = verdict.map(|refreshed| refreshed.how).map_err(|refusal| refusal.reason);
    assert_eq!(answered, expected);
    if expected.is_err() {
        assert_eq!(wants(&commit), "", "what is refused for this ends nothing");
    }
}

#[test]
fn the_current_token_is_spent_for_the_next() {
    let mut around = Around::new();
    let Outcome { verdict, commit } = around.refresh(1, &owner(), &mut at(NOW + 60));
    let refreshed = verdict.unwrap();
    assert_eq!((refreshed.how, wants(&commit).as_str(), commit.spends), (How::Rotated, ROTATED, true));
    assert_eq!(commit.id.0, refreshed.issued.token.id.0, "a lost answer is found by the token");
    let token = &refreshed.issued.token;
    assert_eq!((&*token.scope, token.issued_at, token.expires_at), ("openid read write", NOW + 60, NOW + 60 + 3_600));
    let held = token.held.as_ref().unwrap();
    assert_eq!((held.grant, held.person.as_str(), held.session), (around.grant.id, "user_1", around.grant.session));
    let before = around.grant.clone();
    around.apply(&commit);
    let family = around.family().clone();
    assert_eq!((family.generation, family.rotated_at, family.token), (2, NOW + 60, token.id));
    let presented = Token::parse(refreshed.refresh.0.expose(), &Prefix::default()).unwrap();
    assert_eq!(family.generation_of(around.grant.id, &presented, &around.root_keys), Some(2));
    assert_eq!(Grant { family: before.family.clone(), ..around.grant.clone() }, before, "nothing else of the grant changes");
}

#[test]
fn what_stands_is_refreshed_and_what_ended_is_not() {
    let invalid = Err(Reason::InvalidGrant);
    check(60, |_| {}, Ok(How::Rotated));
    check(60, |around| around.grant.client = ClientId::from("other"), invalid);
    check(60, |around| around.is_person_active = false, invalid);
    check(60, |around| around.ended_before_seconds = NOW, Ok(How::Rotated));
    check(60, |around| around.ended_before_seconds = NOW + 1, invalid);
    let ended = Ended { at: NOW, by: Actor::system(), why: Because::Reason(Why::Reused) };
    check(60, |around| around.grant.state = State::Revoked(ended), invalid);
    check(30 * DAY - 6, |_| {}, Ok(How::Rotated));
    check(30 * DAY, |around| around.reauthenticated_at = NOW + 30 * DAY, invalid);
    check(89 * DAY, |around| (around.reauthenticated_at, around.family().rotated_at) = (NOW + 88 * DAY, NOW + 88 * DAY), Ok(How::Rotated));
    check(90 * DAY, |around| (around.reauthenticated_at, around.family().rotated_at) = (NOW + 89 * DAY, NOW + 89 * DAY), invalid);
    // Who must prove who they are once more loses nothing.
    check(60, |around| around.reauthenticated_at = NOW - 30 * DAY, invalid);
    // What is for the API alone that is cut off.
    check(60, |around| around.api_ended_before_seconds = NOW, Ok(How::Rotated));
    check(60, |around| around.api_ended_before_seconds = NOW + 1, Err(Reason::InvalidTarget));
    check(60, |around| around.asked_api = None, Err(Reason::InvalidTarget));
    check(60, |around| around.asked_api = Some(api("other-one")), Err(Reason::InvalidTarget));
    check(60, |around| around.client.apis.clear(), Err(Reason::InvalidTarget));
    assert!(!userinfo::is(&Around::new().api.id));
}

/// What is granted of this scope where the person may do no more than that.
#[track_caller]
fn check_scope(asked: Option<&str>, rights: &str, expected: Result<&str, Reason>) {
    let mut around = Around::new();
    around.scope = asked.map(|scope| ScopeSet::parse(scope).unwrap());
    around.rights.scopes = ScopeSet::parse(rights).unwrap();
    let Outcome { verdict, commit } = around.refresh(1, &owner(), &mut at(NOW + 60));
    let scope = verdict.map(|refreshed| refreshed.issued.token.scope.to_string()).map_err(|refusal| refusal.reason);
    assert_eq!(scope.as_deref(), expected.as_ref().map(|scope| *scope));
    if let Some(grant) = put(&commit) {
        assert_eq!(grant.scopes, around.grant.scopes, "the refresh token keeps what was granted");
    }
}

#[test]
fn scope_is_what_was_granted_and_is_allowed_now() {
    check_scope(None, "read write", Ok("openid read write"));
    check_scope(None, "read", Ok("openid read"));
    check_scope(None, "", Err(Reason::InvalidScope));
    check_scope(Some("read"), "read write", Ok("read"));
    check_scope(Some("openid read"), "read write", Ok("openid read"));
    check_scope(Some("write"), "read", Err(Reason::InvalidScope));
    check_scope(Some("openid"), "", Ok("openid"));
    check_scope(Some("delete"), "read write", Err(Reason::InvalidScope));
    check_scope(Some("email"), "read write", Err(Reason::InvalidScope));
    let mut around = Around::new();
    around.rights.standing = OwnerStanding::Disabled;
    assert_eq!(around.refresh(1, &owner(), &mut at(NOW)).verdict.unwrap_err().reason, Reason::InvalidScope);
}

/// One that rotated so many seconds after another.
fn rotated(at_seconds: &[i64]) -> Around {
    let mut around = Around::new();
    for (generation, after) in (1..).zip(at_seconds) {
        let Outcome { verdict, commit } = around.refresh(generation, &owner(), &mut at(NOW + after));
        assert_eq!(verdict.unwrap().how, How::Rotated);
        around.apply(&commit);
    }
    around
}

#[test]
fn a_request_that_is_repeated_is_answered_as_before() {
    let around = rotated(&[60]);
    let first = around.last.clone().unwrap();
    let again = around.refresh(1, &owner(), &mut at(NOW + 60 + 29));
    assert_eq!(wants(&again.commit), "");
    let again = again.verdict.unwrap();
    assert_eq!((again.how, &again.issued.token), (How::Again, &first));
    assert_eq!(again.issued.expires_in_seconds, 3_600 - 29, "what is left of it");
    let current = around.grant.family.as_ref().unwrap().current(around.grant.id, Prefix::default(), &around.root_keys).unwrap();
    assert_eq!(again.refresh.0.expose(), current.expose());
    // Whoever asks for something else gets another access token, and the same refresh token.
    let mut other = around.clone();
    other.scope = Some(ScopeSet::parse("read").unwrap());
    let fresh = other.refresh(1, &owner(), &mut at(NOW + 61));
    assert_eq!(wants(&fresh.commit), "+access_token");
    let fresh = fresh.verdict.unwrap();
    assert_eq!((fresh.how, fresh.refresh.0.expose()), (How::Fresh, current.expose()));
    // One that has no time left, or was revoked, is not told again.
    let mut late = around.clone();
    late.last.as_mut().unwrap().expires_at = NOW + 64;
    assert_eq!(late.refresh(1, &owner(), &mut at(NOW + 60)).verdict.unwrap().how, How::Fresh);
    late.last = None;
    assert_eq!(late.refresh(1, &owner(), &mut at(NOW + 60)).verdict.unwrap().how, How::Fresh);
}

#[test]
fn an_opaque_token_is_told_again_by_its_text() {
    let mut around = Around::new();
    around.api.token_format = jeton_core::api::TokenFormat::Opaque;
    around.asked_api = Some(around.api.clone());
    let first = around.refresh(1, &owner(), &mut at(NOW + 60));
    around.apply(&first.commit);
    let again = around.refresh(1, &owner(), &mut at(NOW + 61)).verdict.unwrap();
    let text = |refreshed: &jeton_core::grant::refresh::Refreshed| refreshed.issued.clear.as_ref().unwrap().0.expose().to_owned();
    assert_eq!((again.how, text(&again)), (How::Again, text(&first.verdict.unwrap())));
}

#[test]
fn one_that_is_presented_later_by_somebody_else_ends_all_of_it() {
    for (rotations, generation, after) in [(&[60][..], 1, 90), (&[60, 61], 1, 90), (&[60, 61, 62, 63, 64, 65, 66, 67, 100, 130], 1, 131)] {
        let mut around = rotated(rotations);
        around.scope = Some(ScopeSet::parse("delete").unwrap());
        let reused = around.refresh(generation, &thief(), &mut at(NOW + after));
        assert_eq!(reused.verdict.unwrap_err().reason, Reason::InvalidGrant, "a wrong scope hides no thief");
        assert_eq!(wants(&reused.commit), "+grant -grant_of_person +negative grant.reused tokens.cut_off");
        assert!(reused.commit.is_narrowing());
        around.apply(&reused.commit);
        assert!(matches!(&around.grant.state, State::Revoked(ended) if ended.why == Because::Reason(Why::Reused)));
        // Once: whoever comes again changes nothing.
        for (generation, sender) in [(generation, thief()), (around.family().generation, owner())] {
            let Outcome { verdict, commit } = around.refresh(generation, &sender, &mut at(NOW + after + 1));
            assert_eq!((verdict.unwrap_err().reason, wants(&commit).as_str()), (Reason::InvalidGrant, ""));
        }
    }
}

#[test]
fn a_lost_reply_is_told_again_once_a_day_to_who_asked() {
    let mut around = rotated(&[60]);
    let recovered = around.refresh(1, &owner(), &mut at(NOW + 7_200));
    assert_eq!(wants(&recovered.commit), "+grant +access_token grant.recovered", "the access token of then has no time left");
    assert!(matches!(recovered.commit.events.as_slice(), [Event::GrantRecovered { generation: 2, .. }]));
    assert_eq!(recovered.verdict.unwrap().how, How::Fresh);
    around.apply(&recovered.commit);
    // The other tab of the same laptop wakes up, too.
    let other = around.refresh(1, &owner(), &mut at(NOW + 7_229));
    assert_eq!((wants(&other.commit).as_str(), other.verdict.is_ok()), ("+access_token", true));
    let mut next_day = around.clone();
    assert!(next_day.refresh(1, &owner(), &mut at(NOW + 7_200 + DAY)).verdict.is_ok());
    let late = around.refresh(1, &owner(), &mut at(NOW + 7_230));
    assert_eq!(late.verdict.unwrap_err().reason, Reason::InvalidGrant);
    around.apply(&late.commit);
    assert!(matches!(around.grant.state, State::Revoked(_)));
    // Not once its successor was used, and to nobody whom we do not know.
    next_day = rotated(&[60, 100]);
    assert!(next_day.refresh(1, &owner(), &mut at(NOW + 200)).verdict.is_err());
    assert!(rotated(&[60]).refresh(1, &thief(), &mut at(NOW + 200)).verdict.is_err());
}

#[test]
fn one_that_is_ahead_counts_only_where_something_may_be_lost() {
    let mut around = Around::new();
    let refused = around.refresh(3, &owner(), &mut at(NOW + 60));
    assert_eq!((refused.verdict.unwrap_err().reason, wants(&refused.commit).as_str()), (Reason::InvalidGrant, ""));
    around.known_from_seconds = NOW + 10;
    let Outcome { verdict, commit } = around.refresh(3, &owner(), &mut at(NOW + 60));
    assert_eq!(verdict.unwrap().how, How::Rotated);
    around.apply(&commit);
    assert_eq!(around.family().generation, 4);
    assert!(around.refresh(2, &owner(), &mut at(NOW + 61)).verdict.is_err(), "those between are spent");
}

#[test]
fn who_proves_who_it_is_may_keep_its_token() {
    let mut around = Around::new();
    around.client = jeton_core::client::Client { rotates: false, ..application(&around.api, "client_secret_basic") };
    around.grant.client = around.client.id.clone();
    let first = around.refresh(1, &owner(), &mut at(NOW + 60));
    assert_eq!((wants(&first.commit).as_str(), first.verdict.unwrap().how), ("+access_token +grant", How::Fresh));
    around.apply(&first.commit);
    assert_eq!((around.family().generation, around.family().rotated_at), (1, NOW + 60));
    let soon = around.refresh(1, &owner(), &mut at(NOW + 100));
    assert_eq!((wants(&soon.commit).as_str(), soon.verdict.is_ok()), ("+access_token", true));
    // A public client's rotate, whatever its row says.
    around.client.authentication = jeton_core::client::AuthenticationMethod::None;
    assert_eq!(around.refresh(1, &owner(), &mut at(NOW + 200)).verdict.unwrap().how, How::Rotated);
}
