//! A key gets another secret without a gap, and one whose answer was lost asks again.

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::confirm::confirm;
use jeton_core::api_key::end_previous::end_previous;
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::api_key::rotate::{Rotate, Rotated, RotatedBy, asking_again, rotate};
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::{revoke::revoke, suspend::suspend};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ClientId};
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::idle::Used;
use jeton_core::policy::rule::{PolicyRule, Subject};
use jeton_core::rate::RateLimit;
use jeton_core::record::Versioned;
use jeton_core::refusal::Reason;
use jeton_core::rights::OwnerStanding;
use jeton_core::root_key::RootKeys;
use jeton_core::why::Why;
use jeton_token::{Environment, Prefix};
use zeroize::Zeroizing;

use crate::api_key::{DAY, World, outdates, put, stored};
use crate::known::{NOW, actor, at};
use crate::wants::{granted, refused};

const WRITES: &str = "+negative +api_key api_key.rotated";
const TOLD: &str = "+api_key api_key.told_again";

fn by_administrator(world: &World, key: &Versioned<ApiKey>, request: Rotate, now: i64) -> Outcome<Rotated> {
    rotate(key, &world.facts(), request, RotatedBy::Administrator(&actor()), &mut at(now))
}

fn by_itself(world: &World, key: &Versioned<ApiKey>, slot: Slot, request: Rotate, now: i64) -> Outcome<Rotated> {
    rotate(key, &world.facts(), request, RotatedBy::Itself(slot), &mut at(now))
}

fn overlap(seconds: i64) -> Rotate {
    Rotate { overlap_seconds: Some(seconds), ..Rotate::default() }
}

fn maximum(seconds: i64) -> PolicyRule {
    PolicyRule {
        kind: CredentialKind::ApiKey,
        subject: Subject::Deployment,
        default_seconds: None,
        max_seconds: Some(seconds),
        updated_at: NOW,
        updated_by: actor(),
        idle: None,
        idle_since: None,
    }
}

#[test]
fn the_one_before_goes_on_for_its_overlap_and_never_longer_than_it_lived() {
    let world = World::of("read");
    let (key, old) = world.key(|request| request.expires_in_seconds = Some(40 * DAY));
    for (asked, ends) in
        [(None, NOW + 21 * DAY), (Some(0), NOW + 20 * DAY), (Some(30 * DAY), NOW + 40 * DAY), (Some(5), NOW + 20 * DAY + 5)]
    {
        let outcome = by_administrator(&world, &key, Rotate { overlap_seconds: asked, ..Rotate::default() }, NOW + 20 * DAY);
        outdates(&outcome.commit, NOW + 20 * DAY + 1);
        let Some(Event::ApiKeyRotated { ends_at_seconds, previous, by_itself, .. }) = outcome.commit.events.first().cloned() else {
            panic!("{:?}", outcome.commit.events)
        };
        assert_eq!((ends_at_seconds, previous, by_itself), (ends, 7, 0), "{asked:?}");
        let Rotated { key: rotated, clear } = granted(outcome, WRITES);
        assert_eq!(rotated.previous.as_ref().unwrap().expires_at, ends, "{asked:?}");
        assert_eq!((rotated.current.expires_at, rotated.generation), (NOW + 60 * DAY, 1));
        assert_eq!((rotated.id, &rotated.scopes, &rotated.name), (key.record.id, &key.record.scopes, &key.record.name));
        assert_eq!(rotated.slot_of(&old, &world.root_keys), Some(Slot::Previous));
        assert_eq!(rotated.slot_of(clear.0.expose(), &world.root_keys), Some(Slot::Current));
        assert_eq!(rotated.repeat, None);
    }
    for seconds in [-1, 30 * DAY + 1, i64::MAX, i64::MIN] {
        refused(by_administrator(&world, &key, overlap(seconds), NOW), "overlap");
        refused(by_itself(&world, &key, Slot::Current, overlap(seconds), NOW), "overlap");
    }
}

