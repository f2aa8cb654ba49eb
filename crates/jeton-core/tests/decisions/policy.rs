//! Policies: what each level may say, what holds then, and what becomes of credentials that are out.

use jeton_core::api::Api;
use jeton_core::client::Client;
use jeton_core::client::secret::{ClientSecret, CreateSecret, create as create_secret};
use jeton_core::commit::Write;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ExceptionId};
use jeton_core::outcome::Outcome;
use jeton_core::policy::CredentialKind::{AccessToken, ApiKey, ClientAssertion, ClientSecret as Secret, SigningKey};
use jeton_core::policy::effective::{Effective, Policies};
use jeton_core::policy::exception::PolicyException;
use jeton_core::policy::exception::create::{CreateException, create as create_exception};
use jeton_core::policy::exception::end::end;
use jeton_core::policy::idle::{Idle, IdleRule, Used};
use jeton_core::policy::rule::{PolicyRule, Subject, key, of_key};
use jeton_core::policy::set::{Facts, SetPolicy, forget, set};
use jeton_core::policy::{CredentialKind, Level};
use jeton_core::record::Versioned;
use jeton_core::token::introspect::effective_expiry;
use jeton_token::Prefix;

use crate::known::{NOW, actor, api, at, client, moment, root_keys, token};
use crate::wants::{granted, refused, wants};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn max(seconds: i64) -> SetPolicy {
    SetPolicy { max_seconds: Some(seconds), ..SetPolicy::default() }
}

fn default(seconds: i64) -> SetPolicy {
    SetPolicy { default_seconds: Some(seconds), ..SetPolicy::default() }
}

/// Suspended after so many days without a use.
fn unused(days: i64) -> SetPolicy {
    SetPolicy { idle: Some(IdleRule::After(days * DAY)), ..SetPolicy::default() }
}

const NEVER: SetPolicy = SetPolicy { default_seconds: None, max_seconds: None, idle: Some(IdleRule::Never) };

fn decide(policies: &Policies, kind: CredentialKind, subject: &Subject, request: SetPolicy) -> Outcome<(Effective, Policies)> {
    set(kind, subject, request, &Facts { policies, apis: &[], client: None, latest_cut_off: &|_, _| i64::MIN }, &actor(), &mut moment())
}

/// The policies with this said too.
#[track_caller]
fn said(policies: &Policies, kind: CredentialKind, subject: &Subject, request: SetPolicy) -> Policies {
    decide(policies, kind, subject, request).verdict.unwrap().1
}

fn of_api(api: &Api) -> Subject {
    Subject::Api(api.id.clone())
}

fn of_client(client: &Client) -> Subject {
    Subject::Client(client.id.clone())
}

fn secret(client: &Client, seconds: i64) -> ClientSecret {
    let request = CreateSecret { expires_in_seconds: Some(seconds), overlap_seconds: None };
    let keys = (&Prefix::default(), &root_keys());
    create_secret(client, &[], request, &Policies::default(), keys, &actor(), &mut at(NOW)).verdict.unwrap().secret
}

#[test]
fn the_least_maximum_and_the_most_specific_default_hold() {
    let orders = api("orders");
    let worker = client(&[&orders], |_| {});
    let none = Policies::default();
    let wide = said(&none, AccessToken, &Subject::Deployment, SetPolicy { default_seconds: Some(600), ..max(6 * HOUR) });
    let narrow = said(&wide, AccessToken, &of_api(&orders), max(2 * HOUR));
    let both = said(&narrow, AccessToken, &of_client(&worker), SetPolicy { default_seconds: Some(3 * HOUR), ..max(4 * HOUR) });
    for (policies, expected) in [
        (&none, (HOUR, None, DAY, None)),
        (&wide, (600, Some(Level::Deployment), 6 * HOUR, Some(Level::Deployment))),
        (&narrow, (600, Some(Level::Deployment), 2 * HOUR, Some(Level::Api))),
        // What the client says last is more than the API allows.
        (&both, (2 * HOUR, Some(Level::Api), 2 * HOUR, Some(Level::Api))),
    ] {
        let holds = policies.resolve(AccessToken, Some(&orders.id), Some(&worker.id));
        assert_eq!((holds.default_seconds, holds.default_from, holds.max_seconds, holds.max_from), expected);
    }
    let elsewhere = both.resolve(AccessToken, Some(&api("stock").id), None);
    assert_eq!((elsewhere.default_seconds, elsewhere.max_seconds), (600, 6 * HOUR));
    // A deployment that narrows later narrows what was said below it.
    let later = said(&both, AccessToken, &Subject::Deployment, max(HOUR));
    assert_eq!(later.resolve(AccessToken, Some(&orders.id), Some(&worker.id)).max_seconds, HOUR);
}

