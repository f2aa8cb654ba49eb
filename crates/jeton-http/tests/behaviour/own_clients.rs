//! What a client may be registered with beside what is usual: without a question, without a challenge, with another signature, with an owner; and
//! consents that are taken back by whoever administers.

use http::Method;
use jeton_core::client::create::CreateClient;
use jeton_core::id::{Actor, PersonId};
use jeton_core::owner::Owner;
use jeton_core::refusal::Reason;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jws;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::browser::Arrived;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, VERIFIER, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const SCOPE: &str = "openid offline_access orders:read";

/// A world with an API, somebody who may read there, and an application that is changed so.
async fn world(change: Value) -> (World, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    if !change.is_null() {
        world.done(Method::PATCH, "/clients/shop", Some(change)).await;
    }
    (world, shop)
}

/// Where somebody comes to who has just signed in for a request.
async fn arrives(world: &World, address: &str) -> Arrived {
    let mut browser = world.browser();
    let page = browser.open(address).await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await
}

fn told(world: &World, kind: &str) -> Vec<Value> {
    let entries = world.service().store().tail(0, 10_000).unwrap().into_iter().filter(|entry| entry.kind == kind);
    entries.map(|entry| serde_json::from_slice(&entry.content.unwrap().payload).unwrap()).collect()
}

async fn refused(world: &World, method: Method, path: &str, body: Value, words: &str) {
    let answer = world.administer(method, path, Some(body.clone())).await;
    assert_eq!(answer.status, 400, "{body}: {}", answer.shown());
    assert!(answer.text().contains(words), "{body}: {}", answer.text());
}

