//! What becomes of a key: changed, transferred, suspended, resumed, revoked, forgotten.

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::api_key::imported::ImportedKey;
use jeton_core::api_key::lease::{Share, lease, take_back};
use jeton_core::api_key::remove::{KEPT_AFTER_END_SECONDS, remove};
use jeton_core::api_key::resume::resume;
use jeton_core::api_key::revoke::revoke;
use jeton_core::api_key::rotate::{Rotate, RotatedBy, rotate};
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Surroundings;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::suspend::suspend;
use jeton_core::api_key::transfer::transfer;
use jeton_core::api_key::update::{Change, UpdateKey, update};
use jeton_core::api_key::uses::{self, Uses};
use jeton_core::commit::Write;
use jeton_core::event::Event;
use jeton_core::owner::Owner;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::idle::Used;
use jeton_core::rate::RateLimit;
use jeton_core::record::Versioned;
use jeton_core::rights::OwnerStanding;
use jeton_core::why::Why;

use crate::api_key::{DAY, World, of_client, of_person, outdates, put, stored};
use crate::api_key_verify::fine;
use crate::known::{NOW, actor, at, root_keys};
use crate::wants::{granted, refused, wants};

/// What a change of this key tells, as `kind: what changed`.
#[track_caller]
fn told(world: &World, key: &Versioned<ApiKey>, shape: impl FnOnce(&mut UpdateKey)) -> String {
    let mut request = UpdateKey::default();
    shape(&mut request);
    let outcome = update(key, &world.facts(), 0, &request, &actor(), &mut at(NOW + 10));
    let after = outcome.verdict.unwrap();
    let mut told = vec![];
    for event in &outcome.commit.events {
        let (kind, changed, previous) = match event {
            Event::ApiKeyNarrowed { changed, previous, .. } => ("narrowed", changed, previous),
            Event::ApiKeyWidened { changed, previous, .. } => ("widened", changed, previous),
            Event::ApiKeyDescribed { changed, previous, .. } => ("described", changed, previous),
            other => panic!("{other:?}"),
        };
        assert_eq!(*previous, 7);
        if kind == "narrowed" {
            outdates(&outcome.commit, NOW + 11);
        }
        told.push(format!("{kind}: {changed}"));
    }
    if !told.is_empty() {
        assert_eq!(put(&outcome.commit), after);
        assert_eq!(after.updated_at, NOW + 10);
    }
    told.join(", ")
}

#[test]
fn what_a_change_tells() {
    let world = World::of("read write");
    let (key, _) = world.key(|request| {
        request.scopes = Some("read".to_owned());
        request.networks = vec!["10.0.0.0/8".to_owned()];
        request.rate = Some(RateLimit::new(100, 60).unwrap());
        request.max_uses = Some(50);
        request.note = Some("kept".to_owned());
    });
    let check = |shape: &dyn Fn(&mut UpdateKey), expected: &str| assert_eq!(told(&world, &key, shape), expected);
    let networks = |all: &[&str]| Some(all.iter().map(|network| (*network).to_owned()).collect::<Vec<_>>());
    let rate = |count, period| Change::Set(RateLimit::new(count, period).unwrap());
    check(&|_| {}, "");
    check(&|request| request.scopes = Some("read".to_owned()), "");
    check(&|request| request.scopes = Some(String::new()), "narrowed: scopes");
    check(&|request| request.scopes = Some("read write".to_owned()), "widened: scopes");
    check(&|request| request.scopes = Some("write".to_owned()), "narrowed: scopes, widened: scopes");
    check(&|request| request.networks = networks(&["10.1.0.0/16"]), "narrowed: networks");
    check(&|request| request.networks = networks(&[]), "widened: networks");
    check(&|request| request.networks = networks(&["192.0.2.0/24"]), "narrowed: networks, widened: networks");
    check(&|request| request.rate = rate(50, 60), "narrowed: rate");
    check(&|request| request.rate = rate(100, 30), "widened: rate");
    check(&|request| request.rate = rate(10, 1), "narrowed: rate, widened: rate");
    check(&|request| request.rate = Change::Clear, "widened: rate");
    check(&|request| request.max_uses = Change::Set(49), "narrowed: max_uses");
    check(&|request| request.max_uses = Change::Set(51), "widened: max_uses");
    check(&|request| request.max_uses = Change::Clear, "widened: max_uses");
    check(&|request| request.expires_in_seconds = Some(DAY), "narrowed: expires_at");
    check(&|request| request.name = Some("!".to_owned()), "described: name");
    check(&|request| request.note = Change::Clear, "described: note");
    check(&|request| request.note = Change::Set("kept".to_owned()), "");
    check(&|request| request.metadata = Some([("a".to_owned(), "b".to_owned())].into()), "described: metadata");
    let all = |request: &mut UpdateKey| {
        request.scopes = Some("read write".to_owned());
        request.networks = networks(&["10.0.0.1"]);
        request.note = Change::Set("other".to_owned());
    };
    check(&all, "narrowed: networks, widened: scopes, described: note");
}

