//! Access tokens: issued, revoked, suspended, resumed, cut off, judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::Client;
use jeton_core::commit::Commit;
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::ClientId;
use jeton_core::moment::Time;
use jeton_core::policy::effective::Policies;
use jeton_core::refusal::Reason;
use jeton_core::token::AccessToken;
use jeton_core::token::cut_off::{cut_off, issuable_from, lives_from};
use jeton_core::token::introspect::{effective_expiry, may_learn};
use jeton_core::token::issue::{Facts, issue};
use jeton_core::token::revoke::{revoke, revoke_own};
use jeton_core::token::standing::Standing;
use jeton_core::token::suspend::{resume, suspend};
use jeton_oauth::scope::ScopeSet;
use jeton_token::{Kind, Prefix, Token};

use crate::known::{NO_CUT_OFF, NOW, actor, api, asked, client, moment, root_keys, token};
use crate::wants::{granted, refused, wants};

#[track_caller]
fn check(client: &Client, api: &Api, requested: Option<&str>, expected: Result<&str, Reason>) {
    let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
    let facts = Facts { client, api, not_before_seconds: i64::MIN, policies: &policies, prefix: &prefix, root_keys: &root_keys, by: None };
    let requested = requested.map(|requested| ScopeSet::parse(requested).unwrap());
    let outcome = issue(&facts, requested.as_ref(), &mut moment());
    match (outcome.verdict, expected) {
        (Ok(issued), Ok(scope)) => {
            assert_eq!((&*issued.token.scope, wants(&outcome.commit).as_str()), (scope, "+access_token"));
            assert_eq!(AccessToken::from_row(&issued.token.row()), Ok(issued.token));
        }
        (Err(refusal), Err(reason)) => assert_eq!((refusal.reason, wants(&outcome.commit).as_str()), (reason, "")),
        (verdict, _) => panic!("{requested:?}: {verdict:?}, not {expected:?}"),
    }
}

#[test]
fn what_is_granted() {
    let (orders, stock) = (api("orders"), api("stock"));
    let all = client(&[&orders], |_| {});
    let reader = client(&[&orders], |request| request.scopes = Some("read".into()));
    let writer = client(&[&orders], |request| request.scopes = Some("write".into()));
    let nothing = client(&[&orders], |request| request.scopes = Some(String::new()));
    let scope = Err(Reason::InvalidScope);
    for (client, requested, expected) in [
        (&all, None, Ok("read")),
        (&all, Some(""), Ok("read")),
        (&all, Some("write"), Ok("write")),
        (&all, Some("write read"), Ok("read write")),
        (&all, Some("read admin"), scope),
        (&reader, None, Ok("read")),
        (&reader, Some("write"), scope),
        (&reader, Some("read write"), scope),
        (&writer, None, scope),
        (&writer, Some("write"), Ok("write")),
        (&nothing, None, scope),
        (&nothing, Some("read"), scope),
    ] {
        check(client, &orders, requested, expected);
    }
    check(&all, &stock, None, Err(Reason::InvalidTarget));
    check(&Client { grant_types: vec![], ..all.clone() }, &orders, None, Err(Reason::UnauthorizedClient));
    let no_default = Api { default_scope: ScopeSet::empty(), ..orders.clone() };
    check(&all, &no_default, None, Ok("read write"));
    check(&writer, &no_default, None, Ok("write"));
    let plain = Api { scopes: Default::default(), default_scope: ScopeSet::empty(), ..orders.clone() };
    check(&nothing, &plain, None, Ok(""));
    check(&nothing, &plain, Some("read"), scope);
    // A scope that the API dropped since the client was registered.
    let dropped = Api { scopes: BTreeMap::from([("read".to_owned(), String::new())]).into(), ..orders };
    check(&all, &dropped, Some("write"), scope);
}

#[test]
fn times() {
    let orders = api("orders");
    let worker = client(&[&orders], |_| {});
    let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
    for (not_before_seconds, issued_at) in [(i64::MIN, NOW), (NOW, NOW), (NOW + 1, NOW + 1)] {
        let facts = Facts {
            client: &worker,
            api: &orders,
            not_before_seconds,
            policies: &policies,
            prefix: &prefix,
            root_keys: &root_keys,
            by: None,
        };
        let issued = issue(&facts, None, &mut moment()).verdict.unwrap();
        assert_eq!((issued.token.issued_at, issued.token.expires_at, issued.expires_in_seconds), (issued_at, issued_at + 3_600, 3_600));
        assert!(issued.clear.is_none() && issued.token.proof.is_none());
    }
}