#[tokio::test]
async fn of_a_client_of_one_s_own_nobody_is_asked() {
    let (world, shop) = world(json!({"consent": "waived"})).await;
    assert_eq!(world.done(Method::GET, "/clients/shop", None).await["consent"], "waived");
    let address = asking(&shop, "shop", &[("scope", SCOPE)]);
    let code = arrives(&world, &address).await.parameter("code");
    let answer = world.exchange(&shop, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    assert!(told(&world, "consent.given").is_empty(), "nobody said anything");
    assert_eq!(world.done(Method::GET, "/users/ada/consents", None).await["items"], json!([]));
    // It lives on as any other, and what wants a question gets one.
    let refresh = answer.member("refresh_token").as_str().unwrap().to_owned();
    world.advance(86_400);
    assert_eq!(world.refresh(&shop, &refresh).await.status, 200);
    let page = arrives(&world, &format!("{address}&prompt=consent")).await.page();
    assert!(page.heading().starts_with("Allow"), "{}", page.heading());
    let widened = told(&world, "client.widened");
    assert!(widened.iter().any(|told| told["changed"] == "consent"), "{widened:?}");
    world.done(Method::PATCH, "/clients/shop", Some(json!({"consent": "required"}))).await;
    assert!(arrives(&world, &address).await.page().heading().starts_with("Allow"), "from then on they are asked");
}

/// Any program on the machine can open a browser for a native client and take what comes back (RFC 8252 section 8.6).
#[tokio::test]
async fn for_a_native_client_that_proves_nothing_people_are_asked() {
    let (world, _) = world(Value::Null).await;
    let mut body = json!({
        "name": "tool", "application_type": "native", "token_endpoint_auth_method": "none", "consent": "waived",
        "grant_types": ["authorization_code"], "redirect_uris": ["http://127.0.0.1/callback"]
    });
    refused(&world, Method::POST, "/clients", body.clone(), "people are asked").await;
    body["consent"] = "required".into();
    world.done(Method::POST, "/clients", Some(body.clone())).await;
    refused(&world, Method::PATCH, "/clients/tool", json!({"consent": "waived"}), "people are asked").await;
    // Whatever it calls itself: these addresses are of a machine, too.
    for address in ["http://127.0.0.1:3000/callback", "com.example.tool:/callback"] {
        body["consent"] = "waived".into();
        body["name"] = "page".into();
        body["application_type"] = "web".into();
        body["redirect_uris"] = json!(["https://page.example/callback", address]);
        refused(&world, Method::POST, "/clients", body.clone(), "people are asked").await;
    }
}

#[tokio::test]
async fn a_client_that_needs_no_challenge_is_told_of_each_time() {
    let (world, shop) = world(json!({"pkce": "optional"})).await;
    let without = asking(&shop, "shop", &[("scope", SCOPE), ("code_challenge", ""), ("code_challenge_method", "")]);
    // The first time she is asked.
    let mut browser = world.browser();
    let page = browser.open(&without).await.page();
    let consent = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    let first = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    let exchange = async |code: &str, more: &[(&str, &str)]| -> Answer {
        let parameters: Vec<_> = [("grant_type", "authorization_code"), ("code", code)].into_iter().chain(more.iter().copied()).collect();
        world.post_as(&shop, "/oauth/token", &parameters).await
    };
    let there = ("redirect_uri", "https://shop.example/callback");
    // A verifier where there was no challenge is of a request that somebody changed; and the address must be said.
    for more in [&[there, ("code_verifier", VERIFIER)][..], &[], &[("redirect_uri", "https://shop.example/other")]] {
        check_error(&exchange(&first, more).await, 400, "invalid_grant");
    }
    assert_eq!(exchange(&first, &[there]).await.status, 200);
    let second = arrives(&world, &without).await.parameter("code");
    assert_eq!(exchange(&second, &[there]).await.status, 200);
    let unchallenged = told(&world, "code.unchallenged");
    assert_eq!(unchallenged.len(), 2, "{unchallenged:?}");
    assert_eq!(unchallenged[0]["client"], shop.id);
    // With one it is held to it, as ever.
    let code = arrives(&world, &asking(&shop, "shop", &[("scope", SCOPE)])).await.parameter("code");
    check_error(&exchange(&code, &[there]).await, 400, "invalid_grant");
    assert_eq!(world.exchange(&shop, &code).await.status, 200);
    assert_eq!(told(&world, "code.unchallenged").len(), 2);
}

#[tokio::test]
async fn without_the_exception_a_challenge_is_needed_and_who_cannot_prove_itself_has_none() {
    let (world, shop) = world(Value::Null).await;
    let without = asking(&shop, "shop", &[("scope", SCOPE), ("code_challenge", ""), ("code_challenge_method", "")]);
    assert_eq!(world.browser().open(&without).await.parameter("error"), "invalid_request");
    let public = json!({"token_endpoint_auth_method": "none", "pkce": "optional"});
    refused(&world, Method::PATCH, "/clients/shop", public, "`pkce` is `required`").await;
    for (body, words) in [
        (json!({"pkce": "never"}), "`pkce` is `required` or `optional`"),
        (json!({"consent": "optional"}), "`consent` is `required` or `waived`"),
        (json!({"id_token_signed_response_alg": "none"}), "`RS256`, `ES256` or `EdDSA`"),
        (json!({"id_token_signed_response_alg": "HS256"}), "`RS256`, `ES256` or `EdDSA`"),
        (json!({"owner": "external:acme"}), "a person or a group answers"),
    ] {
        refused(&world, Method::PATCH, "/clients/shop", body, words).await;
    }
    let answer = world.administer(Method::PATCH, "/clients/shop", Some(json!({"owner": "user:nobody"}))).await;
    assert_eq!(answer.status, 404, "{}", answer.shown());
}

#[tokio::test]
async fn id_tokens_are_signed_as_the_client_is_registered() {
    for (algorithm, hash_bytes) in [("RS256", 16), ("ES256", 16), ("EdDSA", 32)] {
        let (world, shop) = world(json!({"id_token_signed_response_alg": algorithm})).await;
        let shown = world.done(Method::GET, "/clients/shop", None).await;
        assert_eq!(shown["id_token_signed_response_alg"], algorithm);
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", SCOPE)])).await;
        let id_token = world.exchange(&shop, &code).await.member("id_token").as_str().unwrap().to_owned();
        let unverified = jws::Unverified::parse(&id_token, jws::MAX_TOKEN_BYTES).unwrap();
        assert_eq!(unverified.header().algorithm.name(), algorithm);
        let set = JwkSet::parse(&world.get("/.well-known/jwks.json").await.body).unwrap();
        let (keys, _) = VerifyingKeys::from_jwk_set(&set, None).unwrap();
        assert!(jws::verify(&id_token, &keys, jws::MAX_TOKEN_BYTES).is_ok(), "{algorithm}: its key is published");
        let hash = claims_of(&id_token)["at_hash"].as_str().unwrap().len();
        assert_eq!(hash, (hash_bytes * 4_usize).div_ceil(3), "{algorithm}");
        let document = world.get("/.well-known/openid-configuration").await.json();
        assert!(document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!(algorithm)));
    }
}

#[tokio::test]
async fn somebody_answers_for_a_client_and_it_goes_with_them() {
    let (world, shop) = world(json!({"owner": "user:ada"})).await;
    let owner = async || world.done(Method::GET, "/clients/shop", None).await["owner"].clone();
    let ada = world.service().find_user("ada").unwrap().record.id.to_string();
    assert_eq!(owner().await, format!("user:{ada}"));
    let kept = world.administer(Method::DELETE, "/users/ada", Some(json!({}))).await;
    assert_eq!(kept.status, 409, "she alone answers for it: {}", kept.shown());
    let group = world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await["id"].as_str().unwrap().to_owned();
    world.done(Method::PATCH, "/clients/shop", Some(json!({"owner": "group:billing"}))).await;
    assert_eq!(owner().await, format!("group:{group}"));
    world.done(Method::PATCH, "/clients/shop", Some(json!({"name": "store"}))).await;
    assert_eq!(world.done(Method::GET, "/clients/store", None).await["owner"], format!("group:{group}"), "what is not said stays");
    world.done(Method::PATCH, "/clients/store", Some(json!({"owner": ""}))).await;
    assert!(world.done(Method::GET, "/clients/store", None).await.get("owner").is_none());
    let made = world.done(Method::POST, "/clients", Some(json!({"name": "till", "owner": "user:ada"}))).await;
    assert_eq!(made["owner"], format!("user:{ada}"));
    let gone = world.done(Method::DELETE, "/users/ada", Some(json!({"revoke_owned": true}))).await;
    assert_eq!((&gone["clients"], &gone["dependents"]), (&json!(1), &json!("revoked")));
    assert_eq!(world.administer(Method::GET, "/clients/till", None).await.status, 404);
    assert_eq!(world.administer(Method::GET, &format!("/clients/{}", shop.id), None).await.status, 200);
}