#[test]
fn what_was_brought_forward_is_not_rotated_back() {
    let world = World::of("read");
    let (key, _) = world.key(|request| request.expires_in_seconds = Some(60 * DAY));
    let request = UpdateKey { expires_in_seconds: Some(7_200), ..UpdateKey::default() };
    let shortened = stored(put(&update(&key, &world.facts(), 0, &request, &actor(), &mut at(NOW)).commit));
    for by in [RotatedBy::Itself(Slot::Current), RotatedBy::Administrator(&actor())] {
        let rotated = rotate(&shortened, &world.facts(), Rotate::default(), by, &mut at(NOW + 60)).verdict.unwrap().key;
        assert_eq!(rotated.current.expires_at, NOW + 60 + 7_200);
    }
    // Whoever administers may say so.
    let longer = Rotate { expires_in_seconds: Some(60 * DAY), ..Rotate::default() };
    let rotated = rotate(&shortened, &world.facts(), longer, RotatedBy::Administrator(&actor()), &mut at(NOW + 60)).verdict.unwrap();
    assert_eq!(rotated.key.current.expires_at, NOW + 60 + 60 * DAY);
    assert!(rotate(&shortened, &world.facts(), longer, RotatedBy::Itself(Slot::Current), &mut at(NOW + 60)).verdict.is_err());
}

#[test]
fn what_only_narrows_is_written_on_a_full_disk_too() {
    let world = World::of("read write");
    let (key, _) = world.key(|_| {});
    let check = |scopes: &str, expected: bool| {
        let request = UpdateKey { scopes: Some(scopes.to_owned()), ..UpdateKey::default() };
        let commit = update(&key, &world.facts(), 0, &request, &actor(), &mut at(NOW)).commit;
        assert_eq!((commit.is_narrowing(), commit.is_made_when_full()), (expected, expected), "{scopes}");
    };
    check("", true);
    check("write", false);
    check("read write", false);
}

#[test]
fn what_a_change_may_not() {
    let world = World::of("read");
    let (key, _) = world.key(|request| request.max_uses = Some(50));
    let check = |request: UpdateKey, words: &str| refused(update(&key, &world.facts(), 20, &request, &actor(), &mut at(NOW)), words);
    check(UpdateKey { scopes: Some("write".to_owned()), ..UpdateKey::default() }, "`write`");
    check(UpdateKey { max_uses: Change::Set(19), ..UpdateKey::default() }, "20 uses");
    check(UpdateKey { max_uses: Change::Set(0), ..UpdateKey::default() }, "at least once");
    for seconds in [90 * DAY + 1, -1, i64::MAX, i64::MIN] {
        check(UpdateKey { expires_in_seconds: Some(seconds), ..UpdateKey::default() }, "brought forward");
    }
    let revoked = stored(put(&revoke(&key, Why::Leaked, &actor(), &mut at(NOW)).commit));
    let request = UpdateKey { name: Some("a".to_owned()), ..UpdateKey::default() };
    refused(update(&revoked, &world.facts(), 0, &request, &actor(), &mut at(NOW)), "revoked");
    refused(transfer(&revoked, &Owner::External("x".into()), &world.facts(), &actor(), &mut at(NOW)), "revoked");
    // A scope that the owner lost meanwhile may stay where it is, but not come back.
    let (wide, _) = World::of("read write").key(|request| request.scopes = Some("read write".to_owned()));
    let keep = UpdateKey { scopes: Some("write".to_owned()), ..UpdateKey::default() };
    let kept = update(&wide, &world.facts(), 0, &keep, &actor(), &mut at(NOW));
    assert_eq!(wants(&kept.commit), "+negative +api_key api_key.narrowed");
    let back = UpdateKey { scopes: Some("read write".to_owned()), ..UpdateKey::default() };
    let (narrow, _) = World::of("read").key(|_| {});
    refused(update(&narrow, &world.facts(), 0, &back, &actor(), &mut at(NOW)), "`write`");
}

