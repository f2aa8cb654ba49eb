//! Keys beyond their maximum: with somebody who answers for it, a reason and a day, and not otherwise.

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::except::{end_exception, except};
use jeton_core::api_key::state::{Ended, State, Why};
use jeton_core::policy::effective::Policies;
use jeton_core::policy::exception::request::CreateException;
use jeton_core::record::Versioned;

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
    let revoked = in_state(State::Revoked(Ended { at: NOW, by: actor(), why: Why::Leaked }));
    refused(except(&revoked, &until(390), &none, &actor(), &mut at(NOW)), "revoked");
    refused(except(&key, &until(390), &none, &actor(), &mut at(NOW + 30 * DAY)), "come to the end it was made with");
    refused(except(&key, &until(60), &none, &actor(), &mut at(NOW)), "no exception is needed");
    let outcome = except(&key, &until(390), &none, &actor(), &mut at(NOW));
    let extended = stored(put(&outcome.commit));
    let exception = granted(outcome, "+policy_exception +api_key policy_exception.created api_key.widened");
    let with = none.clone().with_exception(Versioned { version: 1, record: exception.clone() });
    assert_eq!(extended.record.ends_at(&extended.record.current, &with), NOW + 390 * DAY);
    refused(except(&extended, &until(395), &with, &actor(), &mut at(NOW)), "an exception for this API key already");
    let outcome = end_exception(&extended, &exception, &actor(), &mut at(NOW + 370 * DAY));
    assert!(outcome.commit.is_narrowing());
    granted(outcome, "-policy_exception +api_key +negative policy_exception.ended api_key.narrowed");
    assert_eq!(extended.record.ends_at(&extended.record.current, &none), NOW + 366 * DAY, "the maximum holds again");
}
