//! Which rule decides over a key or a token, why it ends when it does, what took a scope away, and what a text is that proves nothing.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::standing::Standing as KeyStanding;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::event::CutOffSubject;
use jeton_core::explain::end::{self, Cause};
use jeton_core::explain::key::{self, KeyFacts};
use jeton_core::explain::rule::Rule;
use jeton_core::explain::scope::taken;
use jeton_core::explain::statement::{Concerned, Statement};
use jeton_core::explain::text::{self, Look};
use jeton_core::explain::token::{TokenFacts, rule};
use jeton_core::id::{Actor, CredentialId, KeyId};
use jeton_core::owner::Owner;
use jeton_core::policy::effective::Policies;
use jeton_core::policy::rule::{PolicyRule, Subject};
use jeton_core::policy::{CredentialKind, Level};
use jeton_core::record::Versioned;
use jeton_core::rights::OwnerStanding;
use jeton_core::token::AccessToken;
use jeton_core::token::negative::Says;
use jeton_core::token::standing::Standing;
use jeton_core::why::Why;
use jeton_jose::base64url;
use jeton_oauth::Issuer;
use jeton_oauth::scope::ScopeSet;
use jeton_token::{Environment, Kind, Label, Prefix, SecretBytes, TokenId};

use crate::api_key::{DAY, World, of_client, of_person};
use crate::known::{NOW, actor, api, client, root_keys, token};

fn said(sequence: u64, says: Says) -> Statement {
    Statement { sequence, at: NOW + 1, by: Actor::from("unix:7"), why: None, says }
}

fn limited(kind: CredentialKind, subject: Subject, max_seconds: i64) -> Policies {
    let rule = PolicyRule {
        kind,
        subject,
        default_seconds: None,
        max_seconds: Some(max_seconds),
        updated_at: NOW + 5,
        updated_by: Actor::from("unix:9"),
        idle: None,
        idle_since: None,
    };
    Policies::default().with(Versioned { version: 3, record: rule })
}

/// A token of an hour, and the API that it is for.
fn issued() -> (AccessToken, Api) {
    let orders = api("orders");
    (token(&client(&[&orders], |_| {}), &orders), orders)
}