#[test]
fn an_opaque_token_is_kept_as_a_hash() {
    let mut request = asked("orders");
    request.token_format = Some("opaque".into());
    let orders = jeton_core::api::create::create(&request, &Policies::default(), &actor(), &mut moment()).verdict.unwrap();
    let worker = client(&[&orders], |_| {});
    let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
    let facts = Facts {
        client: &worker,
        api: &orders,
        not_before_seconds: i64::MIN,
        policies: &policies,
        prefix: &prefix,
        root_keys: &root_keys,
        by: None,
    };
    let issued = issue(&facts, None, &mut moment()).verdict.unwrap();
    let clear = issued.clear.clone().unwrap();
    let text = clear.0.expose();
    let parsed = Token::parse(text, &prefix).unwrap();
    let (epoch, keys) = root_keys.current();
    let keys = keys.unwrap();
    assert_eq!((parsed.kind(), parsed.epoch(), parsed.id().to_bytes()), (Kind::AccessToken, 3, issued.token.id.0));
    assert!(parsed.check(&keys.check));
    let (hash, under) = issued.token.proof.unwrap();
    assert!(keys.hash.hash(text).matches(&hash) && under == epoch);
    assert!(!format!("{issued:?}").contains(text) && text.len() <= 128);
}

#[test]
fn who_issues_it_to_another_is_told() {
    let orders = api("orders");
    let worker = client(&[&orders], |_| {});
    let (prefix, root_keys, administrator) = (Prefix::default(), root_keys(), actor());
    let facts = Facts {
        client: &worker,
        api: &orders,
        not_before_seconds: i64::MIN,
        policies: &Policies::default(),
        prefix: &prefix,
        root_keys: &root_keys,
        by: Some(&administrator),
    };
    let outcome = issue(&facts, None, &mut moment());
    assert!(outcome.commit.grants() && !outcome.commit.is_narrowing());
    let Some(Event::TokenIssued { actor: told, api, client, token }) = outcome.commit.events.first().cloned() else {
        panic!("{outcome:?}")
    };
    let issued = granted(outcome, "+access_token token.issued");
    assert_eq!((told, api, client, token), (administrator.clone(), orders.id.clone(), worker.id.clone(), issued.token.id));
    let refusal = issue(&facts, Some(&ScopeSet::parse("admin").unwrap()), &mut moment());
    assert!(refusal.commit.is_empty(), "a refusal tells nothing");
}

#[test]
fn revoked() {
    let orders = api("orders");
    let worker = client(&[&orders], |_| {});
    let token = token(&worker, &orders);
    let other = ClientId::from("client_other");
    let outcome = revoke_own(&token, &orders.audience, &worker.id, false, &mut moment());
    assert!(outcome.commit.is_narrowing());
    let Some(Event::TokenRevoked { actor: told, until_seconds, .. }) = outcome.commit.events.first() else { panic!("{outcome:?}") };
    assert_eq!((told.as_str(), *until_seconds), (format!("client:{}", worker.id).as_str(), token.expires_at + 86_400));
    granted(outcome, "+negative token.revoked");
    granted(revoke_own(&token, &orders.audience, &worker.id, true, &mut moment()), "");
    for is_revoked in [false, true] {
        refused(revoke_own(&token, &orders.audience, &other, is_revoked, &mut moment()), "another client");
    }
    granted(revoke(&token, &orders.audience, &actor(), false, &mut moment()), "+negative token.revoked");
    granted(revoke(&token, &orders.audience, &actor(), true, &mut moment()), "");
}

#[test]
fn suspended_and_resumed() {
    let orders = api("orders");
    let token = token(&client(&[&orders], |_| {}), &orders);
    for (standing, on_suspend, on_resume) in [
        (Standing::Active, Some("+negative token.suspended"), Some("")),
        (Standing::Suspended, Some(""), Some("+negative token.resumed")),
        (Standing::Expired, None, None),
        (Standing::Revoked, None, None),
    ] {
        for (outcome, expected) in [
            (suspend(&token, &orders.audience, standing, &actor(), &mut moment()), on_suspend),
            (resume(&token, &orders.audience, standing, &actor(), &mut moment()), on_resume),
        ] {
            match expected {
                Some(writes) => granted(outcome, writes),
                None => refused(outcome, standing.name()),
            }
        }
    }
    assert!(suspend(&token, &orders.audience, Standing::Active, &actor(), &mut moment()).commit.is_narrowing());
    assert!(!resume(&token, &orders.audience, Standing::Suspended, &actor(), &mut moment()).commit.is_narrowing());
}

