//! Codes: given, and exchanged once.

use jeton_core::api::Api;
use jeton_core::api_key::state::State;
use jeton_core::authorize::way::Way;
use jeton_core::grant::code::{AuthorizationCode, Sent};
use jeton_core::grant::exchange::{Exchange, Exchanged, Facts, LIVE_MAX, exchange, too_many};
use jeton_core::grant::of_person::GrantOfPerson;
use jeton_core::grant::scopes::{IdentityScopes, ScopesByApi};
use jeton_core::grant::{Grant, Origin};
use jeton_core::id::{ClientId, GrantId, PersonId, SessionId};
use jeton_core::outcome::Outcome;
use jeton_core::policy::effective::Policies;
use jeton_core::refusal::Reason;
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::proof::Authenticated;
use jeton_core::why::{Because, Why};
use jeton_oauth::RedirectUri;
use jeton_oauth::pkce::Verifier;
use jeton_token::Prefix;

use crate::grants::{Around, application, no_hash, owner, put};
use crate::known::{NO_CUT_OFF, NOW, api, at, root_keys};
use crate::wants::wants;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const GIVEN: &str = "+access_token +grant +grant_of_person grant.created";

/// A code and what is known of it.
struct Case {
    api: Api,
    asked_api: Option<Api>,
    client: jeton_core::client::Client,
    code: AuthorizationCode,
    earlier: Option<Grant>,
    session: Option<Session>,
    over_the_cap: Vec<Grant>,
    is_person_active: bool,
    rights: Rights,
    ended_before_seconds: i64,
    known_from_seconds: i64,
    redirect_uri: Option<&'static str>,
    verifier: Option<Verifier>,
    after: i64,
}

