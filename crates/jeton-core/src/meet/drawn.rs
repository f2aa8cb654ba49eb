//! Rows by chance: what is put allows nothing that they did not both allow.

use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::RedirectUri;
use serde_json::{Value, json};

use super::{Met, put};
use crate::api::parse_scope_list;
use crate::claim_rules::{ClaimRules, Place};
use crate::client::{self, Application, AuthenticationMethod, Client, GrantType};
use crate::id::{Actor, ApiId, ClientId, ExceptionId, KeyId, PersonId, RoleId};
use crate::key::{self, Purpose, SigningKeyRecord, State};
use crate::moment::{Moment, Time};
use crate::owner::Owner;
use crate::person::{self, Person};
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::exception::{self, PolicyException};
use crate::policy::idle::IdleRule;
use crate::policy::rule::{self, PolicyRule, Subject};
use crate::record::{Row, Table, Versioned};
use crate::role::{self, Role};

/// How many pairs of each table are drawn.
const DRAWN: usize = 5_000;

/// Chance that is the same each time.
struct Dice(Moment);

impl Dice {
    fn new(seed: u8) -> Dice {
        Dice(Moment::new(Time::EPOCH, [seed; 32]))
    }

    fn below(&mut self, sides: u8) -> u8 {
        let [drawn] = self.0.draw();
        drawn % sides
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::from(self.below(u8::try_from(all.len()).unwrap()))].clone()
    }

    fn some<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().filter(|_| self.is()).cloned().collect()
    }

    fn maybe(&mut self, sides: u8) -> Option<i64> {
        self.is().then(|| i64::from(1 + self.below(sides)))
    }

    fn at(&mut self) -> i64 {
        i64::from(self.below(9))
    }
}

/// The row of both; once more it is the same.
#[track_caller]
fn met(table: &'static Table, then: &Row, later: &Row, policies: &Policies) -> (Row, bool) {
    let both = |then: &Row| put(table, Some(then), later, |kind, subject| policies.clone().without(kind, subject).effective(kind, subject));
    let found = both(then).unwrap().unwrap_or_else(|| Met::of(then.clone()));
    let again = both(&found.row).unwrap().unwrap_or_else(|| Met::of(found.row.clone()));
    assert_eq!((&again.row, again.is_stopped), (&found.row, found.is_stopped), "once more changes nothing");
    (found.row, found.is_stopped)
}

fn client(dice: &mut Dice) -> Client {
    use AuthenticationMethod::{PrivateKeyJwt, SecretBasic, SecretPost};
    let authentication = dice.one(&[PrivateKeyJwt, PrivateKeyJwt, SecretBasic, SecretPost]);
    let keys = dice.some(&["own", "next", "thief"]).into_iter().map(|kid| json!({ "kid": kid })).collect::<Vec<_>>();
    let by_key = authentication == PrivateKeyJwt && !keys.is_empty();
    Client {
        id: ClientId::from("c"),
        name: dice.one(&["worker", "shop"]).into(),
        grant_types: dice.some(&[GrantType::ClientCredentials]),
        authentication,
        jwks: by_key.then(|| json!({ "keys": keys }).to_string().into()),
        apis: dice.some(&["a", "b", "c"]).into_iter().map(ApiId::from).collect(),
        scopes: parse_scope_list(&dice.some(&["r", "w", "x"]).join(" ")).unwrap(),
        may_introspect: dice.is(),
        created_at: 1,
        updated_at: dice.at(),
        contact: None,
        redirect_uris: addresses(dice, &["https://a.example/cb", "https://b.example/cb"]),
        application: dice.one(&[Application::Web, Application::Native]),
        rotates: dice.is(),
        refresh_window_seconds: dice.one(&[None, Some(0), Some(300)]),
        post_logout_redirect_uris: addresses(dice, &["https://a.example/out", "https://b.example/out"]),
        backchannel_logout_uri: None,
        needs_pkce: dice.is(),
        asks_consent: dice.is(),
        id_token_algorithm: None,
        needs_pushed_requests: dice.is(),
        claims: ClaimRules::parse(
            &dice.some(&["a", "b"]).into_iter().map(|name| (name.to_owned(), "groups".to_owned())).collect(),
            Place::Identity,
        )
        .unwrap(),
        owner: dice.one(&[None, Some(Owner::Person(PersonId::from("p"))), Some(Owner::Person(PersonId::from("thief")))]),
    }
}

fn addresses(dice: &mut Dice, all: &[&str]) -> Vec<RedirectUri> {
    dice.some(all).into_iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect()
}

