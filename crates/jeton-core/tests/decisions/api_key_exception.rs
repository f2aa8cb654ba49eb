//! Keys beyond their maximum: with somebody who answers for it, a reason and a day, and not otherwise.

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::except::{end_exception, except};
use jeton_core::api_key::rotate::{Rotate, RotatedBy, rotate};
use jeton_core::api_key::secret::{KeptSecret, Slot};
use jeton_core::api_key::state::{Ended, State};
use jeton_core::policy::effective::Policies;
use jeton_core::policy::exception::PolicyException;
use jeton_core::policy::exception::request::CreateException;
use jeton_core::record::Versioned;
use jeton_core::why::Why;

use crate::api_key::{DAY, World, put, stored};
use crate::known::{NOW, actor, at};
use crate::wants::{granted, refused};

fn until(days: i64) -> CreateException {
    CreateException { owner: "Ada".to_owned(), reason: "replaced in May".to_owned(), ends_at: NOW + days * DAY }
}

#[test]
fn made_with_one() {
    let world = World::of("read");
    let with = |exception: CreateException| world.create(|request| request.exception = Some(exception));
    for (exception, words) in [
        (until(366), "no exception is needed"),
        (until(401), "at most 400 days"),
        (until(-1), "at most 400 days"),
        (CreateException { owner: String::new(), ..until(390) }, "the owner"),
        (CreateException { reason: "a\u{202e}b".to_owned(), ..until(390) }, "the reason"),
    ] {
        refused(with(exception), words);
    }
    let both = world.create(|request| (request.exception, request.expires_in_seconds) = (Some(until(390)), Some(DAY)));
    refused(both, "leave `expires_in_seconds` out");
    let created = granted(with(until(390)), "+api_key +api_key_word +policy_exception api_key.created policy_exception.created");
    let exception = created.exception.unwrap();
    assert_eq!((exception.ends_at, &*exception.credential), (NOW + 390 * DAY, created.key.id.to_string().as_str()));
    let policies = Policies::default().with_exception(Versioned { version: 1, record: exception });
    assert_eq!(created.key.ends_at(&created.key.current, &policies), NOW + 390 * DAY, "it ends with the exception");
    assert_eq!(created.key.ends_at(&created.key.current, &Policies::default()), NOW + 366 * DAY, "without one the maximum holds");
}

#[test]
fn given_one_later_and_losing_it() {
    let (key, _) = World::of("read").key(|request| request.expires_in_seconds = Some(30 * DAY));
    let none = Policies::default();
    let in_state = |state| Versioned { record: ApiKey { state, ..key.record.clone() }, ..key.clone() };
    let revoked = in_state(State::Revoked(Ended { at: NOW, by: actor(), why: Why::Leaked.into() }));
    refused(except(&revoked, &until(390), &none, &actor(), &mut at(NOW)), "revoked");
    refused(except(&key, &until(390), &none, &actor(), &mut at(NOW + 30 * DAY)), "come to the end it was made with");
    refused(except(&key, &until(60), &none, &actor(), &mut at(NOW)), "no exception is needed");
    let outcome = except(&key, &until(390), &none, &actor(), &mut at(NOW));
    let extended = stored(put(&outcome.commit));
    let exception = granted(outcome, "+policy_exception +api_key policy_exception.created api_key.widened");
    let with = none.clone().with_exception(Versioned { version: 1, record: exception.clone() });
    assert_eq!(extended.record.ends_at(&extended.record.current, &with), NOW + 390 * DAY);
    refused(except(&extended, &until(395), &with, &actor(), &mut at(NOW)), "an exception for this API key already");
    let outcome = end_exception(&extended, &exception, &with, &actor(), &mut at(NOW + 370 * DAY));
    assert!(outcome.commit.is_narrowing());
    let after = put(&outcome.commit);
    granted(outcome, "-policy_exception -expiry_notice +negative +api_key policy_exception.ended api_key.narrowed");
    assert_eq!(after.current.expires_at, NOW + 30 * DAY, "what it was made with holds again");
}

/// What a key is left with when its exception ends: of what it has, what it was made for, the maximum and the exception, the least.
#[test]
fn left_without_it() {
    let (key, _) = World::of("read").key(|request| request.expires_in_seconds = Some(30 * DAY));
    let none = Policies::default();
    let check = |change: &dyn Fn(&mut ApiKey), exception_days: i64, expected: (i64, Option<i64>)| {
        let (mut before, exception) = (key.clone(), except(&key, &until(390), &none, &actor(), &mut at(NOW)).verdict.unwrap());
        change(&mut before.record);
        let exception = PolicyException { ends_at: NOW + exception_days * DAY, ..exception };
        let after = put(&end_exception(&before, &exception, &none, &actor(), &mut at(NOW + DAY)).commit);
        let days = |secret: &KeptSecret| (secret.expires_at - NOW) / DAY;
        assert_eq!((days(&after.current), after.previous.as_ref().map(days)), expected);
    };
    let lives = |days: i64| move |key: &mut ApiKey| (key.lifetime_seconds, key.current.expires_at) = (days * DAY, NOW + 390 * DAY);
    check(&lives(30), 390, (30, None));
    check(&lives(390), 390, (366, None));
    check(&lives(390), 90, (90, None));
    check(&|key| key.current.expires_at = NOW + 5 * DAY, 390, (5, None));
    // Imported: how long it was to live is not known.
    check(&|key| (key.is_imported, key.current.expires_at) = (true, NOW + 390 * DAY), 390, (366, None));
    let rotated = |key: &mut ApiKey| {
        key.previous = Some(KeptSecret { expires_at: NOW + 130 * DAY, ..key.current.clone() });
        key.current = KeptSecret { created_at: NOW + 100 * DAY, expires_at: NOW + 390 * DAY, ..key.current.clone() };
    };
    check(&rotated, 390, (130, Some(30)));
    check(&rotated, 110, (110, Some(30)));
}

#[test]
fn a_rotated_secret_ends_with_the_exception() {
    let mut world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(100 * DAY));
    let outcome = except(&key, &until(390), &world.policies, &actor(), &mut at(NOW));
    let extended = stored(put(&outcome.commit));
    world.policies = Policies::default().with_exception(Versioned { version: 1, record: outcome.verdict.unwrap() });
    let rotated = |by: RotatedBy<'_>| {
        let outcome = rotate(&extended, &world.facts(), Rotate::default(), by, &mut at(NOW + 380 * DAY));
        outcome.verdict.unwrap().key.current.expires_at
    };
    assert_eq!(rotated(RotatedBy::Administrator(&actor())), NOW + 390 * DAY);
    assert_eq!(rotated(RotatedBy::Itself(Slot::Current)), NOW + 390 * DAY);
}
