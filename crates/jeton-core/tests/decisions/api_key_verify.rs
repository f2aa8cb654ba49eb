//! What a presented key is answered: the first thing that speaks against it, in one order.

use std::cell::Cell;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::secret::{KeptSecret, Slot};
use jeton_core::api_key::standing::{Standing, Surroundings, idle, standing};
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::verify::{Code, Found, Wanted, verify};
use jeton_core::gap::{Fence, Gap};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::idle::{Idle, Used};
use jeton_core::policy::rule::{PolicyRule, Subject};
use jeton_core::record::Versioned;
use jeton_core::rights::OwnerStanding;
use jeton_core::why::Why;
use jeton_oauth::scope::ScopeSet;
use jeton_token::Environment;

use crate::api_key::{DAY, World};
use crate::known::{NOW, actor};

fn ended(why: Why) -> Ended {
    Ended { at: NOW, by: actor(), why: why.into() }
}

pub(crate) fn fine(policies: &Policies) -> Surroundings<'_> {
    let (owner, used) = (OwnerStanding::Stands, Used::UNKNOWN);
    Surroundings { has_api: true, owner, is_suspended: false, not_before_seconds: i64::MIN, fence: Fence::NONE, policies, used }
}

/// Everything that can speak against a key, in the order of the answers; each is put right in turn, and the next one is the answer.
#[test]
fn the_first_thing_that_speaks_against_it_is_the_answer() {
    let (key, _) = World::of("read write").key(|request| {
        request.scopes = Some("read write".to_owned());
        request.networks = vec!["10.0.0.0/8".to_owned()];
        request.expires_in_seconds = Some(DAY);
    });
    let policies = Policies::default();
    let scopes = |text: &str| ScopeSet::parse(text).unwrap();
    let [all, some] = ["read write", "read"].map(scopes);
    let suspended = ApiKey { state: State::Suspended(ended(Why::Leaked)), ..key.record.clone() };
    let asked = [Code::NotFound, Code::Revoked, Code::Expired, Code::Suspended, Code::IpDenied, Code::InsufficientScope, Code::RateLimited];
    let (rate_asked, uses_asked) = (Cell::new(0), Cell::new(0));
    let answer = |step: usize| {
        let around = Surroundings { owner: if step < 2 { OwnerStanding::Gone } else { OwnerStanding::Stands }, ..fine(&policies) };
        let found = Found {
            key: if step < 4 { &suspended } else { &key.record },
            slot: Slot::Current,
            around,
            may_have: if step < 6 { &some } else { &all },
        };
        let wanted = Wanted {
            scopes: Some(&all),
            client_ip: (step >= 5).then(|| "10.0.0.1".parse().unwrap()),
            environment: Some(if step < 1 { Environment::Test } else { Environment::Live }),
        };
        let now = if step < 3 { NOW + DAY } else { NOW };
        let within = |counter: &Cell<i32>, is_within: bool| {
            counter.set(counter.get() + 1);
            is_within
        };
        verify(Some(&found), &wanted, now)
            .unless(|| within(&rate_asked, step >= 7), Code::RateLimited)
            .unless(|| within(&uses_asked, step >= 8), Code::UsageExceeded)
    };
    for (step, expected) in asked.into_iter().chain([Code::UsageExceeded, Code::Valid]).enumerate() {
        assert_eq!(answer(step), expected, "{step}");
    }
    // What is refused anyway spends nothing.
    assert_eq!((rate_asked.get(), uses_asked.get()), (3, 2));
    let wanted = Wanted { scopes: None, client_ip: None, environment: None };
    assert_eq!(verify(None, &wanted, NOW), Code::NotFound);
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let (key, _) = World::of("read").key(|request| request.environment = Environment::Test);
    let policies = Policies::default();
    let check = |may_have: &str, scopes: Option<&str>, environment: Option<Environment>, expected: Code| {
        let [may_have, scopes] = [Some(may_have), scopes].map(|text| text.map(|text| ScopeSet::parse(text).unwrap()));
        let found = Found { key: &key.record, slot: Slot::Current, around: fine(&policies), may_have: &may_have.unwrap() };
        let wanted = Wanted { scopes: scopes.as_ref(), client_ip: None, environment };
        assert_eq!(verify(Some(&found), &wanted, NOW), expected, "{scopes:?} {environment:?}");
    };
    check("read", None, None, Code::Valid);
    check("", None, None, Code::Valid);
    check("read", Some("read"), Some(Environment::Test), Code::Valid);
    check("read write", Some("write"), None, Code::InsufficientScope);
    check("", Some("read"), None, Code::InsufficientScope);
    check("read", None, Some(Environment::Live), Code::NotFound);
}