#[test]
fn two_live_secrets_at_most() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    let rotated = stored(by_administrator(&world, &key, overlap(100), NOW).verdict.unwrap().key);
    refused(by_administrator(&world, &rotated, overlap(100), NOW + 99), "for another 1 second:");
    refused(by_itself(&world, &rotated, Slot::Current, overlap(100), NOW + 99), "for another 1 second:");
    granted(by_administrator(&world, &rotated, overlap(100), NOW + 100), WRITES);

    let outcome = end_previous(&rotated, &actor(), &mut at(NOW + 50));
    outdates(&outcome.commit, NOW + 51);
    assert!(outcome.commit.is_narrowing());
    let ended = stored(put(&outcome.commit));
    granted(outcome, "+negative +api_key api_key.secret_ended");
    assert_eq!(ended.record.previous.as_ref().unwrap().expires_at, NOW + 50);
    granted(end_previous(&ended, &actor(), &mut at(NOW + 50)), "");
    granted(end_previous(&key, &actor(), &mut at(NOW + 50)), "");
    granted(by_administrator(&world, &ended, overlap(100), NOW + 50), WRITES);
}

#[test]
fn who_may_not() {
    let mut world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(100));
    for slot in [Slot::Current, Slot::Previous] {
        refused(by_itself(&world, &key, slot, Rotate::default(), NOW + 100), "expired");
    }
    refused(by_administrator(&world, &key, Rotate::default(), NOW + 100), "expired");
    let suspended = stored(put(&suspend(&key, &Policies::default(), Used::UNKNOWN, (Why::Leaked, &actor()), &mut at(NOW)).commit));
    refused(by_administrator(&world, &suspended, Rotate::default(), NOW), "suspended");
    let revoked = stored(put(&revoke(&key, Why::Leaked, &actor(), &mut at(NOW)).commit));
    refused(by_administrator(&world, &revoked, Rotate::default(), NOW), "revoked");
    world.rights.standing = OwnerStanding::Disabled;
    refused(by_administrator(&world, &key, Rotate::default(), NOW), "disabled");
}

#[test]
fn how_long_the_new_one_lives() {
    let mut world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(10 * DAY));
    let lives = |seconds| Rotate { expires_in_seconds: Some(seconds), ..Rotate::default() };
    let long = by_administrator(&world, &key, lives(366 * DAY), NOW).verdict.unwrap().key;
    assert_eq!((long.current.expires_at, long.lifetime_seconds), (NOW + 366 * DAY, 366 * DAY));
    refused(by_administrator(&world, &key, lives(366 * DAY + 1), NOW), "366 days");
    // A key gives itself no longer life than it was given, and does not shorten what follows.
    refused(by_itself(&world, &key, Slot::Current, lives(10 * DAY + 1), NOW), "10 days");
    let short = by_itself(&world, &key, Slot::Current, lives(DAY), NOW).verdict.unwrap().key;
    assert_eq!((short.current.expires_at, short.lifetime_seconds), (NOW + DAY, 10 * DAY));
    // A maximum that was lowered meanwhile holds.
    world.policies = world.policies.with(Versioned { version: 1, record: maximum(3 * DAY) });
    let lowered = by_itself(&world, &key, Slot::Current, Rotate::default(), NOW).verdict.unwrap().key;
    assert_eq!(lowered.current.expires_at, NOW + 3 * DAY);
    refused(by_administrator(&world, &key, Rotate::default(), NOW + 3 * DAY), "expired");
}

