//! APIs: declared, changed, removed.

use jeton_core::api::create::{CreateApi, create};
use jeton_core::api::delete::delete;
use jeton_core::api::update::{UpdateApi, update};
use jeton_core::api::{Api, TokenFormat};
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::policy::effective::Policies;
use jeton_jose::Algorithm;

use crate::known::{NO_CUT_OFF, NOW, actor, api, asked, moment};
use crate::wants::{granted, refused};

#[track_caller]
fn check(shape: impl FnOnce(&mut CreateApi), expected: Result<fn(&Api) -> bool, &str>) {
    let mut request = asked("orders");
    shape(&mut request);
    let outcome = create(&request, &Policies::default(), &actor(), &mut moment());
    match expected {
        Ok(holds) => {
            let api = granted(outcome, "+api api.created");
            assert!(holds(&api), "{api:?}");
            assert_eq!(Api::from_row(&api.row()), Ok(api));
        }
        Err(words) => refused(outcome, words),
    }
}

#[test]
fn declared() {
    check(|_| {}, Ok(|api| &*api.name == "https://orders.example" && api.access_token_lifetime_seconds == 3_600));
    check(|_| {}, Ok(|api| api.token_format == TokenFormat::Jwt && api.signing_algorithm == Algorithm::Es256));
    check(|_| {}, Ok(|api| api.id.as_str().len() == 24 && (api.created_at, api.updated_at) == (NOW, NOW)));
    check(|request| request.name = Some("Orders".into()), Ok(|api| &*api.name == "Orders"));
    check(|request| request.default_scope = None, Ok(|api| api.default_scope.is_empty()));
    check(|request| request.default_scope = Some(String::new()), Ok(|api| api.default_scope.is_empty()));
    check(|request| request.default_scope = Some("write read".into()), Ok(|api| api.default_scope.as_str() == "read write"));
    check(|request| request.access_token_lifetime_seconds = Some(1), Ok(|api| api.access_token_lifetime_seconds == 1));
    check(|request| request.access_token_lifetime_seconds = Some(86_400), Ok(|api| api.access_token_lifetime_seconds == 86_400));
    check(|request| request.token_format = Some("opaque".into()), Ok(|api| api.token_format == TokenFormat::Opaque));
    check(|request| request.signing_algorithm = Some("EdDSA".into()), Ok(|api| api.signing_algorithm == Algorithm::EdDsa));
    check(|request| request.audience = "urn:example:orders".into(), Ok(|api| &*api.audience == "urn:example:orders"));
    for audience in ["", "orders", "/orders", "//orders.example", "https://", "https://a b", "https://a#b", "https://a\"", "https://é"] {
        check(|request| request.audience = audience.into(), Err("audience"));
    }
    check(|request| request.audience = format!("https://{}", "a".repeat(505)), Err("audience"));
    for name in ["", " ", " a", "a\n", "\u{1b}[31m", &"a".repeat(101)] {
        check(|request| request.name = Some(name.into()), Err("name"));
    }
    for seconds in [0, -1, 86_401, i64::MAX, i64::MIN] {
        check(|request| request.access_token_lifetime_seconds = Some(seconds), Err("lives between 1 second and 1 day here"));
    }
    for format in ["", "JWT", "saml"] {
        check(|request| request.token_format = Some(format.into()), Err("token format"));
    }
    for algorithm in ["", "none", "HS256", "es256", "ES256K"] {
        check(|request| request.signing_algorithm = Some(algorithm.into()), Err("signing algorithm"));
    }
}

#[test]
fn scopes_are_names() {
    for name in ["", "a b", " a", "a\"b", "a\\b", "é", "a\n", &"a".repeat(129)] {
        check(|request| drop(request.scopes.insert(name.to_owned(), String::new())), Err("scope"));
    }
    check(|request| drop(request.scopes.insert("a/b:c.*~'<>".to_owned(), String::new())), Ok(|api| api.scopes.len() == 3));
    check(|request| request.scopes.extend((0..62).map(|number| (number.to_string(), String::new()))), Ok(|api| api.scopes.len() == 64));
    check(|request| request.scopes.extend((0..63).map(|number| (number.to_string(), String::new()))), Err("64"));
    for description in ["a\nb", "\u{1b}[31m", &"a".repeat(501)] {
        check(|request| drop(request.scopes.insert("a".to_owned(), description.to_owned())), Err("description"));
    }
    check(|request| request.default_scope = Some("read admin".into()), Err("`admin`"));
    check(|request| request.default_scope = Some("read  write".into()), Err("default scope"));
    let none = |request: &mut CreateApi| {
        request.scopes.clear();
        request.default_scope = None;
    };
    check(none, Ok(|api| api.scopes.is_empty() && api.scope_set().is_empty()));
}

#[track_caller]
fn check_update(request: UpdateApi, writes: &str, changed: &str) -> Api {
    let before = api("orders");
    let outcome = update(&before, &request, &Policies::default(), NO_CUT_OFF, &actor(), &mut moment());
    let told = outcome.commit.events.iter().find_map(|event| match event {
        Event::ApiUpdated { changed, .. } => Some(changed.to_string()),
        _ => None,
    });
    let after = granted(outcome, writes);
    assert_eq!(told.unwrap_or_default(), changed);
    assert_eq!((&after.id, &after.audience, after.created_at), (&before.id, &before.audience, before.created_at));
    after
}