#[tokio::test]
async fn whoever_administers_takes_a_consent_back() {
    let (world, shop) = world(Value::Null).await;
    let address = asking(&shop, "shop", &[("scope", SCOPE)]);
    let code = world.code_for("ada", &address).await;
    let refresh = world.exchange(&shop, &code).await.member("refresh_token").as_str().unwrap().to_owned();
    let listed = world.done(Method::GET, "/users/ada/consents", None).await["items"].as_array().unwrap().clone();
    let said: Vec<(&Value, &Value)> = listed.iter().map(|consent| (&consent["audience"], &consent["scope"])).collect();
    assert_eq!(said, [(&Value::Null, &json!("offline_access openid")), (&json!("https://orders.example"), &json!("orders:read"))]);
    assert!(listed.iter().all(|consent| consent["client_name"] == "shop"), "{listed:?}");
    let taken = world.done(Method::DELETE, "/users/ada/consents/shop", Some(json!({"why": "case 4711"}))).await;
    assert_eq!(taken, json!({"consents": 2, "grants": 1}));
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
    assert_eq!(world.done(Method::GET, "/users/ada/consents", None).await["items"], json!([]));
    assert!(arrives(&world, &address).await.page().heading().starts_with("Allow"), "she is asked again");
    let withdrawn = told(&world, "consent.withdrawn");
    assert_eq!((withdrawn.len(), &withdrawn[0]["actor"], &withdrawn[0]["why"]), (1, &json!("unix:1000"), &json!("case 4711")));
    assert_eq!(
        world.done(Method::DELETE, "/users/ada/consents/shop", None).await,
        json!({"consents": 0, "grants": 0}),
        "nothing is left of it"
    );
    assert_eq!(told(&world, "consent.withdrawn").len(), 1, "and nothing is told of it");
    for path in ["/users/nobody/consents/shop", "/users/ada/consents/nothing"] {
        assert_eq!(world.administer(Method::DELETE, path, None).await.status, 404, "{path}");
    }
}

/// Whether it was taken back in what is missing, nobody knows.
#[tokio::test]
async fn what_was_said_before_a_gap_is_asked_anew() {
    let (world, shop) = world(Value::Null).await;
    let address = asking(&shop, "shop", &[("scope", SCOPE)]);
    world.code_for("ada", &address).await;
    world.advance(5);
    assert_ne!(arrives(&world, &address).await.parameter("code"), "", "nobody is asked twice");
    world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
    world.advance(10);
    assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    let page = arrives(&world, &address).await.page();
    assert!(page.heading().starts_with("Allow") && page.answer.text().contains("know who you are here"), "{}", page.answer.text());
    world.code_for("ada", &address).await;
    assert_ne!(arrives(&world, &address).await.parameter("code"), "", "what is said since counts");
}

#[tokio::test]
async fn an_address_is_told_as_verified_where_that_is_known() {
    let (world, shop) = world(Value::Null).await;
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", "openid email offline_access")])).await;
    let access = world.exchange(&shop, &code).await.member("access_token").as_str().unwrap().to_owned();
    let told = async || world.userinfo(&access).await.member("email_verified");
    assert_eq!(told().await, false);
    let changed = world.done(Method::PATCH, "/users/ada", Some(json!({"email_verified": true}))).await;
    assert_eq!((&changed["email_verified"], told().await), (&json!(true), json!(true)));
    world.done(Method::PATCH, "/users/ada", Some(json!({"email": "ada@elsewhere.example"}))).await;
    assert_eq!(told().await, false, "it was known of the address before");
    let both = json!({"email": "ada@example.org", "email_verified": true});
    world.done(Method::PATCH, "/users/ada", Some(both)).await;
    assert_eq!(told().await, true);
    world.done(Method::PATCH, "/users/ada", Some(json!({"email_verified": false}))).await;
    assert_eq!(told().await, false);
    refused(&world, Method::PATCH, "/users/ada", json!({"email": "", "email_verified": true}), "give `email` too").await;
    refused(&world, Method::POST, "/users", json!({"username": "eve", "email_verified": true}), "give `email` too").await;
    let eve = json!({"username": "eve", "email": "eve@example.org", "email_verified": true});
    assert_eq!(world.done(Method::POST, "/users", Some(eve)).await["email_verified"], true);
}

#[tokio::test]
async fn nobody_who_is_gone_answers_for_a_client() {
    let (world, _) = world(Value::Null).await;
    let request =
        CreateClient { name: "tool".to_owned(), owner: Some(Owner::Person(PersonId::from("user_gone"))), ..CreateClient::default() };
    let refused = world.service().create_client(&request, &[], &administrator(), &world.moment()).await;
    assert!(matches!(&refused, Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound), "{refused:?}");
}