#[test]
fn words_follow_the_name() {
    let world = World::of("read");
    let (key, _) = world.key(|request| request.name = "nightly export".to_owned());
    let request = UpdateKey { name: Some("daily export".to_owned()), ..UpdateKey::default() };
    granted(update(&key, &world.facts(), 0, &request, &actor(), &mut at(NOW)), "+api_key -api_key_word +api_key_word api_key.described");
}

#[test]
fn suspended_resumed_and_revoked() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    let outcome = suspend(&key, &Policies::default(), Used::UNKNOWN, (Why::Leaked, &actor()), &mut at(NOW + 5));
    assert!(outcome.commit.is_narrowing() && outcome.commit.is_made_when_full());
    outdates(&outcome.commit, NOW + 6);
    let suspended = stored(put(&outcome.commit));
    granted(outcome, "+negative +api_key api_key.suspended");
    assert_eq!(suspended.record.state, State::Suspended(Ended { at: NOW + 5, by: actor(), why: Why::Leaked.into() }));
    granted(suspend(&suspended, &Policies::default(), Used::UNKNOWN, (Why::Idle, &actor()), &mut at(NOW + 6)), "");
    // Whoever says why decides over one that was merely idle.
    let merely_idle = suspend(&key, &Policies::default(), Used::UNKNOWN, (Why::Idle, &actor()), &mut at(NOW));
    let merely_idle = stored(put(&merely_idle.commit));
    granted(suspend(&merely_idle, &Policies::default(), Used::UNKNOWN, (Why::Idle, &actor()), &mut at(NOW + 6)), "");
    let outcome = suspend(&merely_idle, &Policies::default(), Used::UNKNOWN, (Why::Leaked, &actor()), &mut at(NOW + 6));
    assert_eq!(put(&outcome.commit).state, State::Suspended(Ended { at: NOW + 6, by: actor(), why: Why::Leaked.into() }));
    // Nobody used it for so long that it is revoked, though no job has written that down: suspended by hand it could be resumed.
    let unused = Used { last_at: None, counted_since: 0 };
    refused(suspend(&key, &Policies::default(), unused, (Why::Leaked, &actor()), &mut at(NOW + 60 * DAY)), "revoked");

    let none = Policies::default();
    let outcome = resume(&suspended, &fine(&none), &actor(), &mut at(NOW + 7));
    assert!(outcome.commit.grants());
    let resumed = stored(put(&outcome.commit));
    granted(outcome, "+api_key api_key.resumed");
    assert_eq!((&resumed.record.state, resumed.record.active_since), (&State::Active, NOW + 7));
    granted(resume(&resumed, &fine(&none), &actor(), &mut at(NOW + 8)), "");
    refused(resume(&suspended, &fine(&none), &actor(), &mut at(NOW + 90 * DAY)), "expired");
    // What nothing brings back is said to be so, suspended or not.
    for before in [&key, &suspended] {
        refused(resume(before, &fine(&none), &actor(), &mut at(NOW + 90 * DAY)), "expired");
        let cut_off = Surroundings { not_before_seconds: NOW + 1, ..fine(&none) };
        refused(resume(before, &cut_off, &actor(), &mut at(NOW + 7)), "cut off");
        let gone = Surroundings { owner: OwnerStanding::Gone, ..fine(&none) };
        refused(resume(before, &gone, &actor(), &mut at(NOW + 7)), "nothing brings it back");
    }
    // Nobody used it for its idle time: whether or not that was written down, it begins anew; until it is revoked for it.
    let unused = Used { last_at: None, counted_since: i64::MIN };
    let idle = Versioned {
        version: 7,
        record: ApiKey { state: State::Suspended(Ended { at: NOW, by: actor(), why: Why::Idle.into() }), ..key.record.clone() },
    };
    for before in [&key, &idle] {
        let resumed = stored(put(&resume(before, &Surroundings { used: unused, ..fine(&none) }, &actor(), &mut at(NOW + 59 * DAY)).commit));
        assert_eq!((&resumed.record.state, resumed.record.active_since), (&State::Active, NOW + 59 * DAY));
        refused(
            resume(before, &Surroundings { used: unused, ..fine(&none) }, &actor(), &mut at(NOW + 60 * DAY)),
            "nobody used this key for so long that it is revoked",
        );
    }

    for before in [&key, &suspended] {
        let outcome = revoke(before, Why::OwnerLeft, &actor(), &mut at(NOW + 9));
        assert!(outcome.commit.is_narrowing() && outcome.commit.is_made_when_full());
        outdates(&outcome.commit, NOW + 10);
        let revoked = stored(put(&outcome.commit));
        granted(outcome, "+negative +api_key api_key.revoked");
        assert_eq!(revoked.record.state, State::Revoked(Ended { at: NOW + 9, by: actor(), why: Why::OwnerLeft.into() }));
        granted(revoke(&revoked, Why::Leaked, &actor(), &mut at(NOW + 10)), "");
        refused(suspend(&revoked, &Policies::default(), Used::UNKNOWN, (Why::Leaked, &actor()), &mut at(NOW + 10)), "revoked");
        refused(resume(&revoked, &fine(&none), &actor(), &mut at(NOW + 10)), "nothing brings it back");
    }
}