#[test]
fn how_it_stands() {
    let world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(20 * DAY));
    let key = key.record;
    let old = ApiKey { previous: Some(key.current.clone().ended(NOW + 5)), ..key.clone() };
    let in_state = |state: State| ApiKey { state, ..key.clone() };
    let none = Policies::default();
    let check = |key: &ApiKey, slot: Slot, around: Surroundings<'_>, now: i64, expected: Standing| {
        assert_eq!(standing(key, slot, &around, now), expected, "{around:?} {now}");
    };
    let (current, around) = (Slot::Current, fine(&none));
    check(&key, current, around, NOW + 20 * DAY - 1, Standing::Live);
    check(&key, current, around, NOW + 20 * DAY, Standing::Expired);
    check(&old, Slot::Previous, around, NOW + 4, Standing::Live);
    check(&old, Slot::Previous, around, NOW + 5, Standing::Expired);
    check(&old, current, around, NOW + 5, Standing::Live);
    check(&key, Slot::Previous, around, NOW, Standing::Expired);
    check(&in_state(State::Suspended(ended(Why::Idle))), current, around, NOW, Standing::Suspended(Why::Idle));
    check(&in_state(State::Suspended(ended(Why::Idle))), current, around, NOW + 20 * DAY, Standing::Expired);
    check(&in_state(State::Revoked(ended(Why::Leaked))), current, around, NOW + 20 * DAY, Standing::Revoked(Why::Leaked));
    let owner = |owner| Surroundings { owner, ..around };
    check(&key, current, owner(OwnerStanding::Disabled), NOW, Standing::Suspended(Why::OwnerLeft));
    check(&key, current, owner(OwnerStanding::Disabled), NOW + 20 * DAY, Standing::Expired);
    check(&key, current, owner(OwnerStanding::NoAccess), NOW, Standing::Suspended(Why::NoAccess));
    check(&key, current, owner(OwnerStanding::NoAccess), NOW + 20 * DAY, Standing::Expired);
    check(&key, current, owner(OwnerStanding::Gone), NOW + 20 * DAY, Standing::Revoked(Why::OwnerGone));
    // An owner of whom nothing is left there is not what ended it.
    let without_api = Surroundings { has_api: false, ..owner(OwnerStanding::Gone) };
    check(&key, current, without_api, NOW + 20 * DAY, Standing::Revoked(Why::ApiGone));
    check(&in_state(State::Revoked(ended(Why::Leaked))), current, without_api, NOW, Standing::Revoked(Why::Leaked));
    let fenced = |before| Surroundings { fence: Fence::of(&Gap { size: 9, before, opened_at: NOW }), ..around };
    let made = key.current.created_at;
    check(&key, current, fenced(made), NOW, Standing::Live);
    check(&key, current, fenced(made + 1), NOW, Standing::Suspended(Why::Gap));
    check(&key, current, Surroundings { is_suspended: true, ..around }, NOW, Standing::Suspended(Why::Unspecified));
    let cut_off = |not_before_seconds| Surroundings { not_before_seconds, ..around };
    check(&key, current, cut_off(NOW), NOW, Standing::Live);
    check(&key, current, cut_off(NOW + 1), NOW, Standing::Revoked(Why::CutOff));
    // A policy that was lowered reaches what is out.
    let rule = PolicyRule {
        kind: CredentialKind::ApiKey,
        subject: Subject::Api(key.api.clone()),
        default_seconds: None,
        max_seconds: Some(10),
        updated_at: NOW,
        updated_by: actor(),
        idle: None,
        idle_since: None,
    };
    let lowered = none.clone().with(Versioned { version: 1, record: rule });
    check(&key, current, fine(&lowered), NOW + 9, Standing::Live);
    check(&key, current, fine(&lowered), NOW + 10, Standing::Expired);
}

