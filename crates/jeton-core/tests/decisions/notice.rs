//! Notices that something ends: which is due, and that each is told once.

use jeton_core::notice::{Ending, Expiring, Told, tell};

use crate::known::{NOW, at};
use crate::wants::granted;

const DAY: i64 = 86_400;

/// A key that lives so many days from now.
fn key(days: i64) -> Expiring {
    Expiring {
        ending: Ending::ApiKey,
        credential: "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b".into(),
        owner: "client:client_a".into(),
        created_at: NOW,
        expires_at: NOW + days * DAY,
    }
}

fn told(expiring: &Expiring, days: i64) -> Told {
    Told { ending: expiring.ending.name().into(), credential: expiring.credential.clone(), expires_at: expiring.expires_at, days }
}

#[test]
fn each_is_due_in_its_time_and_of_those_that_were_missed_the_last() {
    let key = key(90);
    let check = |left: i64, before: Option<i64>, expected: Option<i64>| {
        let before = before.map(|days| told(&key, days));
        assert_eq!(key.due(before.as_ref(), key.expires_at - left), expected, "{left} {before:?}");
    };
    check(30 * DAY + 1, None, None);
    check(30 * DAY, None, Some(30));
    check(30 * DAY, Some(30), None);
    check(7 * DAY + 1, Some(30), None);
    check(7 * DAY, Some(30), Some(7));
    check(DAY + 1, Some(7), None);
    check(DAY, Some(7), Some(1));
    check(1, Some(1), None);
    // Nobody looked for a month: the most urgent alone is told.
    check(DAY, None, Some(1));
    check(2 * DAY, None, Some(7));
    check(0, None, None);
    check(-DAY, Some(30), None);
}

#[test]
fn another_end_has_notices_of_its_own() {
    let (before, after) = (key(90), key(180));
    assert_eq!(after.due(Some(&told(&before, 1)), after.expires_at - 29 * DAY), Some(30), "it was rotated");
    let earlier = key(40);
    assert_eq!(earlier.due(Some(&told(&before, 30)), NOW + 20 * DAY), Some(30), "a policy was lowered");
}

/// Whoever makes something for a week knows that it ends in a week.
#[test]
fn none_is_due_as_far_ahead_as_the_whole_life() {
    for (days, left, expected) in [(30, 30, None), (31, 30, Some(30)), (30, 7, Some(7)), (7, 7, None), (7, 1, Some(1)), (1, 1, None)] {
        let key = key(days);
        assert_eq!(key.due(None, key.expires_at - left * DAY), expected, "{days} {left}");
    }
}

#[test]
fn what_is_told_is_kept() {
    let key = key(90);
    granted(tell(&key, 30, &mut at(NOW)), "+expiry_notice credential.expiring");
    let kept = told(&key, 30);
    assert_eq!(Told::from_row(&kept.row()), Ok(kept.clone()));
    assert_eq!(key.key(), kept.row()[..2]);
}