#[test]
fn from_where_on_tokens_live_under_a_cut_off() {
    let now = moment().now;
    let second = |seconds| Some(Time::from_seconds(seconds));
    for (before, latest, expected) in [
        (None, NO_CUT_OFF, Some(NOW + 1)),
        (None, NOW, Some(NOW + 1)),
        // Tokens may be dated a second ahead, and no further.
        (None, NOW + 1, Some(NOW + 2)),
        (None, NOW + 2, Some(NOW + 2)),
        (None, NOW + 4_000, Some(NOW + 2)),
        (second(NOW - 5), NOW + 1, Some(NOW - 5)),
        (second(NOW), NOW + 1, Some(NOW)),
        (Some(now), NO_CUT_OFF, Some(NOW + 1)),
        (Some(now), NOW + 1, Some(NOW + 2)),
        (second(NOW + 1), NOW + 1, Some(NOW + 2)),
        (second(NOW + 2), NOW + 2, None),
        (second(i64::MAX), NO_CUT_OFF, None),
    ] {
        assert_eq!(lives_from(before, now, latest).ok().map(Time::seconds), expected, "{before:?} {latest}");
    }
    for (not_before, from) in [(NOW + 1, NOW), (NOW + 2, NOW + 1)] {
        assert_eq!(issuable_from(not_before), Time::from_seconds(from));
    }
    assert!(issuable_from(i64::MIN) < now);
}

#[test]
fn cut_off_is_remembered_as_long_as_what_it_ends_could_live() {
    let (client, family) = (CutOffSubject::Client, CutOffSubject::Family);
    let cases = [
        (family, NOW + 1, NOW + 1 + 2 * 86_400),
        (family, NOW - 1_000, NOW + 2 * 86_400),
        (family, 0, NOW + 2 * 86_400),
        (client, NOW + 1, NOW + 1 + 401 * 86_400),
        (client, 0, NOW + 401 * 86_400),
        (CutOffSubject::Api, NOW + 1, NOW + 1 + 401 * 86_400),
        (CutOffSubject::User, NOW + 1, NOW + 1 + 401 * 86_400),
        (CutOffSubject::Everything, NOW + 1, NOW + 1 + 401 * 86_400),
    ];
    for (subject, before, until) in cases {
        let mut moment = moment();
        let commit = cut_off(Commit::new(&mut moment), subject, Arc::from("c"), Time::from_seconds(before), &actor(), &mut moment);
        let Some(Event::CutOff { before_seconds, until_seconds, .. }) = commit.events.first() else { panic!("{commit:?}") };
        assert_eq!((*before_seconds, *until_seconds, wants(&commit).as_str()), (before, until, "+negative tokens.cut_off"));
    }
}

#[test]
fn the_effective_expiry_follows_the_api() {
    let orders = api("orders");
    let token = token(&client(&[&orders], |_| {}), &orders);
    for (lifetime, expected) in [(60, NOW + 60), (3_600, NOW + 3_600), (86_400, NOW + 3_600)] {
        assert_eq!(
            effective_expiry(&token, &Api { access_token_lifetime_seconds: lifetime, ..orders.clone() }, &Policies::default()),
            expected
        );
    }
    let late = AccessToken { issued_at: i64::MAX, expires_at: i64::MAX, ..token };
    assert_eq!(effective_expiry(&late, &orders, &Policies::default()), i64::MAX);
}

#[test]
fn who_may_learn() {
    let (orders, stock) = (api("orders"), api("stock"));
    let holder = client(&[&orders], |request| (request.may_introspect, request.scopes) = (true, Some("read".into())));
    let token = token(&holder, &orders);
    let caller = |apis: &[&Api], may| Client { id: ClientId::from("c2"), ..client(apis, |request| request.may_introspect = may) };
    for (caller, expected) in [
        (holder.clone(), true),
        (Client { may_introspect: false, ..holder.clone() }, false),
        (Client { apis: vec![], ..holder }, true),
        (caller(&[&orders], true), true),
        (caller(&[&orders, &stock], true), true),
        (caller(&[&orders], false), false),
        (caller(&[&stock], true), false),
        (caller(&[], true), false),
    ] {
        assert_eq!(may_learn(&caller, &token), expected, "{caller:?}");
    }
}