#[test]
fn what_a_level_may_not_say() {
    let orders = api("orders");
    let worker = client(&[&orders], |_| {});
    let narrow = said(&Policies::default(), AccessToken, &Subject::Deployment, max(HOUR));
    let (all, none) = (Subject::Deployment, Policies::default());
    for (policies, kind, subject, request, words) in [
        (&none, AccessToken, &all, max(DAY + 1), "between 1s and 1d here"),
        (&none, AccessToken, &all, max(0), "between 1s and"),
        (&none, AccessToken, &all, max(i64::MIN), "between 1s and"),
        (&none, Secret, &all, max(i64::MAX), "between 1s and 366d"),
        (&none, SigningKey, &all, max(DAY - 1), "between 1d and"),
        (&none, ClientAssertion, &all, max(HOUR + 1), "client assertions"),
        (&narrow, AccessToken, &of_api(&orders), max(HOUR + 1), "between 1s and 1h"),
        (&narrow, AccessToken, &of_client(&worker), max(HOUR + 1), "between 1s and 1h"),
        (&narrow, AccessToken, &of_api(&orders), default(HOUR + 1), "the default of access tokens lies between 1s and 1h"),
        (&none, Secret, &all, SetPolicy { default_seconds: Some(11), ..max(10) }, "the default of client secrets"),
        (&none, Secret, &all, default(0), "the default"),
        (&none, Secret, &of_api(&orders), max(10), "set for: deployment, client"),
        (&none, SigningKey, &of_client(&worker), max(DAY), "set for: deployment"),
        (&none, AccessToken, &all, unused(30), "access tokens have no idle time"),
        (&none, SigningKey, &all, SetPolicy { idle: Some(IdleRule::Never), ..SetPolicy::default() }, "signing keys have no idle time"),
        (&none, ApiKey, &all, unused(367), "the idle time of API keys lies between 1d and 366d"),
        (&none, ApiKey, &all, SetPolicy { idle: Some(IdleRule::After(DAY - 1)), ..SetPolicy::default() }, "between 1d and"),
        (&none, ApiKey, &all, SetPolicy { idle: Some(IdleRule::After(-1)), ..SetPolicy::default() }, "between 1d and"),
    ] {
        refused(decide(policies, kind, subject, request), words);
    }
}

#[test]
fn what_is_told() {
    let none = Policies::default();
    let all = Subject::Deployment;
    let lowered = said(&none, Secret, &all, max(90 * DAY));
    for (policies, request, writes, is_narrowing) in [
        (&none, max(90 * DAY), "+policy policy.lowered", true),
        (&none, default(DAY), "+policy policy.set", false),
        (&lowered, max(91 * DAY), "+policy policy.set", false),
        (&lowered, max(90 * DAY), "", false),
        (&lowered, SetPolicy::default(), "-policy policy.set", false),
        (&none, SetPolicy::default(), "", false),
    ] {
        let commit = decide(policies, Secret, &all, request).commit;
        assert_eq!((wants(&commit).as_str(), commit.is_narrowing()), (writes, is_narrowing), "{request:?}");
    }
    let rule = PolicyRule {
        kind: Secret,
        subject: Subject::Client("client_x".into()),
        default_seconds: None,
        max_seconds: Some(5),
        updated_at: NOW,
        updated_by: actor(),
        idle: Some(IdleRule::Never),
        idle_since: Some(NOW - 7),
    };
    assert_eq!(PolicyRule::from_row(&rule.row()), Ok(rule.clone()));
    assert_eq!(of_key(&key(rule.kind, &rule.subject)), Ok((rule.kind, rule.subject.clone())));
    let kept = none.with(Versioned { version: 7, record: rule.clone() });
    assert_eq!(wants(&forget(jeton_core::commit::Commit::new(&mut moment()), &kept, &rule.subject)), "-policy");
    assert_eq!(kept.without(Secret, &rule.subject).rules_of(Secret).count(), 0);
}