/// With which keys somebody is taken for a client.
fn keys(client: &Client) -> Vec<Value> {
    let parsed = client.jwks.as_deref().map(|jwks| serde_json::from_str::<Value>(jwks).unwrap());
    parsed.map_or_else(Vec::new, |jwks| jwks["keys"].as_array().unwrap().clone())
}

#[test]
fn a_client_proves_itself_by_what_it_had_both_then_and_later() {
    let (mut dice, mut stopped) = (Dice::new(1), 0);
    let by_key = |client: &Client| client.authentication == AuthenticationMethod::PrivateKeyJwt;
    for _ in 0..DRAWN {
        let (then, later) = (client(&mut dice), client(&mut dice));
        let (row, is_stopped) = met(&client::TABLE, &then.row(), &later.row(), &Policies::default());
        let met = Client::from_row(&row).unwrap();
        for other in [&then, &later] {
            assert!(met.scopes.is_subset(&other.scopes) && met.apis.iter().all(|api| other.apis.contains(api)), "{met:?} {other:?}");
            assert!(met.grant_types.iter().all(|grant| other.grant_types.contains(grant)));
            assert!(other.may_introspect || !met.may_introspect);
            assert!(met.redirect_uris.iter().all(|uri| other.redirect_uris.contains(uri)));
            assert!(met.rotates || !other.rotates);
            assert!(met.post_logout_redirect_uris.iter().all(|uri| other.post_logout_redirect_uris.contains(uri)));
            assert!((met.needs_pkce || !other.needs_pkce) && (met.asks_consent || !other.asks_consent));
            assert!(met.needs_pushed_requests || !other.needs_pushed_requests);
            assert!(met.claims.iter().all(|rule| other.claims.iter().any(|known| known == rule)));
            assert!(met.owner.is_none() || met.owner == other.owner);
            assert!(met.refresh_window() <= other.refresh_window());
            assert!(met.application == Application::Web || other.application == Application::Native);
            // By a secret only where it was by a secret both times; by keys that were there both times.
            assert!(by_key(&met) || !by_key(other), "{met:?} {other:?}");
            assert!(keys(&met).iter().all(|key| keys(other).contains(key)), "{met:?} {other:?}");
        }
        assert_eq!((&met.name, is_stopped), (&then.name, by_key(&met) && keys(&met).is_empty()));
        stopped += usize::from(is_stopped);
    }
    assert!((DRAWN / 4..DRAWN).contains(&stopped), "{stopped}");
}

#[test]
fn a_person_is_active_who_was_so_both_then_and_later() {
    let mut dice = Dice::new(2);
    let person = |dice: &mut Dice| Person {
        id: PersonId::from("p"),
        username: dice.one(&["ada", "thief"]).into(),
        name: dice.is().then(|| "Ada".into()),
        email: dice.is().then(|| dice.one(&["ada@example.org", "thief@example.org"]).into()),
        state: if dice.is() { person::State::Active } else { person::State::Disabled { at: dice.at(), by: Actor::from("unix:0") } },
        created_at: 1,
        updated_at: dice.at(),
        email_verified_at: dice.maybe(9),
        locale: None,
        attributes: dice.some(&["room", "floor"]).into_iter().map(|name| (name.to_owned(), dice.one(&["1", "2"]).to_owned())).collect(),
    };
    for _ in 0..DRAWN {
        let (then, later) = (person(&mut dice), person(&mut dice));
        let (row, is_stopped) = met(&person::TABLE, &then.row(), &later.row(), &Policies::default());
        let met = Person::from_row(&row).unwrap();
        assert_eq!((met.is_active(), is_stopped), (then.is_active() && later.is_active(), false));
        let both = then.attributes.iter().filter(|(name, text)| later.attributes.get(*name) == Some(text));
        assert!(met.attributes.iter().eq(both), "{met:?}");
        assert_eq!((&met.username, &met.name, &met.email), (&then.username, &then.name, &then.email), "whoever it was called by later");
    }
}

#[test]
fn a_role_gives_what_it_gave_both_then_and_later() {
    let mut dice = Dice::new(3);
    let role = |dice: &mut Dice| Role {
        id: RoleId::from("r"),
        api: ApiId::from("a"),
        name: dice.one(&["reader", "writer"]).into(),
        description: None,
        scopes: parse_scope_list(&dice.some(&["r", "w", "x"]).join(" ")).unwrap(),
        created_at: 1,
        updated_at: dice.at(),
    };
    for _ in 0..DRAWN {
        let (then, later) = (role(&mut dice), role(&mut dice));
        let met = Role::from_row(&met(&role::TABLE, &then.row(), &later.row(), &Policies::default()).0).unwrap();
        assert_eq!((met.scopes, met.name), (then.scopes.intersection(&later.scopes), then.name));
    }
}