#[test]
fn whose_answer_was_lost_asks_again_with_the_old_one() {
    let world = World::of("read");
    let (key, old) = world.key(|_| {});
    let outcome = by_itself(&world, &key, Slot::Current, overlap(2 * DAY), NOW);
    assert!(
        matches!(outcome.commit.events.first(), Some(Event::ApiKeyRotated { actor, by_itself: 1, .. }) if *actor == Actor::key(key.record.id))
    );
    let Rotated { key: rotated, clear } = granted(outcome, WRITES);
    let (rotated, text) = (stored(rotated), clear.0.expose());
    assert_ne!(text, old);
    let again = |key: &Versioned<ApiKey>, now: i64| by_itself(&world, key, Slot::Previous, Rotate::default(), now);
    for now in [NOW, NOW + DAY - 1] {
        assert_eq!(granted(again(&rotated, now), TOLD).clear.0.expose(), text, "{now}");
    }
    refused(again(&rotated, NOW + DAY), "was replaced");
    // The ledger tells of it once; the next rotation begins anew.
    let told = again(&rotated, NOW + 5);
    let is_told = |event: &Event| matches!(event, Event::ApiKeyToldAgain { actor, generation: 1, previous: 7, .. } if *actor == Actor::key(key.record.id));
    assert!(told.commit.events.iter().all(is_told), "{:?}", told.commit.events);
    let told = stored(put(&told.commit));
    assert_eq!(told.record.repeat.as_ref().unwrap().told_again_at, Some(NOW + 5));
    assert_eq!(granted(again(&told, NOW + 6), "").clear.0.expose(), text);
    let anew = by_itself(&world, &told, Slot::Current, overlap(0), NOW + 3 * DAY).verdict.unwrap().key;
    assert_eq!(anew.repeat.unwrap().told_again_at, None);
    // It holds over a later epoch of the root key, and ends with the epoch that it is under.
    let with = |epochs: &[u16], prefix: &Prefix| {
        let keys = RootKeys::new(epochs.iter().map(|epoch| (*epoch, Zeroizing::new([u8::try_from(*epoch).unwrap(); 32])))).unwrap();
        let facts = KeyFacts { root_keys: &keys, prefix, ..world.facts() };
        rotate(&rotated, &facts, Rotate::default(), RotatedBy::Itself(Slot::Previous), &mut at(NOW + 1))
    };
    assert_eq!(granted(with(&[3, 4], &Prefix::default()), TOLD).clear.0.expose(), text);
    refused(with(&[4], &Prefix::default()), "was replaced");
    refused(with(&[3], &Prefix::parse("acme").unwrap()), "prefix");
    // Once it has used the new one, or the old one has ended, nobody is told it again.
    let outcome = confirm(&rotated, &mut at(NOW + 10));
    let confirmed = stored(put(&outcome.commit));
    granted(outcome, "+api_key api_key.secret_confirmed");
    granted(confirm(&confirmed, &mut at(NOW + 10)), "");
    refused(again(&confirmed, NOW + 11), "was replaced");
    let ended = stored(put(&end_previous(&rotated, &actor(), &mut at(NOW + 10)).commit));
    refused(again(&ended, NOW + 10), "was replaced");
}

#[test]
fn who_lost_the_answer_is_told_again_for_a_day_whatever_the_overlap() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    for seconds in [0, 60, 30 * DAY] {
        let Rotated { key: rotated, clear } = by_itself(&world, &key, Slot::Current, overlap(seconds), NOW).verdict.unwrap();
        let rotated = stored(rotated);
        let again = |now: i64| by_itself(&world, &rotated, Slot::Previous, Rotate::default(), now);
        for now in [NOW, NOW + DAY - 1] {
            assert_eq!(granted(again(now), TOLD).clear.0.expose(), clear.0.expose(), "{seconds} {now}");
            let judged = asking_again(&rotated.record, now).unwrap();
            assert!(judged.previous.unwrap().expires_at > now && judged.current == rotated.record.current, "{seconds}");
        }
        refused(again(NOW + DAY), "was replaced");
        assert_eq!(asking_again(&rotated.record, NOW + DAY), None);
        let confirmed = stored(put(&confirm(&rotated, &mut at(NOW + 10)).commit));
        assert_eq!(asking_again(&confirmed.record, NOW + 10), None);
        let ended = stored(put(&end_previous(&rotated, &actor(), &mut at(NOW + 10)).commit));
        assert_eq!((asking_again(&ended.record, NOW + 10), ended.record.previous.unwrap().expires_at), (None, NOW + seconds.min(10)));
    }
    assert_eq!(asking_again(&key.record, NOW), None, "of what was never rotated there is no answer");
}

