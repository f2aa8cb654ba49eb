//! Client secrets: at most two live ones, replaced without a gap.

use jeton_core::api_key::state::State;
use jeton_core::client::Client;
use jeton_core::client::secret::{ClientSecret, CreateSecret, CreatedSecret, authenticate, change, create};
use jeton_core::outcome::Outcome;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::idle::{Idle, Used};
use jeton_core::root_key::RootKeys;
use jeton_core::why::Why;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, SigningKey};
use jeton_token::{Kind, Prefix, Token};
use zeroize::Zeroizing;

use crate::known::{NOW, actor, api, at, client, root_keys};
use crate::wants::{granted, refused};

const DAY: i64 = 86_400;

fn made(client: &Client, secrets: &[ClientSecret], request: CreateSecret, now: i64) -> Outcome<CreatedSecret> {
    create(client, secrets, request, &Policies::default(), (&Prefix::default(), &root_keys()), &actor(), &mut at(now))
}

fn lives(seconds: i64) -> CreateSecret {
    CreateSecret { expires_in_seconds: Some(seconds), overlap_seconds: None }
}

#[test]
fn made_and_shown_once() {
    let owner = client(&[&api("orders")], |_| {});
    let created = granted(made(&owner, &[], CreateSecret::default(), NOW), "+client_secret client_secret.created");
    let secret = &created.secret;
    assert_eq!((secret.created_at, secret.expires_at, secret.epoch), (NOW, NOW + 180 * DAY, 3));
    assert_eq!(ClientSecret::from_row(&secret.row()).as_ref(), Ok(secret));
    let text = created.clear.0.expose();
    assert_eq!(Token::parse(text, &Prefix::default()).unwrap().kind(), Kind::ClientSecret);
    assert!(!format!("{created:?}").contains(text));
}

#[test]
fn lifetimes() {
    let owner = client(&[&api("orders")], |_| {});
    for seconds in [1, 366 * DAY] {
        assert_eq!(made(&owner, &[], lives(seconds), NOW).verdict.unwrap().secret.expires_at, NOW + seconds);
    }
    for seconds in [0, -1, 366 * DAY + 1, i64::MAX, i64::MIN] {
        refused(made(&owner, &[], lives(seconds), NOW), "lives between 1 second and 366 days");
    }
    for overlap in [-1, 30 * DAY + 1, i64::MAX, i64::MIN] {
        refused(made(&owner, &[], CreateSecret { overlap_seconds: Some(overlap), ..CreateSecret::default() }, NOW), "overlap");
    }
}

#[test]
fn an_overlap_ends_the_older_and_never_lengthens_it() {
    let owner = client(&[&api("orders")], |_| {});
    let old = made(&owner, &[], lives(100), NOW).verdict.unwrap().secret;
    for (overlap, ends) in [(0, NOW + 50), (20, NOW + 70), (50, NOW + 100), (DAY, NOW + 100)] {
        let request = CreateSecret { overlap_seconds: Some(overlap), ..CreateSecret::default() };
        let outcome = made(&owner, std::slice::from_ref(&old), request, NOW + 50);
        let rows: Vec<_> = outcome.commit.writes.clone();
        granted(outcome, "+client_secret +client_secret client_secret.created client_secret.ended");
        let jeton_core::commit::Write::Put { row, .. } = &rows[1] else { panic!("{rows:?}") };
        let ended = ClientSecret::from_row(row).unwrap();
        assert_eq!((&ended.id, ended.expires_at), (&old.id, ends), "{overlap}");
    }
    // One that has ended already is left alone.
    let request = CreateSecret { overlap_seconds: Some(0), ..CreateSecret::default() };
    granted(made(&owner, &[old], request, NOW + 100), "+client_secret client_secret.created");
}

#[test]
fn two_live_ones_at_most() {
    let owner = client(&[&api("orders")], |_| {});
    let secrets: Vec<ClientSecret> = [100, 200].map(|seconds| made(&owner, &[], lives(seconds), NOW).verdict.unwrap().secret).into();
    refused(made(&owner, &secrets, CreateSecret::default(), NOW + 99), "two live secrets");
    granted(made(&owner, &secrets, CreateSecret::default(), NOW + 100), "+client_secret client_secret.created");
}

#[test]
fn who_signs_has_none() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks = serde_json::to_string(&JwkSet::new(vec![key.to_jwk().unwrap()])).unwrap();
    let owner = client(&[&api("orders")], |request| {
        request.authentication = Some("private_key_jwt".into());
        request.jwks = Some(jwks);
    });
    refused(made(&owner, &[], CreateSecret::default(), NOW), "signs");
}

#[test]
fn ended_at_once_and_once() {
    let owner = client(&[&api("orders")], |_| {});
    let secret = made(&owner, &[], lives(100), NOW).verdict.unwrap().secret;
    let outcome = change::revoke(&secret, Why::Unspecified, &actor(), &mut at(NOW + 10));
    assert!(outcome.commit.is_narrowing());
    granted(outcome, "+client_secret client_secret.ended");
    granted(change::revoke(&secret, Why::Unspecified, &actor(), &mut at(NOW + 100)), "");
}