#[test]
fn transferred() {
    let world = World::of("read");
    let check = |from: Owner, to: Owner, expected: Result<&str, &str>| {
        let (key, _) = world.key(|request| request.owner = from);
        let outcome = transfer(&key, &to, &world.facts(), &actor(), &mut at(NOW));
        match expected {
            Ok(writes) => {
                if !writes.is_empty() {
                    outdates(&outcome.commit, NOW + 1);
                }
                let after = granted(outcome, writes);
                assert_eq!((after.owner, after.current), (to, key.record.current));
            }
            Err(words) => refused(outcome, words),
        }
    };
    const WRITES: &str = "+negative +api_key -api_key_word +api_key_word api_key.transferred";
    check(of_client(), Owner::External("-".into()), Ok("+negative +api_key -api_key_word api_key.transferred"));
    check(of_client(), Owner::External("Example".into()), Ok(WRITES));
    check(of_client(), of_client(), Ok(""));
    check(of_person("a"), of_person("b"), Ok(WRITES));
    check(of_client(), of_person("a"), Err("does not become a person's"));
    check(of_person("a"), of_client(), Err("from person to person"));
    let (key, _) = world.key(|_| {});
    let cut_off = |before| KeyFacts { not_before_seconds: before, ..world.facts() };
    let other = Owner::External("-".into());
    refused(transfer(&key, &other, &cut_off(NOW + 1), &actor(), &mut at(NOW + 2)), "rotate the key first");
    granted(transfer(&key, &other, &cut_off(NOW), &actor(), &mut at(NOW + 2)), "+negative +api_key -api_key_word api_key.transferred");
    let nothing = World::of("write");
    refused(transfer(&key, &Owner::External("-".into()), &nothing.facts(), &actor(), &mut at(NOW)), "nothing of what this key allows");
}