#[test]
fn a_secret_whose_own_end_came_is_told_nothing() {
    let mut world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(10 * DAY));
    let rotated_at = NOW + 10 * DAY - 100;
    let rotated = |world: &World| stored(by_itself(world, &key, Slot::Current, overlap(0), rotated_at).verdict.unwrap().key);
    let told = |world: &World, now: i64| {
        let rotated = rotated(world);
        let judged = asking_again(&rotated.record, now).map(|judged| judged.previous.unwrap().expires_at);
        (judged, by_itself(world, &rotated, Slot::Previous, Rotate::default(), now).verdict.is_ok())
    };
    assert_eq!(told(&world, rotated_at + 99), (Some(NOW + 10 * DAY), true));
    assert_eq!(told(&world, rotated_at + 100), (None, false));
    // Nor one that a policy ended before that.
    world.policies = world.policies.with(Versioned { version: 1, record: maximum(10 * DAY - 50) });
    assert_eq!(told(&world, rotated_at + 49), (Some(NOW + 10 * DAY - 50), true));
    assert_eq!(told(&world, rotated_at + 50), (None, false));
}

/// Only what a rotation is there for is another one: a column that comes later is carried over, too.
#[test]
fn a_rotation_carries_everything_else_over() {
    let world = World::of("read write");
    let (key, _) = world.key(|request| {
        request.owner = Owner::External("acme".into());
        request.note = Some("for the till".to_owned());
        request.metadata = [("team".to_owned(), "a".to_owned())].into();
        request.networks = vec!["10.0.0.0/8".to_owned()];
        request.rate = Some(RateLimit::new(100, 60).unwrap());
        request.max_uses = Some(5);
        request.environment = Environment::Test;
    });
    let record = ApiKey { client: Some(ClientId::from("client_b")), active_since: NOW - 7, created_at: NOW - 9, ..key.record.clone() };
    let key = Versioned { record, ..key };
    for outcome in [by_administrator(&world, &key, overlap(60), NOW + 5), by_itself(&world, &key, Slot::Current, overlap(60), NOW + 5)] {
        let after = outcome.verdict.unwrap().key;
        let ApiKey { current, previous, generation, repeat, is_imported, updated_at, answers_from, .. } = after.clone();
        assert_eq!((generation, is_imported, updated_at, answers_from), (1, false, NOW + 5, NOW + 6));
        assert_ne!(current, key.record.current);
        assert_eq!(after, ApiKey { current, previous, generation, repeat, is_imported, updated_at, answers_from, ..key.record.clone() });
    }
}

#[test]
fn what_an_administrator_rotated_is_told_to_nobody_again() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    let rotated = stored(by_administrator(&world, &key, overlap(DAY), NOW).verdict.unwrap().key);
    refused(by_itself(&world, &rotated, Slot::Previous, Rotate::default(), NOW), "was replaced");
    granted(confirm(&rotated, &mut at(NOW)), "");
}

#[test]
fn changes_of_one_second_each_outdate_the_answers_between_them() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    let rotated = stored(by_administrator(&world, &key, overlap(100), NOW).verdict.unwrap().key);
    assert_eq!(rotated.record.answers_from, NOW + 1);
    outdates(&end_previous(&rotated, &actor(), &mut at(NOW)).commit, NOW + 2);
    outdates(&end_previous(&rotated, &actor(), &mut at(NOW + 50)).commit, NOW + 51);
}

#[test]
fn a_key_keeps_for_a_while_what_a_rotation_gave_it() {
    let world = World::of("read");
    for (lifetime, kept) in [(90 * DAY, 600), (2_400, 600), (40, 10), (5, 1), (1, 1)] {
        let (key, _) = world.key(|request| request.expires_in_seconds = Some(lifetime));
        let rotated = stored(by_itself(&world, &key, Slot::Current, overlap(0), NOW).verdict.unwrap().key);
        let soon = by_itself(&world, &rotated, Slot::Current, overlap(0), NOW + kept - 1);
        let expected = Reason::TooSoon { retry_seconds: 1 };
        assert_eq!((soon.verdict.unwrap_err().reason, soon.commit.is_empty()), (expected, true), "{lifetime}");
        granted(by_administrator(&world, &rotated, overlap(0), NOW), WRITES);
        if kept < lifetime {
            granted(by_itself(&world, &rotated, Slot::Current, overlap(0), NOW + kept), WRITES);
        }
    }
}