#[test]
fn authenticated() {
    let owner = client(&[&api("orders")], |_| {});
    let [first, second] = [100, 200].map(|seconds| {
        let mut moment = jeton_core::moment::Moment::new(jeton_core::moment::Time::from_seconds(NOW), [u8::try_from(seconds).unwrap(); 32]);
        create(&owner, &[], lives(seconds), &Policies::default(), (&Prefix::default(), &root_keys()), &actor(), &mut moment)
            .verdict
            .unwrap()
    });
    let secrets = [first.secret.clone(), second.secret.clone()];
    let check = |presented: &str, keys: &RootKeys, now, expected| {
        assert_eq!(authenticate(secrets.iter(), presented, (&Policies::default(), keys), now).is_some(), expected, "{presented} {now}");
    };
    let (one, two) = (first.clear.0.expose(), second.clear.0.expose());
    check(one, &root_keys(), NOW + 99, true);
    check(one, &root_keys(), NOW + 100, false);
    check(two, &root_keys(), NOW + 100, true);
    check(two, &root_keys(), NOW + 200, false);
    for wrong in ["", "x", &one[1..], &format!("{one} "), &one.to_uppercase()] {
        check(wrong, &root_keys(), NOW, false);
    }
    check(one, &RootKeys::new([(3, Zeroizing::new([4; 32]))]).unwrap(), NOW, false);
    check(one, &RootKeys::new([(4, Zeroizing::new([3; 32]))]).unwrap(), NOW, false);
    assert!(authenticate([].into_iter(), one, (&Policies::default(), &root_keys()), NOW).is_none());
}

#[test]
fn one_that_nobody_uses_is_suspended_resumed_and_revoked() {
    let owner = client(&[&api("orders")], |_| {});
    let secret = made(&owner, &[], CreateSecret::default(), NOW).verdict.unwrap().secret;
    let none = Policies::default();
    let unused = Used { last_at: None, counted_since: 0 };
    for (days, expected) in [(29, Idle::No), (30, Idle::Suspended), (59, Idle::Suspended), (60, Idle::Revoked)] {
        assert_eq!(secret.idle(&none, unused, NOW + days * DAY), expected, "{days}");
    }
    let outcome = change::suspend(&secret, &none, unused, (Why::Idle, &actor()), &mut at(NOW + 30 * DAY));
    assert!(outcome.commit.is_narrowing());
    let suspended = put(&outcome.commit);
    granted(outcome, "+client_secret client_secret.suspended");
    assert!(!suspended.is_live(&none, NOW + 30 * DAY) && !suspended.has_ended(&none, NOW + 30 * DAY));
    refused(made(&owner, &[suspended.clone(), secret.clone()], CreateSecret::default(), NOW + 31 * DAY), "two live secrets");
    for before in [&secret, &suspended] {
        let outcome = change::resume(before, &none, unused, &actor(), &mut at(NOW + 40 * DAY));
        assert!(outcome.commit.grants());
        let resumed = put(&outcome.commit);
        granted(outcome, "+client_secret client_secret.resumed");
        assert_eq!((&resumed.state, resumed.idle(&none, unused, NOW + 69 * DAY)), (&State::Active, Idle::No));
        refused(change::resume(before, &none, unused, &actor(), &mut at(NOW + 60 * DAY)), "has ended");
    }
    granted(change::resume(&secret, &none, unused, &actor(), &mut at(NOW + DAY)), "");
    // What is over stays over, though no job has written it down: suspended by hand it could be resumed.
    refused(change::suspend(&secret, &none, unused, (Why::Leaked, &actor()), &mut at(NOW + 60 * DAY)), "has ended");
    refused(change::suspend(&secret, &none, Used::UNKNOWN, (Why::Leaked, &actor()), &mut at(secret.expires_at)), "has ended");
    let revoked = put(&change::revoke(&suspended, Why::Idle, &actor(), &mut at(NOW + 60 * DAY)).commit);
    assert!(revoked.has_ended(&none, NOW + 60 * DAY) && matches!(&revoked.state, State::Revoked(ended) if ended.why == Why::Idle.into()));
    refused(change::remove(&revoked, &actor(), &mut at(NOW + 460 * DAY - 1)), "400 days");
    granted(change::remove(&revoked, &actor(), &mut at(NOW + 460 * DAY)), "-client_secret -expiry_notice client_secret.removed");
}

#[track_caller]
fn put(commit: &jeton_core::commit::Commit) -> ClientSecret {
    let Some(jeton_core::commit::Write::Put { row, .. }) = commit.writes.first() else { panic!("{commit:?}") };
    ClientSecret::from_row(row).unwrap()
}