#[test]
fn access_tokens_that_are_out_hear_of_it() {
    let [orders, stock] =
        [("orders", HOUR), ("stock", 600)].map(|(name, seconds)| Api { access_token_lifetime_seconds: seconds, ..api(name) });
    let worker = client(&[&orders], |_| {});
    let none = Policies::default();
    let lower = |subject: &Subject, apis: &[&Api], client: Option<&Client>| {
        set(
            AccessToken,
            subject,
            max(900),
            &Facts { policies: &none, apis, client, latest_cut_off: &|_, _| i64::MIN },
            &actor(),
            &mut moment(),
        )
    };
    // Both rows are put, so that an issue that is under way decides again; only the API whose tokens lived longer is told of.
    let commit = lower(&Subject::Deployment, &[&orders, &stock], None).commit;
    assert_eq!(wants(&commit), "+policy +api +negative +api policy.lowered api.lifetime_lowered");
    let Some(Event::ApiLifetimeLowered { api, seconds, before_seconds, .. }) = commit.events.last() else { panic!("{commit:?}") };
    assert_eq!((api, *seconds, *before_seconds), (&orders.id, 900, NOW + 1));
    assert!(commit.is_narrowing());
    assert_eq!(wants(&lower(&of_client(&worker), &[], Some(&worker)).commit), "+policy +client +negative policy.lowered tokens.cut_off");
    let after = lower(&of_api(&orders), &[&orders], None).verdict.unwrap().1;
    let token = token(&worker, &orders);
    assert_eq!(effective_expiry(&token, &orders, &none), NOW + HOUR);
    assert_eq!(effective_expiry(&token, &orders, &after), NOW + 900);
}

#[test]
fn a_secret_ends_by_today_s_maximum() {
    let owner = client(&[&api("orders")], |_| {});
    let made = secret(&owner, 100 * DAY);
    for (subject, days, expected) in [
        (Subject::Deployment, 90, 90),
        (Subject::Deployment, 200, 100),
        (of_client(&owner), 5, 5),
        (Subject::Client("client_other".into()), 5, 100),
    ] {
        let policies = said(&Policies::default(), Secret, &subject, max(days * DAY));
        assert_eq!(made.ends_at(&policies), NOW + expected * DAY, "{subject:?} {days}");
        assert!(made.is_live(&policies, NOW + expected * DAY - 1) && !made.is_live(&policies, NOW + expected * DAY));
    }
    let policies = said(&Policies::default(), Secret, &of_client(&owner), SetPolicy { default_seconds: Some(5), ..max(10) });
    let keys = (&Prefix::default(), &root_keys());
    let make = |seconds: Option<i64>| {
        let request = CreateSecret { expires_in_seconds: seconds, overlap_seconds: None };
        create_secret(&owner, &[], request, &policies, keys, &actor(), &mut at(NOW))
    };
    assert_eq!(make(None).verdict.unwrap().secret.expires_at, NOW + 5);
    refused(make(Some(11)), "between 1 second and 10 seconds");
}

