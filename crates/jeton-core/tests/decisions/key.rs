//! Signing keys: made, rotated, revoked, removed.

use std::sync::Arc;

use jeton_core::id::KeyId;
use jeton_core::key::ensure::{ensure, ensure_of_ledger};
use jeton_core::key::remove::remove;
use jeton_core::key::revoke::revoke;
use jeton_core::key::rotate::{PUBLISHED_AHEAD_SECONDS, is_due, rotate};
use jeton_core::key::signed::can_have_signed;
use jeton_core::key::{FreshKey, Purpose, Ring, SigningKeyRecord, State};
use jeton_jose::Algorithm;

use crate::known::{NOW, actor, at};
use crate::wants::{granted, refused};

const DAY: i64 = 86_400;

fn fresh(id: &str) -> FreshKey {
    FreshKey { id: KeyId::from(id), algorithm: Algorithm::Es256, public: Arc::from("{}"), sealed: Arc::from([1_u8].as_slice()), epoch: 1 }
}

fn pair() -> [SigningKeyRecord; 2] {
    let outcome = ensure(fresh("a"), fresh("b"), &actor(), &mut at(NOW));
    granted(outcome, "+signing_key +signing_key signing_key.created signing_key.created").try_into().unwrap()
}

fn of_ledger() -> SigningKeyRecord {
    granted(ensure_of_ledger(fresh("l"), &actor(), &mut at(NOW)), "+signing_key signing_key.created").remove(0)
}

fn ring() -> Ring {
    let [current, next] = pair();
    Ring { current: Some(current), next: Some(next) }
}

#[test]
fn the_first_two() {
    let [current, next] = pair();
    assert_eq!((current.state, current.activated_at, next.state, next.activated_at), (State::Current, Some(NOW), State::Next, None));
    for record in [current, next] {
        assert_eq!(SigningKeyRecord::from_row(&record.row()), Ok(record));
    }
}

#[test]
fn the_ledger_s_has_no_successor() {
    let key = of_ledger();
    assert_eq!((key.purpose, key.state, key.activated_at), (Purpose::Ledger, State::Current, Some(NOW)));
}

#[test]
fn due_after_ninety_days_and_not_before_the_next_is_known() {
    let late = |created_at| Ring { next: ring().next.map(|next| SigningKeyRecord { created_at, ..next }), ..ring() };
    for (ring, now, expected) in [
        (ring(), NOW, false),
        (ring(), NOW + 90 * DAY - 1, false),
        (ring(), NOW + 90 * DAY, true),
        (late(NOW + 90 * DAY - PUBLISHED_AHEAD_SECONDS), NOW + 90 * DAY, true),
        (late(NOW + 90 * DAY - PUBLISHED_AHEAD_SECONDS + 1), NOW + 90 * DAY, false),
        (Ring { next: None, ..ring() }, NOW + 900 * DAY, false),
        (Ring::default(), NOW + 900 * DAY, false),
    ] {
        assert_eq!(is_due(&ring, 90 * DAY, now), expected, "{now}");
    }
    assert!(is_due(&ring(), DAY, NOW + DAY) && !is_due(&ring(), DAY, NOW + DAY - 1));
}

#[test]
fn rotated() {
    for (now, even_so, expected) in
        [(NOW + PUBLISHED_AHEAD_SECONDS, false, true), (NOW + PUBLISHED_AHEAD_SECONDS - 1, false, false), (NOW, true, true)]
    {
        let outcome = rotate(ring(), fresh("c"), even_so, &actor(), &mut at(now));
        if expected {
            let writes = "+signing_key +signing_key +signing_key signing_key.activated signing_key.created";
            assert_eq!(granted(outcome, writes), KeyId::from("b"));
        } else {
            refused(outcome, "another 1 seconds");
        }
    }
    refused(rotate(Ring { next: None, ..ring() }, fresh("c"), true, &actor(), &mut at(NOW)), "no next key");
}

#[test]
fn revoked() {
    let [current, next] = pair();
    let retired = SigningKeyRecord { state: State::Retired, ..current.clone() };
    let dead = SigningKeyRecord { state: State::Revoked, ..current.clone() };
    for (key, writes) in [
        (&current, "+signing_key +negative +signing_key +signing_key signing_key.revoked signing_key.activated signing_key.created"),
        (&next, "+signing_key +negative +signing_key signing_key.revoked signing_key.created"),
        (&retired, "+signing_key +negative signing_key.revoked"),
        (&dead, ""),
    ] {
        let outcome = revoke(key, ring(), fresh("c"), &actor(), &mut at(NOW));
        assert_eq!(outcome.commit.is_narrowing(), !writes.is_empty());
        granted(outcome, writes);
    }
    refused(revoke(&of_ledger(), Ring::default(), fresh("c"), &actor(), &mut at(NOW)), "checkpoints");
}

#[test]
fn who_can_have_signed_a_token() {
    let key = |id: &str, algorithm, activated_at| SigningKeyRecord { id: KeyId::from(id), algorithm, activated_at, ..pair()[0].clone() };
    let (es256, eddsa) = (Algorithm::Es256, Algorithm::EdDsa);
    let ledger = SigningKeyRecord { id: KeyId::from("ledger"), ..of_ledger() };
    let keys = [
        &key("first", es256, Some(NOW)),
        &key("second", es256, Some(NOW + 100)),
        &key("next", es256, None),
        &key("other", eddsa, Some(NOW)),
        &ledger,
    ];
    for (algorithm, issued_at, expected) in [
        (Some(es256), NOW, "first"),
        (Some(es256), NOW + 94, "first"),
        (Some(es256), NOW + 95, "first second"),
        // Dated ahead, and signed at once.
        (Some(es256), NOW + 101, "first second"),
        (Some(es256), NOW + 102, "second"),
        (Some(es256), NOW + 9_000, "second"),
        (Some(es256), NOW - 6, ""),
        (Some(eddsa), NOW + 9_000, "other"),
        (None, NOW + 9_000, "second other"),
    ] {
        let found: Vec<_> = can_have_signed(&keys, algorithm, issued_at, NOW + 10_000).iter().map(|key| key.id.to_string()).collect();
        assert_eq!(found.join(" "), expected, "{algorithm:?} {}", issued_at - NOW);
    }
    // Activated by a clock that was ahead, and that was taken back.
    let found = can_have_signed(&keys, Some(es256), NOW + 20, NOW + 50);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn removed_when_its_time_has_come() {
    let [current, _] = pair();
    let ends = SigningKeyRecord { state: State::Retired, remove_at: Some(NOW + 10), ..current.clone() };
    granted(remove(&current, &mut at(i64::MAX / 2_000_000)), "");
    granted(remove(&ends, &mut at(NOW + 9)), "");
    granted(remove(&ends, &mut at(NOW + 10)), "-signing_key signing_key.removed");
}