#[track_caller]
fn check_token(standing: Standing, statements: &[Statement], shape: impl Fn(&mut TokenFacts<'_>), expected: &str) {
    let (token, orders) = issued();
    let policies = Policies::default();
    let (api, not_before, now_seconds) = (Some(&orders), token.issued_at, NOW + 60);
    let mut facts = TokenFacts { token: &token, standing, api, has_client: true, not_before, now_seconds, policies: &policies, statements };
    shape(&mut facts);
    let rule = rule(&facts);
    let by = match &rule {
        Rule::Revoked(Some(said)) | Rule::Suspended(Some(said)) | Rule::SigningKeyRevoked(_, Some(said)) => format!(" {}", said.by),
        Rule::SubjectSuspended(Some(suspension)) => format!(" {:?} {}", suspension.subject, suspension.said.by),
        Rule::CutOff(Some(cut_off)) => format!(" {:?} {}", cut_off.subject, cut_off.said.by),
        _ => String::new(),
    };
    assert_eq!(format!("{}{by}", rule.name()), expected, "{standing:?}");
}

#[test]
fn the_rule_that_decides_over_a_token() {
    let (token, orders) = issued();
    let (id, audience) = (token.id, orders.audience.clone());
    let revoked = said(9, Says::Revoked(id, audience.clone()));
    let suspended = said(5, Says::Suspended(id, audience.clone()));
    let resumed = said(6, Says::Resumed(id, audience.clone()));
    let key = said(7, Says::KeyRevoked(KeyId::from("k")));
    let cut_off = |subject, before| said(8, Says::CutOff(subject, Arc::from("n"), before));
    let (api_at, all_at) = (cut_off(CutOffSubject::Api, NOW + 1), cut_off(CutOffSubject::Everything, NOW + 2));
    let too_early = cut_off(CutOffSubject::Everything, NOW);
    let as_is = |_: &mut TokenFacts<'_>| {};
    check_token(Standing::Active, std::slice::from_ref(&resumed), as_is, "accepted");
    check_token(Standing::Expired, std::slice::from_ref(&revoked), as_is, "expired");
    check_token(Standing::Suspended, &[suspended.clone(), resumed.clone(), suspended.clone()], as_is, "suspended unix:7");
    check_token(Standing::Suspended, &[], |facts| facts.not_before = NOW + 600, "not_yet");
    check_token(Standing::Suspended, &[], as_is, "suspended");
    let of_client = |says: fn(CutOffSubject, Arc<str>) -> Says| said(4, says(CutOffSubject::Client, Arc::from("c")));
    let (paused, resumed_client) = (of_client(Says::SubjectSuspended), of_client(Says::SubjectResumed));
    check_token(Standing::Suspended, &[resumed_client.clone(), paused.clone()], as_is, "subject_suspended Client unix:7");
    check_token(Standing::Suspended, &[paused, resumed_client], as_is, "suspended");
    check_token(Standing::Revoked, &[suspended, key.clone(), all_at.clone(), revoked], as_is, "revoked unix:7");
    check_token(Standing::Revoked, &[api_at.clone(), key], as_is, "signing_key_revoked unix:7");
    check_token(Standing::Revoked, &[api_at.clone(), all_at, too_early.clone()], as_is, "cut_off Everything unix:7");
    check_token(Standing::Revoked, &[api_at, too_early.clone()], as_is, "cut_off Api unix:7");
    check_token(Standing::Revoked, std::slice::from_ref(&too_early), |facts| facts.has_client = false, "client_gone");
    check_token(Standing::Revoked, &[], |facts| facts.api = None, "api_gone");
    check_token(Standing::Revoked, &[], as_is, "revoked");
}

#[test]
fn why_a_token_ends_when_it_does() {
    let (token, orders) = issued();
    let check = |orders: &Api, policies: &Policies, statements: &[Statement], lives: i64, cause: &str, by: Option<&str>| {
        let end = end::of_token(&token, Some(orders), policies, statements);
        assert_eq!((end.at - token.issued_at, end.cause.name()), (lives, cause));
        let (Cause::Policy { said, .. } | Cause::ApiLifetime { said, .. }) = end.cause else {
            assert_eq!(by, None);
            return;
        };
        assert_eq!(said.as_ref().map(|said| &*said.by.0), by);
    };
    let none = Policies::default();
    check(&orders, &none, &[], 3_600, "as_issued", None);
    let lowered = |seconds, before| said(4, Says::Lifetime(orders.audience.clone(), seconds, before));
    let shorter = Api { access_token_lifetime_seconds: 900, ..orders.clone() };
    check(&shorter, &none, &[], 900, "api_lifetime", None);
    check(&shorter, &none, &[lowered(900, NOW + 1)], 900, "api_lifetime", Some("unix:7"));
    check(&orders, &none, &[lowered(60, NOW + 1)], 60, "api_lifetime", Some("unix:7"));
    check(&orders, &none, &[lowered(60, NOW)], 3_600, "as_issued", None);
    let of = |subject| limited(CredentialKind::AccessToken, subject, 600);
    check(&shorter, &of(Subject::Api(orders.id.clone())), &[], 600, "policy", Some("unix:9"));
    check(&orders, &of(Subject::Deployment), &[], 600, "policy", Some("unix:9"));
    check(&orders, &of(Subject::Client(token.client.clone())), &[], 600, "policy", Some("unix:9"));
    assert_eq!(end::of_token(&token, None, &none, &[]).cause, Cause::AsIssued);
}

#[test]
fn who_is_concerned() {
    let concerned = Concerned {
        token: Some(CredentialId([1; 16])),
        client: Some(Arc::from("c")),
        person: Some(Arc::from("p")),
        session: Some(Arc::from("s")),
        family: Some(Arc::from("f")),
        group: Some(Arc::from("g")),
        audience: Some(Arc::from("a")),
        signing_keys: vec![KeyId::from("k")],
    };
    let of_a_key = Concerned { token: None, signing_keys: vec![], ..concerned.clone() };
    let check = |says: Says, by_token: bool, by_key: bool| {
        assert_eq!((concerned.hears(&says), of_a_key.hears(&says)), (by_token, by_key), "{says:?}");
    };
    let audience = || Arc::from("a");
    check(Says::Revoked(CredentialId([1; 16]), audience()), true, false);
    check(Says::Suspended(CredentialId([2; 16]), audience()), false, false);
    check(Says::Resumed(CredentialId([1; 16]), Arc::from("other")), true, false);
    check(Says::Lifetime(audience(), 60, NOW), true, false);
    check(Says::Lifetime(Arc::from("b"), 60, NOW), false, false);
    check(Says::KeyRevoked(KeyId::from("k")), true, false);
    check(Says::KeyRevoked(KeyId::from("l")), false, false);
    for (subject, name, is_heard) in [
        (CutOffSubject::Everything, "", true),
        (CutOffSubject::Client, "c", true),
        (CutOffSubject::Client, "p", false),
        (CutOffSubject::User, "p", true),
        (CutOffSubject::Api, "a", true),
        (CutOffSubject::Api, "c", false),
        (CutOffSubject::Group, "g", true),
        (CutOffSubject::Session, "s", true),
        (CutOffSubject::Session, "c", false),
        (CutOffSubject::Family, "f", true),
        (CutOffSubject::Family, "s", false),
        (CutOffSubject::Key, "c", false),
    ] {
        check(Says::CutOff(subject, Arc::from(name), NOW), is_heard, is_heard);
        check(Says::SubjectSuspended(subject, Arc::from(name)), is_heard, is_heard);
    }
}

#[test]
fn the_rule_that_decides_over_a_key() {
    let (key, _) = World::of("read").key(|_| {});
    let policies = Policies::default();
    let cut_off = [said(3, Says::CutOff(CutOffSubject::User, Arc::from("p"), NOW + 1))];
    let check = |state: State, standing: KeyStanding, owner: OwnerStanding, expected: &str| {
        let key = ApiKey { state, ..key.record.clone() };
        let facts =
            KeyFacts { key: &key, secret: &key.current, standing, owner, policies: &policies, statements: &cut_off, client_ip: None };
        assert_eq!(key::rule(&facts).name(), expected);
        key::rule(&facts)
    };
    let ended = Ended { at: NOW, by: actor(), why: Why::Leaked.into() };
    let (stands, disabled, gone) = (OwnerStanding::Stands, OwnerStanding::Disabled, OwnerStanding::Gone);
    check(State::Active, KeyStanding::Live, stands, "accepted");
    check(State::Revoked(ended.clone()), KeyStanding::Revoked(Why::Leaked), gone, "revoked");
    check(State::Suspended(ended), KeyStanding::Suspended(Why::Leaked), disabled, "suspended");
    let noted = Ended { at: NOW + 9, by: actor(), why: Why::CutOff.into() };
    check(State::Revoked(noted), KeyStanding::Revoked(Why::CutOff), stands, "cut_off");
    check(State::Active, KeyStanding::Revoked(Why::OwnerGone), gone, "owner_gone");
    check(State::Active, KeyStanding::Revoked(Why::ApiGone), gone, "api_gone");
    check(State::Active, KeyStanding::Suspended(Why::OwnerLeft), disabled, "owner_disabled");
    check(State::Active, KeyStanding::Suspended(Why::NoAccess), OwnerStanding::NoAccess, "no_access");
    check(State::Active, KeyStanding::Suspended(Why::Unspecified), stands, "subject_suspended");
    check(State::Active, KeyStanding::Expired, stands, "expired");
    let Rule::CutOff(Some(cut_off)) = check(State::Active, KeyStanding::Revoked(Why::CutOff), stands, "cut_off") else {
        panic!("nothing of the cut-off")
    };
    assert_eq!((cut_off.before, &*cut_off.said.by.0), (NOW + 1, "unix:7"));
    for (standing, is_final) in [(KeyStanding::Revoked(Why::Idle), true), (KeyStanding::Suspended(Why::Idle), false)] {
        let Rule::Idle(unused) = check(State::Active, standing, stands, "idle") else { panic!("{standing:?}") };
        assert_eq!((unused.is_final, unused.seconds, unused.level), (is_final, 30 * DAY, None));
    }
}

#[test]
fn why_a_key_ends_when_it_does() {
    let world = World::of("read");
    let (key, _) = world.key(|_| {});
    let end = end::of_key(&key.record, &key.record.current, &Policies::default());
    assert_eq!((end.at, end.cause), (NOW + 90 * DAY, Cause::AsIssued));
    let policies = limited(CredentialKind::ApiKey, Subject::Api(world.api.id.clone()), DAY);
    let end = end::of_key(&key.record, &key.record.current, &policies);
    let Cause::Policy { level, seconds, said } = end.cause else { panic!("{:?}", end.cause) };
    assert_eq!((end.at, level, seconds, said.unwrap().at), (NOW + DAY, Some(Level::Api), DAY, NOW + 5));
}

#[test]
fn what_took_a_scope_away() {
    let check = |owner: Owner, has_api: bool, standing: OwnerStanding, may_have: &str, expected: &str| {
        let world = World::of("read write");
        let (key, _) = world.key(|request| (request.owner, request.scopes) = (owner, Some("read write".to_owned())));
        let lost = taken(&key.record, has_api.then_some(&world.api), standing, &ScopeSet::parse(may_have).unwrap());
        let lost: Vec<String> = lost.iter().map(|(scope, by)| format!("{scope} {}", by.name())).collect();
        assert_eq!(lost.join(", "), expected);
    };
    let stands = OwnerStanding::Stands;
    check(of_client(), true, stands, "read write", "");
    check(of_client(), true, stands, "read", "write client");
    check(of_client(), true, OwnerStanding::NoAccess, "", "read client, write client");
    check(of_person("p"), true, stands, "", "read roles, write roles");
    check(of_person("p"), true, OwnerStanding::Disabled, "", "read owner, write owner");
    check(of_person("p"), false, OwnerStanding::Gone, "", "read api, write api");
}

#[test]
fn what_a_text_is() {
    let issuer = Issuer::parse("https://tokens.example").unwrap();
    let standing = |key: &str| match key {
        "known" => text::KeyStanding::Trusted,
        "revoked" => text::KeyStanding::Revoked,
        _ => text::KeyStanding::Unknown,
    };
    let look = |text: &str| text::look(text, &Prefix::default(), &root_keys(), &issuer, standing);
    let label =
        Label { prefix: Prefix::default(), environment: Environment::Live, kind: Kind::ApiKey, epoch: 3, id: TokenId::from_bytes([1; 16]) };
    let keys = root_keys();
    let ours = label.mint(&SecretBytes::new([9; 20]), &keys.epoch(3).unwrap().check);
    let ours = ours.expose();
    assert_eq!(look(ours), Look::Left(Kind::ApiKey, CredentialId([1; 16])));
    assert_eq!(look(&ours[..ours.len() - 1]), Look::Damaged);
    let foreign = Label { epoch: 4, ..label }.mint(&SecretBytes::new([9; 20]), &keys.epoch(3).unwrap().check);
    assert_eq!(look(foreign.expose()), Look::NotMadeHere(Kind::ApiKey));
    for text in ["", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "a.b", &"x".repeat(1_000_000)] {
        assert_eq!(look(text), Look::Foreign);
    }
    let jwt = |key: &str, claims: &str| {
        let header = format!(r#"{{"alg":"ES256","kid":"{key}","typ":"at+jwt"}}"#);
        format!("{}.{}.c2ln", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()))
    };
    let of_us = r#"{"iss":"https://tokens.example","jti":"x"}"#;
    assert_eq!(look("a.b.c"), Look::NoJwt);
    assert_eq!(look(&jwt("known", "[]")), Look::NoJwt);
    assert_eq!(look(&jwt("known", of_us)), Look::NotSigned);
    assert_eq!(look(&jwt("revoked", of_us)), Look::RevokedKey("revoked".to_owned(), None));
    assert_eq!(look(&jwt("other", of_us)), Look::UnknownKey("other".to_owned()));
    assert_eq!(look(&jwt("known", "{}")), Look::OtherIssuer(String::new()));
    let hostile = format!(r#"{{"iss":"https://\u001b[31m\u202e{}"}}"#, "x".repeat(900));
    let Look::OtherIssuer(issuer) = look(&jwt("known", &hostile)) else { panic!("{hostile}") };
    assert!(issuer.starts_with("https://\u{fffd}[31m\u{fffd}x") && issuer.chars().count() == 200, "{issuer}");
}
