//! Keys: how they are made, and what is kept of them. Also what the other cases about keys know.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::create::{CreateKey, CreatedKey, create};
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::{ApiKey, ApiKeyKind, Repeat, TABLE, word};
use jeton_core::client::Client;
use jeton_core::commit::{Commit, Write};
use jeton_core::id::{ApiKeyId, ClientId, GroupId, PersonId};
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_core::policy::effective::Policies;
use jeton_core::rate::RateLimit;
use jeton_core::record::Versioned;
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::root_key::RootKeys;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_core::why::{Because, Why};
use jeton_oauth::scope::ScopeSet;
use jeton_token::{Environment, Kind, Prefix, Token};

use crate::known::{NOW, actor, api, client, moment, root_keys};
use crate::wants::{granted, refused};

pub(crate) const DAY: i64 = 86_400;

/// Everything that keys are decided by.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) rights: Rights,
    pub(crate) policies: Policies,
    pub(crate) prefix: Prefix,
    pub(crate) root_keys: RootKeys,
}

impl World {
    /// An owner that may have these scopes of `read` and `write`.
    pub(crate) fn of(scopes: &str) -> World {
        World {
            api: api("orders"),
            rights: Rights { scopes: ScopeSet::parse(scopes).unwrap(), standing: OwnerStanding::Stands },
            policies: Policies::default(),
            prefix: Prefix::default(),
            root_keys: root_keys(),
        }
    }

    pub(crate) fn facts(&self) -> KeyFacts<'_> {
        KeyFacts {
            api: &self.api,
            rights: &self.rights,
            client: None,
            policies: &self.policies,
            prefix: &self.prefix,
            root_keys: &self.root_keys,
            not_before_seconds: i64::MIN,
        }
    }

    pub(crate) fn create(&self, shape: impl FnOnce(&mut CreateKey)) -> Outcome<CreatedKey> {
        create(&self.facts(), &asked(shape), &actor(), &mut moment())
    }

    /// A key that was made now, and its text.
    pub(crate) fn key(&self, shape: impl FnOnce(&mut CreateKey)) -> (Versioned<ApiKey>, String) {
        let CreatedKey { key, clear, .. } = self.create(shape).verdict.unwrap();
        (stored(key), clear.0.expose().to_owned())
    }
}

pub(crate) fn stored(key: ApiKey) -> Versioned<ApiKey> {
    Versioned { version: 7, record: key }
}

pub(crate) fn of_client() -> Owner {
    Owner::Client(ClientId::from("client_a"))
}

pub(crate) fn of_person(name: &str) -> Owner {
    Owner::Person(PersonId::from(name))
}

pub(crate) fn asked(shape: impl FnOnce(&mut CreateKey)) -> CreateKey {
    let mut request = CreateKey::new(of_client(), "");
    shape(&mut request);
    // No word to keep, unless a case is about words.
    if request.name.is_empty() {
        "-".clone_into(&mut request.name);
    }
    request
}

/// The key that a commit puts.
#[track_caller]
pub(crate) fn put(commit: &Commit) -> ApiKey {
    let row = commit.writes.iter().find_map(|write| match write {
        Write::Put { table, row } if **table == TABLE => Some(row),
        _ => None,
    });
    ApiKey::from_row(row.unwrap()).unwrap()
}