#[test]
fn an_exception_has_an_owner_a_reason_and_an_end() {
    let owner = client(&[&api("orders")], |_| {});
    let made = secret(&owner, 100 * DAY);
    let policies = said(&Policies::default(), Secret, &Subject::Deployment, max(30 * DAY));
    let asked = |owner: &str, reason: &str, days: i64| CreateException {
        owner: owner.to_owned(),
        reason: reason.to_owned(),
        ends_at: NOW + days * DAY,
    };
    let decide = |secret: &ClientSecret, request: &CreateException| create_exception(secret, request, &policies, &actor(), &mut at(NOW));
    let ended = ClientSecret { expires_at: NOW, ..made.clone() };
    for (secret, request, words) in [
        (&made, asked("", "why", 60), "the owner"),
        (&made, asked("Ada", "", 60), "the reason"),
        (&made, asked("Ada", "a\u{202e}b", 60), "the reason"),
        (&made, asked("A\u{7}da", "why", 60), "the owner"),
        (&made, asked("Ada", &"x".repeat(501), 60), "the reason"),
        (&made, asked("Ada", "why", 401), "at most 400 days"),
        (&made, asked("Ada", "why", -1), "at most 400 days"),
        (&made, asked("Ada", "why", 30), "no exception is needed"),
        (&ended, asked("Ada", "why", 60), "was ended"),
    ] {
        refused(decide(secret, &request), words);
    }
    let outcome = decide(&made, &asked("Ada", "why", 200));
    let exception = granted(outcome, "+policy_exception +client_secret policy_exception.created");
    assert_eq!(PolicyException::from_row(&exception.row()), Ok(exception.clone()));
    let extended = ClientSecret { expires_at: exception.ends_at, ..made.clone() };
    let with = policies.clone().with_exception(Versioned { version: 1, record: exception.clone() });
    assert_eq!(extended.ends_at(&with), NOW + 200 * DAY, "it ends with the exception, beyond the maximum and its own first end");
    assert_eq!(made.ends_at(&with), NOW + 100 * DAY, "a secret that was ended stays so");
    refused(create_exception(&extended, &asked("Ada", "why", 300), &with, &actor(), &mut at(NOW)), "already");
    granted(end(&exception, None, &with, &actor(), &mut at(NOW)), "-policy_exception -expiry_notice policy_exception.ended");
    let outcome = end(&exception, Some(&extended), &with, &actor(), &mut at(NOW));
    let left = outcome.commit.writes.iter().find_map(|write| match write {
        Write::Put { row, .. } => Some(ClientSecret::from_row(row).unwrap().expires_at),
        Write::Delete { .. } => None,
    });
    granted(outcome, "-policy_exception -expiry_notice +client_secret policy_exception.ended");
    assert_eq!(left, Some(NOW + 30 * DAY), "no later policy brings it back");
    assert_eq!(extended.ends_at(&with.without_exception(exception.id.as_str())), NOW + 30 * DAY);
    let other = PolicyException { id: ExceptionId::from("e"), credential: "other".into(), created_by: Actor::system(), ..exception };
    assert_eq!(made.ends_at(&policies.with_exception(Versioned { version: 1, record: other })), NOW + 30 * DAY);
}

/// What holds for API keys of an API once each of these was said, one after the other.
#[test]
fn the_most_specific_idle_time_holds_and_a_shorter_one_begins_when_it_is_said() {
    let orders = api("orders");
    let (all, one) = (Subject::Deployment, of_api(&orders));
    let ever = i64::MIN;
    let check = |said: &[(&Subject, SetPolicy)], expected: (Option<i64>, Option<Level>, i64)| {
        let policies = said
            .iter()
            .fold(Policies::default(), |policies, (subject, request)| decide(&policies, ApiKey, subject, *request).verdict.unwrap().1);
        let holds = policies.resolve(ApiKey, Some(&orders.id), None);
        assert_eq!((holds.idle_seconds.map(|seconds| seconds / DAY), holds.idle_from, holds.idle_since), expected, "{said:?}");
    };
    let (deployment, of_the_api) = (Some(Level::Deployment), Some(Level::Api));
    check(&[], (Some(30), None, ever));
    check(&[(&all, unused(90))], (Some(90), deployment, ever));
    check(&[(&all, unused(10))], (Some(10), deployment, NOW));
    check(&[(&all, NEVER)], (None, deployment, ever));
    check(&[(&all, NEVER), (&all, unused(90))], (Some(90), deployment, NOW));
    check(&[(&all, unused(10)), (&one, unused(60))], (Some(60), of_the_api, ever));
    check(&[(&all, unused(10)), (&one, NEVER)], (None, of_the_api, ever));
    // Saying nothing more is stricter where what is said above is.
    check(&[(&one, NEVER), (&one, SetPolicy::default())], (Some(30), None, NOW));
    check(&[(&all, unused(90)), (&all, SetPolicy::default())], (Some(30), None, NOW));
    check(&[(&all, unused(10)), (&all, SetPolicy::default())], (Some(30), None, NOW));
}

