//! Signing in, being asked, and signing out.

use jeton_core::api::Api;
use jeton_core::authorize::Asked;
use jeton_core::authorize::answer::{Facts as Answering, answer};
use jeton_core::authorize::check::{Facts as Checking, check as check_request};
use jeton_core::authorize::next::{Facts as Next, Next as Step, Stronger, next};
use jeton_core::authorize::target::{NoTarget, target};
use jeton_core::client::Client;
use jeton_core::commit::Write;
use jeton_core::consent::needed::NewConsent;
use jeton_core::consent::{Consent, TABLE as CONSENTS};
use jeton_core::grant::code::AuthorizationCode;
use jeton_core::id::{ApiId, SessionId};
use jeton_core::outcome::Outcome;
use jeton_core::password::set::set;
use jeton_core::password::{Password, TABLE as PASSWORDS};
use jeton_core::person::Person;
use jeton_core::policy::effective::Policies;
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::begin::{Begun, Facts as Beginning, begin};
use jeton_core::session::end::end;
use jeton_core::session::judge::{Facts as Judging, Judged, judge};
use jeton_core::session::proof::{Acr, Authenticated};
use jeton_core::token::text;
use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::{ErrorCode, ScopeSet};
use jeton_token::Prefix;

use crate::grants::{Around, application, owner};
use crate::known::{NO_CUT_OFF, NOW, actor, api, at, client, person, root_keys};
use crate::wants::{granted, wants};

fn begun(person: &Person, before: Option<&Session>, seconds: i64) -> Outcome<Begun> {
    let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
    let facts = Beginning {
        person,
        session: before,
        factor: None,
        latest: None,
        not_before_seconds: NO_CUT_OFF,
        policies: &policies,
        prefix: &prefix,
        root_keys: &root_keys,
    };
    begin(&facts, Authenticated::by_password(seconds), &owner(), &mut at(seconds))
}

fn session() -> Session {
    begun(&person("ada"), None, NOW).verdict.unwrap().session
}

#[test]
fn a_session_has_another_secret_each_time_somebody_proves_who_they_are() {
    let ada = person("ada");
    let first = granted(begun(&ada, None, NOW), "+session +authentication session.created");
    assert_eq!((first.session.created_at, first.session.expires_at), (NOW, NOW + 30 * 86_400));
    assert_eq!(Session::from_row(&first.session.row()), Ok(first.session.clone()));
    assert!(text::is(first.clear.0.expose(), &first.session.proof, &root_keys()));
    let second = granted(begun(&ada, Some(&first.session), NOW + 60), "+session +authentication session.renewed");
    assert_eq!((second.session.id, second.session.expires_at), (first.session.id, first.session.expires_at));
    assert!(!text::is(first.clear.0.expose(), &second.session.proof, &root_keys()), "the old secret is worth nothing");
    // Somebody else at the same browser has a session of their own.
    let other = granted(begun(&person("grace"), Some(&first.session), NOW + 60), "+session +authentication session.created");
    assert_ne!(other.session.id, first.session.id);
    let disabled = Person { state: jeton_core::person::State::Disabled { at: NOW, by: actor() }, ..ada };
    assert!(begun(&disabled, None, NOW).verdict.is_err());
}