#[test]
fn changed() {
    let nothing = UpdateApi::default;
    check_update(nothing(), "", "");
    check_update(UpdateApi { name: Some("https://orders.example".into()), ..nothing() }, "", "");
    let after = check_update(UpdateApi { name: Some("Orders".into()), ..nothing() }, "+api api.updated", "name");
    assert_eq!((&*after.name, after.scopes.len()), ("Orders", 2));
    check_update(
        UpdateApi { access_token_lifetime_seconds: Some(3_601), ..nothing() },
        "+api api.updated",
        "access_token_lifetime_seconds",
    );
    check_update(
        UpdateApi { access_token_lifetime_seconds: Some(60), ..nothing() },
        "+api +negative api.updated api.lifetime_lowered",
        "access_token_lifetime_seconds",
    );
    let format = UpdateApi { token_format: Some("opaque".into()), signing_algorithm: Some("RS256".into()), ..nothing() };
    check_update(format, "+api api.updated", "token_format signing_algorithm");
    let fewer = UpdateApi { scopes: Some([("read".to_owned(), "Read".to_owned())].into()), ..nothing() };
    assert_eq!(check_update(fewer, "+api api.narrowed", "").scopes.len(), 1);
    let scopes = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    let more = UpdateApi { scopes: Some(scopes(&["read", "write", "more"])), ..nothing() };
    check_update(more, "+api api.updated api.widened", "scopes");
    let other = UpdateApi { scopes: Some(scopes(&["read", "more"])), ..nothing() };
    check_update(other, "+api api.updated api.narrowed api.widened", "scopes");
    let check_refused =
        |request, words| refused(update(&api("orders"), &request, &Policies::default(), NO_CUT_OFF, &actor(), &mut moment()), words);
    check_refused(UpdateApi { scopes: Some([("write".to_owned(), String::new())].into()), ..nothing() }, "`read`");
    check_refused(UpdateApi { scopes: Some([("a b".to_owned(), String::new())].into()), ..nothing() }, "scope");
    check_refused(UpdateApi { name: Some("\u{7}".into()), ..nothing() }, "name");
    check_refused(UpdateApi { access_token_lifetime_seconds: Some(0), ..nothing() }, "lives between");
    check_refused(UpdateApi { token_format: Some("x".into()), ..nothing() }, "token format");
    check_refused(UpdateApi { signing_algorithm: Some("none".into()), ..nothing() }, "signing algorithm");
}

#[test]
fn only_a_lower_lifetime_and_fewer_scopes_narrow() {
    for (seconds, is_narrowing) in [(3_599, true), (3_601, false)] {
        let request = UpdateApi { access_token_lifetime_seconds: Some(seconds), ..UpdateApi::default() };
        assert_eq!(
            update(&api("orders"), &request, &Policies::default(), NO_CUT_OFF, &actor(), &mut moment()).commit.is_narrowing(),
            is_narrowing
        );
    }
    let before = api("orders");
    let scopes = |names: &[&str]| {
        let kept = |name: &&str| before.scopes.get(*name).cloned().unwrap_or_default();
        UpdateApi { scopes: Some(names.iter().map(|name| ((*name).to_owned(), kept(name))).collect()), ..UpdateApi::default() }
    };
    for (names, is_narrowing) in [(&["read"][..], true), (&["read", "write", "more"], false), (&["read", "more"], false)] {
        let commit = update(&before, &scopes(names), &Policies::default(), NO_CUT_OFF, &actor(), &mut moment()).commit;
        assert_eq!((commit.is_narrowing(), commit.grants()), (is_narrowing, !is_narrowing), "{names:?}");
    }
    let request = UpdateApi { access_token_lifetime_seconds: Some(60), ..UpdateApi::default() };
    // Under a cut-off that lies ahead, tokens of the longer lifetime may be dated ahead.
    for (latest, before) in [(NO_CUT_OFF, NOW + 1), (NOW, NOW + 1), (NOW + 1, NOW + 2), (NOW + 2, NOW + 2)] {
        let commit = update(&api("orders"), &request, &Policies::default(), latest, &actor(), &mut moment()).commit;
        let Some(Event::ApiLifetimeLowered { seconds, before_seconds, until_seconds, .. }) = commit.events.last() else {
            panic!("{commit:?}")
        };
        assert_eq!((*seconds, *before_seconds, *until_seconds), (60, before, NOW + 2 * 86_400), "{latest}");
    }
}

#[test]
fn removed() {
    let api = api("orders");
    for (latest, before) in [(NO_CUT_OFF, NOW + 1), (NOW + 1, NOW + 2)] {
        let outcome = delete(&api, latest, &actor(), &mut moment());
        assert!(outcome.commit.is_narrowing());
        let Some(Event::CutOff { subject, name, before_seconds, .. }) = outcome.commit.events.last() else { panic!("no cut-off") };
        assert_eq!((*subject, name, *before_seconds), (CutOffSubject::Api, &api.audience, before), "{latest}");
        granted(outcome, "-api +negative api.deleted tokens.cut_off");
    }
}