#[test]
fn uses_are_handed_out_in_parts_and_never_too_many() {
    let world = World::of("read");
    let check = |max_uses: Option<i64>, leased: Option<i64>, expected: i64| {
        let (key, _) = world.key(|request| request.max_uses = max_uses);
        let uses = leased.map(|leased| Uses { key: key.record.id, leased });
        let outcome = lease(&key.record, uses.as_ref(), Share::Block, &actor(), &mut at(NOW));
        let writes = if expected == 0 { "" } else { "+api_key_use api_key.uses_leased" };
        assert_eq!(granted(outcome, writes), expected, "{max_uses:?} {leased:?}");
    };
    check(Some(1_600), None, 100);
    check(Some(1_600), Some(1_590), 1);
    check(Some(1), None, 1);
    check(Some(1), Some(1), 0);
    check(Some(1), Some(2), 0);
    check(None, None, 0);
    let (key, _) = world.key(|request| request.max_uses = Some(1_000));
    let (mut uses, mut handed_out, mut commits) = (None, 0, 0);
    loop {
        let granted = lease(&key.record, uses.as_ref(), Share::Block, &actor(), &mut at(NOW)).verdict.unwrap();
        if granted == 0 {
            break;
        }
        (handed_out, commits) = (handed_out + granted, commits + 1);
        let row = Uses { key: key.record.id, leased: handed_out };
        assert_eq!(Uses::from_row(&row.row()), Ok(row.clone()));
        uses = Some(row);
    }
    assert_eq!(handed_out, 1_000);
    assert!(commits < 100, "{commits}");
}

#[test]
fn uses_are_handed_out_one_by_one_and_taken_back() {
    let world = World::of("read");
    let (key, _) = world.key(|request| request.max_uses = Some(1_600));
    let uses = |leased| Uses { key: key.record.id, leased };
    for (leased, expected) in [(None, 1), (Some(1_599), 1), (Some(1_600), 0)] {
        let leased = leased.map(uses);
        let outcome = lease(&key.record, leased.as_ref(), Share::One, &actor(), &mut at(NOW));
        let writes = if expected == 0 { "" } else { "+api_key_use api_key.uses_leased" };
        assert_eq!(granted(outcome, writes), expected);
    }
    for (leased, unused, expected) in [(200, 50, 150), (200, 0, 200), (200, -7, 200), (50, 200, 0)] {
        let outcome = take_back(&[(uses(leased), unused)], &actor(), &mut at(NOW));
        let row = outcome.commit.writes.iter().find_map(|write| match write {
            Write::Put { table, row } if **table == uses::TABLE => Some(row.clone()),
            _ => None,
        });
        granted(outcome, "+api_key_use api_key.uses_leased");
        assert_eq!(Uses::from_row(&row.unwrap()), Ok(uses(expected)), "{leased} {unused}");
    }
    granted(take_back(&[], &actor(), &mut at(NOW)), "");
}

#[test]
fn forgotten_long_after_its_end() {
    let world = World::of("read");
    let (key, text) = world.key(|request| request.name = "export".to_owned());
    let foreign = ImportedKey { hash: root_keys().epoch(3).unwrap().hash.hash(&text), key: key.record.id, epoch: 3 };
    assert_eq!(ImportedKey::from_row(&foreign.row()), Ok(foreign.clone()));
    let check = |key: &ApiKey, ended: i64| {
        refused(remove(key, &[], &actor(), &mut at(ended + KEPT_AFTER_END_SECONDS - 1)), "400 days");
        let outcome = remove(key, std::slice::from_ref(&foreign), &actor(), &mut at(ended + KEPT_AFTER_END_SECONDS));
        granted(outcome, "-api_key -api_key_use -api_key_word -api_key_word -expiry_notice -imported_key api_key.removed");
    };
    check(&key.record, NOW + 90 * DAY);
    check(&put(&revoke(&key, Why::Leaked, &actor(), &mut at(NOW + 5)).commit), NOW + 5);
    check(&put(&revoke(&key, Why::Leaked, &actor(), &mut at(NOW + 91 * DAY)).commit), NOW + 90 * DAY);
}