#[test]
fn a_signing_key_is_trusted_and_signs_where_it_did_both_then_and_later() {
    let mut dice = Dice::new(4);
    let key = |dice: &mut Dice| SigningKeyRecord {
        id: KeyId::from("k"),
        purpose: Purpose::Token,
        algorithm: Algorithm::Es256,
        state: dice.one(&[State::Next, State::Current, State::Retired, State::Revoked]),
        public: "{}".into(),
        sealed: dice.is().then(|| Arc::from([dice.below(9)])),
        epoch: u16::from(1 + dice.below(3)),
        created_at: 1,
        activated_at: dice.maybe(9),
        remove_at: dice.maybe(9),
    };
    for _ in 0..DRAWN {
        let (then, later) = (key(&mut dice), key(&mut dice));
        let met = SigningKeyRecord::from_row(&met(&key::TABLE, &then.row(), &later.row(), &Policies::default()).0).unwrap();
        for other in [&then, &later] {
            assert!(met.state >= other.state, "{met:?} {other:?}");
            assert!(met.sealed.is_none() || other.sealed.is_some(), "{met:?} {other:?}");
            assert!(other.remove_at.is_none_or(|at| met.remove_at.unwrap() <= at), "{met:?} {other:?}");
        }
        assert_eq!((&met.public, met.epoch), (&then.public, later.epoch));
    }
}

#[test]
fn an_exception_ends_where_it_did_first() {
    let mut dice = Dice::new(5);
    let exception = |dice: &mut Dice| PolicyException {
        id: ExceptionId::from("e"),
        kind: CredentialKind::ApiKey,
        credential: "k".into(),
        owner: "Ada".into(),
        reason: "replaced in May".into(),
        ends_at: dice.at(),
        created_at: 1,
        created_by: Actor::from("unix:0"),
    };
    for _ in 0..DRAWN {
        let (then, later) = (exception(&mut dice), exception(&mut dice));
        let met = PolicyException::from_row(&met(&exception::TABLE, &then.row(), &later.row(), &Policies::default()).0).unwrap();
        assert_eq!(met.ends_at, then.ends_at.min(later.ends_at));
    }
}

fn rule(dice: &mut Dice, subject: &Subject) -> PolicyRule {
    let idle = dice.maybe(40).map(|days| if days == 40 { IdleRule::Never } else { IdleRule::After(days * 86_400) });
    PolicyRule {
        kind: CredentialKind::ApiKey,
        subject: subject.clone(),
        default_seconds: dice.maybe(120).map(|days| days * 86_400),
        max_seconds: dice.maybe(120).map(|days| days * 86_400),
        updated_at: dice.at(),
        updated_by: Actor::from("unix:0"),
        idle,
        idle_since: idle.map(|_| dice.at()),
    }
}

#[test]
fn a_policy_says_the_stricter_of_what_held_then_and_later() {
    let mut dice = Dice::new(6);
    for _ in 0..DRAWN {
        let subject = dice.one(&[Subject::Deployment, Subject::Api(ApiId::from("a")), Subject::Client(ClientId::from("c"))]);
        let mut around = Policies::default();
        if subject != Subject::Deployment && dice.is() {
            around = around.with(Versioned { version: 1, record: rule(&mut dice, &Subject::Deployment) });
        }
        let with = |rule: &PolicyRule| around.clone().with(Versioned { version: 1, record: rule.clone() }).effective(rule.kind, &subject);
        let (then, later) = (dice.is().then(|| rule(&mut dice, &subject)), rule(&mut dice, &subject));
        let policies = then.iter().fold(around.clone(), |policies, then| policies.with(Versioned { version: 1, record: then.clone() }));
        let wider = |kind, of: &Subject| policies.clone().without(kind, of).effective(kind, of);
        let found = put(&rule::TABLE, then.as_ref().map(PolicyRule::row).as_ref(), &later.row(), wider).unwrap();
        let held = policies.effective(later.kind, &subject);
        let holds = found.map_or(held, |met| with(&PolicyRule::from_row(&met.row).unwrap()));
        for other in [held, with(&later)] {
            assert!(holds.max_seconds <= other.max_seconds, "{then:?} {later:?} {holds:?}");
            assert!(holds.default_seconds <= other.default_seconds, "{then:?} {later:?} {holds:?}");
            let idle = |seconds: Option<i64>| seconds.unwrap_or(i64::MAX);
            assert!(idle(holds.idle_seconds) <= idle(other.idle_seconds), "{then:?} {later:?} {holds:?}");
        }
    }
}