#[test]
fn idle_is_what_nobody_used_for_long() {
    let (key, _) = World::of("read").key(|_| {});
    let key = key.record;
    let suspended = |why| ApiKey { state: State::Suspended(ended(why)), ..key.clone() };
    let none = Policies::default();
    let check = |key: &ApiKey, last_at: Option<i64>, counted_since: i64, now: i64, expected: Idle| {
        let used = Used { last_at, counted_since };
        assert_eq!(idle(key, &none, used, now), expected, "{used:?} {now}");
    };
    const LONG: i64 = 30 * DAY;
    // To which a use is known.
    const HOUR: i64 = 3_600;
    check(&key, None, 0, NOW + LONG - 1, Idle::No);
    check(&key, None, 0, NOW + LONG, Idle::Suspended);
    check(&key, None, 0, NOW + 2 * LONG - 1, Idle::Suspended);
    check(&key, None, 0, NOW + 2 * LONG, Idle::Revoked);
    check(&key, Some(NOW + 5), 0, NOW + LONG + 5 + HOUR - 1, Idle::No);
    check(&key, Some(NOW + 5), 0, NOW + LONG + 5 + HOUR, Idle::Suspended);
    // Nobody loses a key for what was not counted.
    check(&key, None, NOW + LONG, NOW + 2 * LONG - 1, Idle::No);
    check(&ApiKey { active_since: NOW + LONG, ..key.clone() }, None, 0, NOW + 2 * LONG - 1, Idle::No);
    let rotated = KeptSecret { created_at: NOW + LONG, ..key.current.clone() };
    check(&ApiKey { current: rotated, ..key.clone() }, None, 0, NOW + 2 * LONG - 1, Idle::No);
    check(&suspended(Why::Idle), None, 0, NOW + LONG, Idle::No);
    check(&suspended(Why::Idle), None, 0, NOW + 2 * LONG, Idle::Revoked);
    check(&suspended(Why::Leaked), None, 0, NOW + 2 * LONG, Idle::No);
    check(&ApiKey { state: State::Revoked(ended(Why::Leaked)), ..key.clone() }, None, 0, NOW + 2 * LONG, Idle::No);
}

/// A key that nobody used for long is refused whether or not a job has written that down.
#[test]
fn idle_is_judged_at_use() {
    let (key, _) = World::of("read").key(|request| request.expires_in_seconds = Some(80 * DAY));
    let (key, none) = (key.record, Policies::default());
    let used = Used { last_at: Some(NOW + 60), counted_since: 0 };
    let since = |days: i64| NOW + 60 + 3_600 + days * DAY;
    let check = |owner: OwnerStanding, now: i64, expected: Standing| {
        let around = Surroundings { owner, used, ..fine(&none) };
        assert_eq!(standing(&key, Slot::Current, &around, now), expected, "{now}");
    };
    let stands = OwnerStanding::Stands;
    check(stands, since(30) - 1, Standing::Live);
    check(stands, since(30), Standing::Suspended(Why::Idle));
    check(OwnerStanding::Disabled, since(30), Standing::Suspended(Why::OwnerLeft));
    check(stands, since(60) - 1, Standing::Suspended(Why::Idle));
    check(stands, since(60), Standing::Revoked(Why::Idle));
    check(OwnerStanding::Disabled, since(60), Standing::Revoked(Why::Idle));
    check(OwnerStanding::Gone, since(60), Standing::Revoked(Why::OwnerGone));
    check(stands, NOW + 80 * DAY, Standing::Expired);
}