/// Checks that verifiers are told to ask again, from which `iat` on an answer holds, and for how long they are told.
#[track_caller]
pub(crate) fn outdates(commit: &Commit, before: i64) {
    let key = put(commit);
    let told = commit.writes.iter().find_map(|write| match write {
        Write::Put { table, row } if **table == negative::TABLE => Some(Negative::from_row(row).unwrap()),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!(told.says, Says::ApiKeyChanged(key.id, key.api.clone(), before));
    assert_eq!((told.until, key.answers_from), (before + 3_600, before));
}

#[test]
fn made_and_shown_once() {
    let world = World::of("read write");
    let created = granted(world.create(|_| {}), "+api_key +api_key_word api_key.created");
    let (key, text) = (&created.key, created.clear.0.expose());
    assert_eq!((key.kind, key.scopes.as_str(), &key.state), (ApiKeyKind::Key, "read", &State::Active));
    assert_eq!((key.current.created_at, key.current.expires_at, key.current.epoch), (NOW, NOW + 90 * DAY, 3));
    let token = Token::parse(text, &Prefix::default()).unwrap();
    assert_eq!((token.kind(), token.environment()), (Kind::ApiKey, Environment::Live));
    assert_eq!(ApiKeyId(token.id().to_bytes()), key.id);
    assert!(token.check(&world.root_keys.epoch(3).unwrap().check));
    assert!(!format!("{created:?}").contains(text));
    assert!(key.slot_of(text, &world.root_keys).is_some());
    for wrong in ["", &text[1..], &format!("{text} ")] {
        assert_eq!(key.slot_of(wrong, &world.root_keys), None, "{wrong}");
    }
}

#[test]
fn of_whom_and_where() {
    let check = |owner: Owner, environment: Environment, begins: &str| {
        let (_, text) = World::of("read").key(|request| (request.owner, request.environment) = (owner, environment));
        assert!(text.starts_with(begins), "{text} does not begin with {begins}");
    };
    check(of_client(), Environment::Live, "jtn_key_");
    check(of_client(), Environment::Test, "jtn_test_key_");
    check(Owner::Group(GroupId::from("group_a")), Environment::Live, "jtn_key_");
    check(Owner::External("x".into()), Environment::Live, "jtn_key_");
    check(of_person("user_a"), Environment::Live, "jtn_pat_");
    check(of_person("user_a"), Environment::Test, "jtn_test_pat_");
}

#[test]
fn what_it_allows() {
    let check = |rights: &str, asked: Option<&str>, expected: Result<&str, &str>| {
        let outcome = World::of(rights).create(|request| request.scopes = asked.map(str::to_owned));
        match expected {
            Ok(scopes) => assert_eq!(outcome.verdict.unwrap().key.scopes.as_str(), scopes),
            Err(words) => refused(outcome, words),
        }
    };
    check("read write", None, Ok("read"));
    check("read write", Some("write read"), Ok("read write"));
    check("read write", Some(""), Ok(""));
    check("write", None, Err("name a scope"));
    check("write", Some("write"), Ok("write"));
    check("write", Some("read write"), Err("`read`"));
    check("read admin", Some("admin"), Err("`admin`"));
    check("read", Some("a\"b"), Err("the scopes"));
}

#[test]
fn an_owner_must_stand() {
    let standings = [
        (OwnerStanding::Disabled, "disabled"),
        (OwnerStanding::NoAccess, "may not ask for that API"),
        (OwnerStanding::Gone, "does not exist"),
    ];
    for (standing, words) in standings {
        let mut world = World::of("read");
        world.rights.standing = standing;
        refused(world.create(|_| {}), words);
    }
}

#[test]
fn rights_of_clients_and_of_those_they_hand_keys_to() {
    let (orders, stock) = (api("orders"), api("stock"));
    let worker = client(&[&orders], |request| request.scopes = Some("read".to_owned()));
    let check = |rights: Rights, scopes: &str, standing: OwnerStanding| {
        assert_eq!(rights, Rights { scopes: ScopeSet::parse(scopes).unwrap(), standing });
    };
    check(Rights::of_client(Some(&worker), &orders), "read", OwnerStanding::Stands);
    check(Rights::of_client(Some(&worker), &stock), "", OwnerStanding::NoAccess);
    check(Rights::of_client(None, &orders), "", OwnerStanding::Gone);
    check(Rights::of_external(&orders, Some(&worker)), "read", OwnerStanding::Stands);
    check(Rights::of_external(&stock, Some(&worker)), "", OwnerStanding::NoAccess);
    check(Rights::of_external(&orders, None), "read write", OwnerStanding::Stands);

    let world = World::of("read write");
    let by_client = |owner: Owner, by: &Client| {
        let facts = KeyFacts { client: Some(by), ..world.facts() };
        create(&facts, &asked(|request| request.owner = owner), &actor(), &mut moment())
    };
    let key = by_client(Owner::External("-".into()), &worker).verdict.unwrap().key;
    assert_eq!((&key.client, key.holder()), (&Some(worker.id.clone()), Some(&worker.id)));
    refused(by_client(of_client(), &worker), "external owners alone");
    refused(by_client(Owner::External("-".into()), &client(&[&stock], |_| {})), "may not ask for that API");
}

#[test]
fn lifetimes_and_limits() {
    let world = World::of("read");
    for seconds in [1, 366 * DAY] {
        let (key, _) = world.key(|request| request.expires_in_seconds = Some(seconds));
        assert_eq!((key.record.current.expires_at, key.record.lifetime_seconds), (NOW + seconds, seconds));
    }
    for seconds in [0, -1, 366 * DAY + 1, i64::MAX, i64::MIN] {
        refused(world.create(|request| request.expires_in_seconds = Some(seconds)), "API keys live between 1 second and 366 days");
    }
    for uses in [0, -1] {
        refused(world.create(|request| request.max_uses = Some(uses)), "at least once");
    }
    refused(world.create(|request| request.networks = vec!["10.0.0.0/33".to_owned()]), "`10.0.0.0/33` is not a network");
    refused(world.create(|request| request.name = " a".to_owned()), "a key has a name");
    refused(world.create(|request| request.note = Some("\u{1b}".to_owned())), "a note");
    refused(world.create(|request| request.metadata = [(String::new(), String::new())].into()), "metadata");
}

#[test]
fn made_under_a_cut_off_it_lies_beyond_it() {
    let world = World::of("read");
    let facts = KeyFacts { not_before_seconds: NOW + 1, ..world.facts() };
    let key = create(&facts, &asked(|_| {}), &actor(), &mut moment()).verdict.unwrap().key;
    assert_eq!((key.current.created_at, key.current.expires_at), (NOW + 1, NOW + 1 + 90 * DAY));
}

#[test]
fn every_key_survives_its_row() {
    let world = World::of("read write");
    let (plain, _) = world.key(|_| {});
    let (full, _) = world.key(|request| {
        request.owner = Owner::External("a b".into());
        request.note = Some("kept".to_owned());
        request.metadata = [("team".to_owned(), "a".to_owned())].into();
        request.networks = vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()];
        request.rate = Some(RateLimit::new(100, 60).unwrap());
        request.max_uses = Some(5);
        request.environment = Environment::Test;
    });
    let ended = |why: Why| Ended { at: NOW, by: actor(), why: why.into() };
    let mut keys = vec![plain.record.clone(), full.record.clone()];
    let words = Because::said("found in a public repository").unwrap();
    keys.push(ApiKey { state: State::Revoked(Ended { at: NOW, by: actor(), why: words }), ..full.record.clone() });
    keys.extend(Why::ALL.map(|why| ApiKey { state: State::Suspended(ended(why)), ..full.record.clone() }));
    keys.push(ApiKey {
        state: State::Revoked(ended(Why::Leaked)),
        client: Some(ClientId::from("client_b")),
        previous: Some(full.record.current.clone()),
        repeat: Some(Repeat { salt: [9; 32], until: NOW, told_again_at: Some(NOW - 1) }),
        generation: 1,
        is_imported: true,
        ..full.record
    });
    for key in keys {
        assert_eq!(key.row().len(), TABLE.columns.len());
        assert_eq!(ApiKey::from_row(&key.row()), Ok(key));
    }
    for (place, column) in TABLE.columns.iter().enumerate() {
        let mut row = plain.record.row();
        row[place] = jeton_core::record::Value::bytes(b"no");
        assert_eq!(ApiKey::from_row(&row).unwrap_err().table, "api_key", "{}", column.name);
    }
}

#[test]
fn the_words_it_is_found_by() {
    let world = World::of("read");
    let check = |name: &str, owner: &str, note: Option<&str>, expected: &str| {
        let (key, _) = world.key(|request| {
            (request.name, request.owner, request.note) = (name.to_owned(), Owner::parse(owner).unwrap(), note.map(str::to_owned));
        });
        let words: Vec<Arc<str>> = word::words(&key.record).into_iter().collect();
        assert_eq!(words.join(" "), expected);
    };
    check("-", "client:client_a", None, "a");
    check("Nightly Export-2", "client:client_Z9", None, "2 export nightly z9");
    check("Export", "external:Example Ltd", Some("for the ÄRA export"), "example export for ltd the ära");
    check("Export", "user:user_example", None, "example export");
    check(&"x".repeat(40), "client:a", None, &format!("a {}", "x".repeat(32)));
    let note = (10..60).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    check("a", "client:a", Some(&note), "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 a");
    let created = world.create(|request| request.name = "Nightly Export".to_owned());
    granted(created, "+api_key +api_key_word +api_key_word +api_key_word api_key.created");
    let (key, _) = world.key(|request| drop(request.metadata.insert("Region".to_owned(), "eu-north".to_owned())));
    let words = word::words(&key.record);
    assert!(["region", "eu", "north"].iter().all(|word| words.contains(*word)), "{words:?}");
}