fn case() -> Case {
    let api = api("orders");
    let client = application(&api, "none");
    let session = Session {
        id: SessionId([6; 16]),
        person: PersonId::from("user_1"),
        proof: no_hash(),
        authenticated: Authenticated::by_password(NOW - 5),
        created_at: NOW - 5,
        renewed_at: NOW - 5,
        expires_at: NOW + 30 * 86_400,
        sender: Sender::default(),
    };
    let verifier = Verifier::parse(VERIFIER).unwrap();
    let code = AuthorizationCode {
        id: GrantId([7; 16]),
        proof: no_hash(),
        client: client.id.clone(),
        person: PersonId::from("user_1"),
        session: session.id,
        sent: Sent::By(Way::Address {
            redirect_uri: RedirectUri::parse("https://app.example/callback").unwrap(),
            challenge: Some(verifier.challenge()),
        }),
        scopes: ScopesByApi::parse(&format!(r#"{{"{}":"read write"}}"#, api.id)).unwrap(),
        identity: IdentityScopes::parse("openid offline_access").unwrap(),
        api: api.id.clone(),
        nonce: Some("n".into()),
        authenticated: session.authenticated,
        consent_ends_at: NOW + 366 * 86_400,
        issued_at: NOW,
        expires_at: NOW + 60,
    };
    Case {
        rights: Rights { scopes: api.scope_set(), standing: OwnerStanding::Stands },
        asked_api: Some(api.clone()),
        api,
        client,
        code,
        earlier: None,
        session: Some(session),
        over_the_cap: vec![],
        is_person_active: true,
        ended_before_seconds: NO_CUT_OFF,
        known_from_seconds: 0,
        redirect_uri: Some("https://app.example/callback"),
        verifier: Some(verifier),
        after: 1,
    }
}

impl Case {
    fn exchange(&self) -> Outcome<Exchanged> {
        let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
        let facts = Facts {
            code: &self.code,
            earlier: self.earlier.as_ref(),
            session: self.session.as_ref(),
            over_the_cap: &self.over_the_cap,
            client: &self.client,
            api: self.asked_api.as_ref(),
            is_person_active: self.is_person_active,
            rights: &self.rights,
            ended_before_seconds: self.ended_before_seconds,
            policies: &policies,
            not_before_seconds: self.ended_before_seconds,
            known_from_seconds: self.known_from_seconds,
            prefix: &prefix,
            root_keys: &root_keys,
        };
        let asked = Exchange { redirect_uri: self.redirect_uri, verifier: self.verifier.as_ref(), sender: &owner() };
        exchange(&facts, &asked, &mut at(NOW + self.after))
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Case), expected: Result<&str, Reason>) {
    let mut case = case();
    change(&mut case);
    let Outcome { verdict, commit } = case.exchange();
    match (verdict, expected) {
        (Ok(exchanged), Ok(scope)) => {
            assert_eq!((&*exchanged.issued.token.scope, wants(&commit).as_str()), (scope, GIVEN));
            assert_eq!(put(&commit), Some(exchanged.grant));
        }
        (Err(refusal), Err(reason)) => assert_eq!((refusal.reason, wants(&commit).as_str()), (reason, ""), "{refusal}"),
        (verdict, expected) => panic!("{verdict:?}, not {expected:?}"),
    }
}

#[test]
fn a_code_gives_what_was_allowed_and_is_allowed_still() {
    let given = case().exchange().verdict.unwrap();
    let (grant, token) = (&given.grant, &given.issued.token);
    assert_eq!(
        (grant.id, grant.origin, grant.created_at, grant.expires_at),
        (GrantId([7; 16]), Origin::Code, NOW + 1, NOW + 1 + 90 * 86_400)
    );
    assert_eq!(grant.redirect_host.as_deref(), Some("app.example"));
    let held = token.held.as_ref().unwrap();
    assert_eq!((held.grant, held.session), (grant.id, None), "what outlives the session is not of it");
    assert!(given.refresh.is_some() && grant.family.as_ref().unwrap().token == token.id);
    let all = Ok("offline_access openid read write");
    check(|_| {}, all);
    check(|case| case.after = 59, all);
    check(|case| case.redirect_uri = None, all);
    check(|case| case.rights.scopes = jeton_oauth::ScopeSet::parse("read").unwrap(), Ok("offline_access openid read"));
    check(|case| case.rights.scopes = jeton_oauth::ScopeSet::empty(), Err(Reason::InvalidScope));
    check(|case| case.ended_before_seconds = NOW - 5, all);
    let mut bound = case();
    bound.code.identity = IdentityScopes::parse("openid").unwrap();
    bound.session.as_mut().unwrap().expires_at = NOW + 1_000;
    let given = bound.exchange().verdict.unwrap();
    assert_eq!((given.grant.expires_at, given.issued.token.expires_at), (NOW + 1_000, NOW + 1_000), "it ends with the session");
    let mut plain = case();
    plain.client.grant_types.retain(|grant| *grant != jeton_core::client::GrantType::RefreshToken);
    let given = plain.exchange().verdict.unwrap();
    assert!(given.refresh.is_none() && given.grant.family.is_none());
}

#[test]
fn whoever_is_not_meant_gets_nothing_and_burns_nothing() {
    let invalid = Err(Reason::InvalidGrant);
    check(|case| case.code.client = ClientId::from("other"), invalid);
    check(|case| case.after = 60, invalid);
    check(|case| case.known_from_seconds = NOW + 1, invalid);
    check(|case| case.session = None, invalid);
    check(|case| case.session.as_mut().unwrap().person = PersonId::from("user_2"), invalid);
    check(|case| case.session.as_mut().unwrap().expires_at = NOW + 1, invalid);
    check(|case| case.ended_before_seconds = NOW - 4, invalid);
    check(|case| case.is_person_active = false, invalid);
    check(|case| case.redirect_uri = Some("https://app.example/callback/"), invalid);
    check(|case| case.redirect_uri = Some(""), invalid);
    check(|case| case.verifier = None, invalid);
    check(|case| case.verifier = Verifier::parse(&"a".repeat(43)).ok(), invalid);
    check(|case| case.asked_api = None, Err(Reason::InvalidTarget));
    check(|case| case.asked_api = Some(api("another")), Err(Reason::InvalidTarget));
    check(|case| case.client.apis.clear(), Err(Reason::InvalidTarget));
    check(|case| case.client.grant_types.clear(), Err(Reason::UnauthorizedClient));
}

#[test]
fn a_code_that_comes_again_ends_what_it_gave() {
    let mut case = case();
    case.earlier = Some(case.exchange().verdict.unwrap().grant);
    // Whatever else is wrong.
    case.verifier = None;
    let Outcome { verdict, commit } = case.exchange();
    assert_eq!(verdict.unwrap_err().reason, Reason::InvalidGrant);
    assert_eq!(wants(&commit), "+grant -grant_of_person +negative code.replayed tokens.cut_off");
    let ended = put(&commit).unwrap();
    assert!(matches!(&ended.state, State::Revoked(ended) if ended.why == Because::Reason(Why::Replayed)));
    case.earlier = Some(ended);
    assert_eq!(wants(&case.exchange().commit), "", "once");
    case.code.client = ClientId::from("other");
    assert_eq!(wants(&case.exchange().commit), "", "nobody ends another client's");
}

#[test]
fn the_oldest_of_too_many_end() {
    let line = |number: usize, expires_at| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let (person, client) = (PersonId::from("user_1"), ClientId::from("c"));
        GrantOfPerson { person, client, grant: GrantId(id), session: None, expires_at }
    };
    let lines = |count: usize| (0..count).rev().map(|number| line(number, NOW + 9)).collect::<Vec<_>>();
    let first = |count: usize| (0..count).map(|number| line(number, 0).grant).collect::<Vec<_>>();
    for (count, ended) in [(0, 0), (1, 0), (LIVE_MAX - 1, 0), (LIVE_MAX, 1), (LIVE_MAX + 2, 3), (LIVE_MAX + 50, 8)] {
        assert_eq!(too_many(&lines(count), NOW), first(ended), "{count}");
    }
    assert!(
        too_many(&(0..LIVE_MAX + 9).map(|number| line(number, NOW)).collect::<Vec<_>>(), NOW).is_empty(),
        "those that are over are none"
    );
    let mut case = case();
    case.over_the_cap = vec![Grant { id: GrantId([1; 16]), ..Around::new().grant }];
    let Outcome { verdict, commit } = case.exchange();
    assert!(verdict.is_ok());
    assert_eq!(
        wants(&commit),
        "+access_token +grant -grant_of_person +negative +grant +grant_of_person grant.ended tokens.cut_off grant.created"
    );
    assert!(case.api.id == case.code.api);
}