#[track_caller]
fn check_judged(change: impl FnOnce(&mut Judging<'_>), after: i64, expected: Judged) {
    let policies = Policies::default();
    let mut facts =
        Judging { seen_at: NOW, is_person_active: true, ended_before_seconds: NO_CUT_OFF, known_from_seconds: 0, policies: &policies };
    change(&mut facts);
    assert_eq!(judge(&session(), facts, NOW + after), expected);
}

#[test]
fn sessions_end_by_their_time_or_where_nobody_comes() {
    const DAY: i64 = 86_400;
    check_judged(|_| {}, 0, Judged::Live);
    check_judged(|_| {}, DAY - 1, Judged::Live);
    check_judged(|_| {}, DAY, Judged::Idle);
    check_judged(|facts| facts.seen_at = NOW + 29 * DAY, 30 * DAY - 1, Judged::Live);
    check_judged(|facts| facts.seen_at = NOW + 29 * DAY, 30 * DAY, Judged::Over);
    check_judged(|facts| facts.seen_at = NOW + 60, 0, Judged::Live);
    check_judged(|facts| facts.seen_at = NOW + 61, 0, Judged::Over);
    check_judged(|facts| facts.is_person_active = false, 0, Judged::Ended);
    check_judged(|facts| facts.ended_before_seconds = NOW, 0, Judged::Live);
    check_judged(|facts| facts.ended_before_seconds = NOW + 1, 0, Judged::Ended);
    check_judged(|facts| facts.known_from_seconds = NOW + 1, 0, Judged::Ended);
}

#[test]
fn what_does_not_outlive_a_session_ends_with_it() {
    let (around, session) = (Around::new(), Session { id: SessionId([6; 16]), ..session() });
    let mut offline = around.grant.clone();
    offline.identity = jeton_core::grant::scopes::IdentityScopes::parse("openid offline_access").unwrap();
    let mut other = around.grant.clone();
    other.session = Some(SessionId([5; 16]));
    let ended = end(&session, &[offline, around.grant.clone(), other], NO_CUT_OFF, &actor(), &mut at(NOW));
    let writes = "-session +negative +grant -grant_of_person +negative session.ended tokens.cut_off grant.ended tokens.cut_off";
    assert_eq!(granted(ended, writes), 1);
}

#[test]
fn a_password_is_kept_sealed() {
    let (ada, hash) = (person("ada"), "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA");
    let Outcome { verdict, commit } = set(&ada, hash, &root_keys(), &actor(), &mut at(NOW));
    assert!(verdict.is_ok());
    assert_eq!(wants(&commit), "+password user.password_set");
    let Some(Write::Put { table, row }) = commit.writes.first() else { panic!("a row is put") };
    assert_eq!(table.name, PASSWORDS.name);
    let kept = Password::from_row(row).unwrap();
    assert!(!kept.sealed.windows(8).any(|part| part == b"argon2id"));
    assert_eq!(&**kept.open(&root_keys()).unwrap(), hash);
    let of_another = Password { person: person("grace").id, ..kept };
    assert!(of_another.open(&root_keys()).is_err(), "nobody's password is another's");
}

#[track_caller]
fn check_target(shape: impl FnOnce(&mut Client), asked: Option<&str>, expected: Result<&str, NoTarget>) {
    let mut client = application(&api("orders"), "none");
    shape(&mut client);
    let found = target(&client, asked);
    assert_eq!(found.as_ref().map(jeton_oauth::RedirectUri::as_str), expected.as_ref().map(|uri| *uri));
}

#[test]
fn nobody_is_sent_where_nobody_registered() {
    const OWN: &str = "https://app.example/callback";
    check_target(|_| {}, Some(OWN), Ok(OWN));
    check_target(|_| {}, None, Ok(OWN));
    check_target(|client| client.redirect_uris.clear(), None, Err(NoTarget::Unsaid));
    check_target(|client| client.grant_types.clear(), Some(OWN), Err(NoTarget::NotOffered));
    for wrong in
        ["", "https://app.example/callback/", "https://app.example/callback?x", "https://evil.example/callback", "javascript:alert(1)"]
    {
        check_target(|_| {}, Some(wrong), Err(NoTarget::Unregistered));
    }
    let loopback = |client: &mut Client| client.redirect_uris = vec![jeton_oauth::RedirectUri::parse("http://127.0.0.1/cb").unwrap()];
    check_target(loopback, Some("http://127.0.0.1:4711/cb"), Err(NoTarget::Unregistered));
    let native = |client: &mut Client| {
        loopback(client);
        client.application = jeton_core::client::Application::Native;
    };
    check_target(native, Some("http://127.0.0.1:4711/cb"), Ok("http://127.0.0.1:4711/cb"));
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What is asked by these parameters of a client of one API.
fn asked(parameters: &str) -> Result<(Asked, Api, Client), ErrorCode> {
    let api = api("orders");
    let client = application(&api, "none");
    let text = format!("client_id={}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256{parameters}", client.id);
    let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
    let request = form.request().map_err(|error| error.code)?;
    let named = |name: &str| if name == &*api.audience { Some(&api) } else { None };
    let apis: Vec<Option<&Api>> = match request.resources.as_slice() {
        [] => vec![Some(&api)],
        resources => resources.iter().map(|resource| named(resource.as_str())).collect(),
    };
    let uri = target(&client, None).unwrap();
    let found = check_request(&Checking { client: &client, apis: &apis }, &request, Some(uri)).map_err(|error| error.code)?;
    Ok((found, api, client))
}

#[track_caller]
fn check_asked(parameters: &str, expected: Result<(&str, &str), ErrorCode>) {
    let found = asked(parameters)
        .map(|(asked, api, _)| (asked.scopes.of(&api.id).map(ToString::to_string).unwrap_or_default(), asked.identity.to_string()));
    let expected = expected.map(|(scopes, identity)| (scopes.to_owned(), identity.to_owned()));
    assert_eq!(found, expected, "{parameters}");
}

#[test]
fn a_client_asks_for_what_it_may_have() {
    check_asked("", Ok(("read", "")));
    check_asked("&scope=read+write", Ok(("read write", "")));
    check_asked("&scope=openid", Ok(("", "openid")));
    check_asked("&scope=openid+read+offline_access", Ok(("read", "openid offline_access")));
    check_asked("&scope=openid&resource=https%3A%2F%2Forders.example", Ok(("read", "openid")));
    check_asked("&scope=delete", Err(ErrorCode::InvalidScope));
    check_asked("&scope=openid+delete", Err(ErrorCode::InvalidScope));
    check_asked("&resource=https%3A%2F%2Fother.example", Err(ErrorCode::InvalidTarget));
    let (api, no_challenge) = (api("orders"), AuthorizationForm::parse(b"client_id=c&response_type=code").unwrap());
    let client = application(&api, "client_secret_basic");
    let uri = target(&client, None).unwrap();
    let refused = check_request(&Checking { client: &client, apis: &[Some(&api)] }, &no_challenge.request().unwrap(), Some(uri));
    assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidRequest, "who proves who it is sends a challenge too");
}

fn said(asked: &Asked, client: &Client, session: &Session, scopes: &str, expires_at: i64) -> Consent {
    Consent {
        person: session.person.clone(),
        client: client.id.clone(),
        of: jeton_core::consent::Of::Api(asked.api.clone()),
        scopes: ScopeSet::parse(scopes).unwrap(),
        given_at: NOW,
        expires_at,
        session: session.id,
    }
}

/// What comes next for somebody who signed in `ago` seconds ago, and said yes to these scopes before.
#[track_caller]
fn check_next(parameters: &str, ago: Option<i64>, before: &[(&str, i64)], rights: &str, expected: Result<&str, ErrorCode>) {
    check_next_by(parameters, ago.map(|seconds| Authenticated::by_password(NOW - seconds)), Stronger::Nothing, (before, rights), expected);
}

/// The same for somebody who proved it like this.
#[track_caller]
fn check_next_by(
    parameters: &str,
    proof: Option<Authenticated>,
    stronger: Stronger,
    (before, rights): (&[(&str, i64)], &str),
    expected: Result<&str, ErrorCode>,
) {
    let (asked, _, client) = asked(parameters).unwrap();
    let session = proof.map(|authenticated| Session { authenticated, ..session() });
    let consents: Vec<Consent> = session
        .iter()
        .flat_map(|session| before.iter().map(|(scopes, ends_at)| said(&asked, &client, session, scopes, *ends_at)).collect::<Vec<_>>())
        .collect();
    let rights = |_: &ApiId| Rights { scopes: ScopeSet::parse(rights).unwrap(), standing: OwnerStanding::Stands };
    let facts = Next {
        begun_at: NOW - 10,
        session: session.as_ref(),
        stronger,
        reauthentication_seconds: 1_000,
        consents: &consents,
        rights: &rights,
    };
    let found = next(&asked, &facts, NOW).map_err(|error| error.code).map(|step| match step {
        Step::SignIn => "sign in".to_owned(),
        Step::SecondFactor => "second factor".to_owned(),
        Step::Consent(new, asked) => format!("consent {} {} of {}", new.scopes, new.identity, asked.scopes),
        Step::Answer(asked) => format!("answer {}", asked.scopes),
    });
    let expected = expected.map(|words| words.replace("ORDERS", asked.api.as_str()));
    assert_eq!(found, expected, "{parameters}");
}

#[test]
fn somebody_signs_in_and_is_asked_once() {
    let all = [("read write", NOW + 1)];
    check_next("&scope=read", None, &[], "read", Ok("sign in"));
    check_next("&scope=read&prompt=none", None, &[], "read", Err(ErrorCode::LoginRequired));
    check_next("&scope=read", Some(5), &[], "read", Ok(r#"consent {"ORDERS":"read"}  of {"ORDERS":"read"}"#));
    check_next("&scope=read", Some(5), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read", Some(5), &[("read", NOW)], "read", Ok(r#"consent {"ORDERS":"read"}  of {"ORDERS":"read"}"#));
    check_next(
        "&scope=read+write",
        Some(5),
        &[("read", NOW + 1)],
        "read write",
        Ok(r#"consent {"ORDERS":"write"}  of {"ORDERS":"read write"}"#),
    );
    check_next("&scope=read&prompt=none", Some(5), &[], "read", Err(ErrorCode::ConsentRequired));
    check_next("&scope=read&prompt=none", Some(5), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read&prompt=consent", Some(5), &all, "read", Ok(r#"consent {"ORDERS":"read"}  of {"ORDERS":"read"}"#));
    check_next("&scope=read&prompt=login", Some(11), &all, "read", Ok("sign in"));
    check_next("&scope=read&prompt=login", Some(10), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read&max_age=20", Some(20), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read&max_age=20", Some(21), &all, "read", Ok("sign in"));
    check_next("&scope=read&max_age=0", Some(10), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read", Some(1_000), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read", Some(1_001), &all, "read", Ok("sign in"));
    // What the person may not do nobody hands on.
    check_next("&scope=read+write", Some(5), &all, "read", Ok(r#"answer {"ORDERS":"read"}"#));
    check_next("&scope=read+write", Some(5), &all, "", Err(ErrorCode::AccessDenied));
    check_next("&scope=openid", Some(5), &[], "", Ok("consent {} openid of {}"));
}

#[test]
fn more_is_asked_for_than_was_proved() {
    let all = ([("read write", NOW + 1)].as_slice(), "read");
    let one = |ago: i64| Some(Authenticated::by_password(NOW - ago));
    let two = |ago: i64| one(ago).map(Authenticated::and_code);
    let (answer, unmet) = (Ok(r#"answer {"ORDERS":"read"}"#), Err(ErrorCode::UnmetAuthenticationRequirements));
    let step_up = "&scope=read&acr_values=urn%3Ajeton%3A2fa";
    check_next_by(step_up, one(5), Stronger::SecondFactor, all, Ok("second factor"));
    check_next_by(step_up, one(5), Stronger::Nothing, all, unmet);
    check_next_by(step_up, two(5), Stronger::SecondFactor, all, answer);
    check_next_by(step_up, two(5), Stronger::Nothing, all, answer);
    check_next_by(step_up, None, Stronger::SecondFactor, all, Ok("sign in"));
    // Who has a passkey and no second factor signs in by it.
    check_next_by(step_up, one(5), Stronger::Passkey, all, Ok("sign in"));
    check_next_by(step_up, Some(Authenticated::by_passkey(NOW - 5)), Stronger::Passkey, all, answer);
    check_next_by(&format!("{step_up}&prompt=none"), one(5), Stronger::Passkey, all, Err(ErrorCode::LoginRequired));
    // Where the password is too old it comes first.
    check_next_by(&format!("{step_up}&max_age=20"), one(21), Stronger::SecondFactor, all, Ok("sign in"));
    check_next_by(&format!("{step_up}&max_age=20"), one(20), Stronger::SecondFactor, all, Ok("second factor"));
    check_next_by(&format!("{step_up}&prompt=none"), one(5), Stronger::SecondFactor, all, Err(ErrorCode::LoginRequired));
    check_next_by(&format!("{step_up}&prompt=none"), one(5), Stronger::Nothing, all, unmet);
    check_next_by(&format!("{step_up}&prompt=none"), two(5), Stronger::SecondFactor, all, answer);
    // The weakest of several is enough, and what is not offered is passed over beside others.
    check_next_by("&scope=read&acr_values=urn%3Ajeton%3A2fa+urn%3Ajeton%3A1fa", one(5), Stronger::SecondFactor, all, answer);
    check_next_by("&scope=read&acr_values=phr+urn%3Ajeton%3A2fa+x", one(5), Stronger::SecondFactor, all, Ok("second factor"));
    for nothing in ["phr", "x", "urn%3Ajeton%3A3fa"] {
        assert_eq!(asked(&format!("&scope=read&acr_values={nothing}")).err(), Some(ErrorCode::UnmetAuthenticationRequirements));
    }
    assert_eq!(asked("&scope=read").unwrap().0.acr, Acr::OneFactor);
}

#[test]
fn a_yes_is_kept_and_gives_a_code() {
    let (asked, _, client) = asked("&scope=openid+read+write&nonce=n").unwrap();
    let (session, policies, prefix, root_keys) = (session(), Policies::default(), Prefix::default(), root_keys());
    let before = [said(&asked, &client, &session, "read", NOW + 500)];
    let new = jeton_core::consent::needed::needed(&asked.scopes, asked.identity, &before, NOW);
    let facts = |new| Answering {
        asked: &asked,
        device: None,
        session: &session,
        new,
        consents: &before,
        not_before_seconds: NO_CUT_OFF,
        policies: &policies,
        prefix: &prefix,
        root_keys: &root_keys,
    };
    let Outcome { verdict, commit } = answer(&facts(&new), &mut at(NOW));
    assert_eq!(wants(&commit), "+consent +consent +authorization_code consent.given consent.given");
    let rows = |name: &str| {
        let named = commit.writes.iter().filter_map(|write| match write {
            Write::Put { table, row } if table.name == name => Some(row.clone()),
            _ => None,
        });
        named.collect::<Vec<_>>()
    };
    let given: Vec<Consent> = rows(CONSENTS.name).iter().map(|row| Consent::from_row(row).unwrap()).collect();
    assert_eq!(given.iter().map(|consent| consent.scopes.as_str()).collect::<Vec<_>>(), ["read write", "openid"]);
    assert!(given.iter().all(|consent| consent.expires_at == NOW + 366 * 86_400));
    let code = AuthorizationCode::from_row(&rows("authorization_code")[0]).unwrap();
    assert_eq!((code.expires_at, code.consent_ends_at, code.nonce.as_deref()), (NOW + 60, NOW + 366 * 86_400, Some("n")));
    assert!(text::is(verdict.unwrap().unwrap().0.expose(), &code.proof, &root_keys));
    assert_eq!(commit.id.0, code.id.0);
    // Where nothing is new, what was said before says until when.
    let Outcome { commit, .. } = answer(&facts(&NewConsent::default()), &mut at(NOW));
    assert_eq!(wants(&commit), "+consent +authorization_code consent.given");
}

#[track_caller]
fn check_registered(shape: impl FnOnce(&mut jeton_core::client::create::CreateClient), expected: Result<(), &str>) {
    let api = api("orders");
    let mut request = jeton_core::client::create::CreateClient {
        name: "app".to_owned(),
        grant_types: vec!["authorization_code".into(), "refresh_token".into()],
        authentication: Some("none".into()),
        redirect_uris: vec!["https://app.example/callback".into()],
        ..Default::default()
    };
    shape(&mut request);
    match (jeton_core::client::create::create(&request, &[&api], &actor(), &mut at(NOW)).verdict, expected) {
        (Ok(client), Ok(())) => assert_eq!(Client::from_row(&client.row()), Ok(client)),
        (Err(refusal), Err(words)) => assert!(refusal.detail.contains(words), "{refusal}"),
        (verdict, expected) => panic!("{verdict:?}, not {expected:?}"),
    }
}

#[test]
fn what_a_client_is_registered_with_goes_together() {
    check_registered(|_| {}, Ok(()));
    check_registered(|request| request.redirect_uris.clear(), Err("a redirect address"));
    check_registered(|request| request.redirect_uris = vec!["http://app.example/cb".into()], Err("a redirect address"));
    check_registered(|request| request.redirect_uris = (0..33).map(|n| format!("https://a.example/{n}")).collect(), Err("at most 32"));
    check_registered(|request| request.grant_types = vec!["refresh_token".into()], Err("beside it"));
    check_registered(|request| request.grant_types.push("client_credentials".into()), Err("cannot prove"));
    check_registered(|request| request.may_introspect = true, Err("introspect"));
    check_registered(|request| request.keeps_refresh_tokens = true, Err("rotate"));
    check_registered(|request| (request.keeps_refresh_tokens, request.authentication) = (true, None), Ok(()));
    check_registered(|request| request.application = Some("native".into()), Ok(()));
    check_registered(|request| request.application = Some("desktop".into()), Err("`web` or `native`"));
    for (seconds, expected) in [(0, Ok(())), (300, Ok(())), (301, Err("0 to 300")), (-1, Err("0 to 300"))] {
        check_registered(|request| request.refresh_window_seconds = Some(seconds), expected);
    }
    assert!(client(&[&api("orders")], |_| {}).redirect_uris.is_empty());
    assert!(Sender::default().network.is_none());
}
