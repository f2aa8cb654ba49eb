//! What the cases know: an API, a client, a token, an instant, a root key.

use std::collections::BTreeMap;

use jeton_core::api::Api;
use jeton_core::api::create::{CreateApi, create as create_api};
use jeton_core::client::Client;
use jeton_core::client::create::{CreateClient, create as create_client};
use jeton_core::group::Group;
use jeton_core::group::create::{CreateGroup, create as create_group};
use jeton_core::id::Actor;
use jeton_core::moment::{Moment, Time};
use jeton_core::person::Person;
use jeton_core::person::create::{CreatePerson, create as create_person};
use jeton_core::policy::effective::Policies;
use jeton_core::role::Role;
use jeton_core::role::create::{CreateRole, create as create_role};
use jeton_core::root_key::RootKeys;
use jeton_core::token::AccessToken;
use jeton_core::token::issue::{Facts, issue};
use jeton_token::Prefix;
use zeroize::Zeroizing;

/// The second that everything happens in.
pub(crate) const NOW: i64 = 1_800_000_000;

/// The latest cut-off where there was none.
pub(crate) const NO_CUT_OFF: i64 = i64::MIN;

pub(crate) fn actor() -> Actor {
    Actor::from("unix:1000")
}

/// A quarter into that second, so that rounding shows.
pub(crate) fn moment() -> Moment {
    Moment::new(Time::from_micros(NOW * 1_000_000 + 250_000), [5; 32])
}

pub(crate) fn at(seconds: i64) -> Moment {
    Moment::new(Time::from_seconds(seconds), [6; 32])
}

pub(crate) fn root_keys() -> RootKeys {
    RootKeys::new([(3, Zeroizing::new([3; 32]))]).unwrap()
}

pub(crate) fn asked(name: &str) -> CreateApi {
    CreateApi {
        audience: format!("https://{name}.example"),
        scopes: BTreeMap::from([("read".to_owned(), "Read".to_owned()), ("write".to_owned(), String::new())]),
        default_scope: Some("read".to_owned()),
        ..CreateApi::default()
    }
}

pub(crate) fn api(name: &str) -> Api {
    let mut moment = Moment::new(Time::from_seconds(NOW), [u8::try_from(name.len()).unwrap(); 32]);
    create_api(&asked(name), &Policies::default(), &actor(), &mut moment).verdict.unwrap()
}

pub(crate) fn client(apis: &[&Api], shape: impl FnOnce(&mut CreateClient)) -> Client {
    let mut request = CreateClient { name: "worker".to_owned(), ..CreateClient::default() };
    shape(&mut request);
    create_client(&request, apis, &actor(), &mut moment()).verdict.unwrap()
}

pub(crate) fn person(username: &str) -> Person {
    let request = CreatePerson { username: username.to_owned(), ..CreatePerson::default() };
    let mut moment = Moment::new(Time::from_seconds(NOW), [u8::try_from(username.len()).unwrap(); 32]);
    create_person(&request, &actor(), &mut moment).verdict.unwrap()
}

pub(crate) fn group(name: &str) -> Group {
    create_group(&CreateGroup { name: name.to_owned(), ..CreateGroup::default() }, &actor(), &mut at(NOW)).verdict.unwrap()
}

pub(crate) fn role(api: &Api, name: &str, scopes: &str) -> Role {
    let request = CreateRole { name: name.to_owned(), scopes: scopes.to_owned(), ..CreateRole::default() };
    create_role(&request, api, &actor(), &mut at(NOW)).verdict.unwrap()
}

/// A token of an hour, issued now.
pub(crate) fn token(client: &Client, api: &Api) -> AccessToken {
    let (policies, prefix, root_keys) = (Policies::default(), Prefix::default(), root_keys());
    let facts = Facts { client, api, not_before_seconds: i64::MIN, policies: &policies, prefix: &prefix, root_keys: &root_keys, by: None };
    issue(&facts, None, &mut moment()).verdict.unwrap().token
}