/// What a client says for itself hides what its APIs say: without it those begin, and not in the past.
#[test]
fn a_client_s_idle_time_that_is_taken_back_begins_the_shorter_ones_of_its_apis() {
    let (orders, stock) = (api("orders"), api("stock"));
    let worker = client(&[&orders, &stock], |_| {});
    let (all, one, client) = (Subject::Deployment, of_api(&orders), of_client(&worker));
    let check = |before: &[(&Subject, SetPolicy)], request: SetPolicy, event: &str, expected: (Option<i64>, i64)| {
        let policies = before.iter().fold(Policies::default(), |policies, (subject, request)| said(&policies, ApiKey, subject, *request));
        let outcome = decide(&policies, ApiKey, &client, request);
        assert!(wants(&outcome.commit).ends_with(event), "{before:?}: {}", wants(&outcome.commit));
        let holds = outcome.verdict.unwrap().1.resolve(ApiKey, Some(&orders.id), Some(&worker.id));
        assert_eq!((holds.idle_seconds.map(|seconds| seconds / DAY), holds.idle_since), expected, "{before:?}");
    };
    let nothing = SetPolicy::default();
    let of_stock = of_api(&stock);
    check(&[(&all, NEVER), (&one, unused(7)), (&client, unused(30))], nothing, "policy.lowered", (Some(7), NOW));
    check(&[(&one, unused(7)), (&client, unused(20))], unused(25), "policy.set", (Some(25), NOW));
    check(&[(&all, NEVER), (&one, unused(40)), (&client, unused(30))], nothing, "policy.set", (Some(40), NOW));
    check(&[(&all, NEVER), (&of_stock, unused(7)), (&client, NEVER)], nothing, "policy.lowered", (None, NOW));
}

#[test]
fn a_shorter_idle_time_is_told_as_narrowing() {
    let none = Policies::default();
    let ten = said(&none, ApiKey, &Subject::Deployment, unused(10));
    for (policies, request, writes) in [
        (&none, unused(10), "+policy policy.lowered"),
        (&none, unused(90), "+policy policy.set"),
        (&none, NEVER, "+policy policy.set"),
        (&ten, unused(10), ""),
        (&ten, unused(11), "+policy policy.set"),
        // The rule stays: it says since when the idle time is what it is.
        (&ten, SetPolicy::default(), "+policy policy.set"),
        (&ten, SetPolicy { max_seconds: Some(400), ..unused(9) }, "+policy policy.lowered"),
    ] {
        assert_eq!(wants(&decide(policies, ApiKey, &Subject::Deployment, request).commit), writes, "{request:?}");
    }
    let taken_back = said(&ten, ApiKey, &Subject::Deployment, SetPolicy::default());
    assert!(taken_back.rules_of(ApiKey).all(|rule| !rule.record.says_anything()));
    assert_eq!(wants(&decide(&taken_back, ApiKey, &Subject::Deployment, SetPolicy::default()).commit), "");
}

#[test]
fn nothing_is_idle_for_what_it_could_not_know() {
    let rule = Policies::default().effective(ApiKey, &Subject::Deployment);
    const HOUR: i64 = 3_600;
    let since_ever = Used { last_at: None, counted_since: i64::MIN };
    for (active_since, idle_since, used, expected) in [
        (0, i64::MIN, since_ever, 0),
        (5, i64::MIN, since_ever, 5),
        (5, 7, since_ever, 7),
        (5, 7, Used { last_at: Some(6 - HOUR), ..since_ever }, 7),
        // A use is known to the hour.
        (5, 7, Used { last_at: Some(60), ..since_ever }, 60 + HOUR),
        (5, 7, Used { last_at: Some(60), counted_since: 90 + HOUR }, 90 + HOUR),
    ] {
        let rule = Effective { idle_since, ..rule };
        let at = |days: i64, seconds: i64| rule.idle(active_since, used, expected + days * DAY + seconds);
        assert_eq!([at(30, -1), at(30, 0), at(60, -1), at(60, 0)], [Idle::No, Idle::Suspended, Idle::Suspended, Idle::Revoked]);
    }
    assert_eq!(rule.idle(0, Used::UNKNOWN, i64::MAX), Idle::No);
    assert_eq!(Effective { idle_seconds: None, ..rule }.idle(0, since_ever, i64::MAX), Idle::No);
}
