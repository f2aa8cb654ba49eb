//! Policies reach credentials that are out: at the endpoints, at verifiers that follow the feed, and after a restart.

use http::Method;
use jeton_core::client::secret::CreateSecret;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::exception::create::CreateException;
use jeton_core::policy::rule::Subject;
use jeton_core::policy::set::SetPolicy;
use jeton_oauth::feed::{Change, FeedEvent, SubjectId};
use jeton_oauth::form::encode;
use jeton_testkit::World;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::manage::{administrator, claims_of};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

async fn set(world: &World, kind: CredentialKind, (api, client): (Option<&str>, Option<&str>), max_seconds: Option<i64>) {
    let subject = world.service().policy_subject(api, client).unwrap();
    let request = SetPolicy { max_seconds, ..SetPolicy::default() };
    world.service().set_policy(kind, &subject, request, &administrator(), &world.moment()).await.unwrap();
}

#[tokio::test]
async fn a_lower_maximum_ends_tokens_and_verifiers_hear_of_it() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let ask = async |resource| world.token_with(&worker, &[("resource", resource)]).await;
    let tokens = [ask("https://orders.example").await, ask("https://stock.example").await];
    let mut following = world.follow(&worker, "?audience=https%3A%2F%2Forders.example", None).await.ok().unwrap();
    assert!(matches!(following.next().await, Some(FeedEvent::Snapshot { .. })));
    set(&world, CredentialKind::AccessToken, (None, None), Some(600)).await;
    let heard = loop {
        match following.next().await {
            Some(FeedEvent::Narrowing { narrowing, .. }) => break narrowing.change,
            Some(_) => {}
            None => panic!("the feed ended"),
        }
    };
    let Change::Lifetime { api, lifetime_seconds, before_seconds, .. } = heard else { panic!("{heard:?}") };
    let audience = SubjectId::parse("https://orders.example").unwrap();
    assert_eq!((api, lifetime_seconds, before_seconds), (audience, 600, world.now() + 1));
    world.advance(599);
    for token in &tokens {
        assert!(world.is_active(&worker, token).await);
    }
    let fresh = ask("https://orders.example").await;
    assert_eq!(claims_of(&fresh)["exp"], world.now() + 600, "what is issued now says so itself");
    world.advance(1);
    let world = world.reopen().await;
    for token in &tokens {
        assert!(!world.is_active(&worker, token).await, "a restart remembers");
    }
    assert!(world.is_active(&worker, &fresh).await);
}

#[tokio::test]
async fn a_lower_maximum_of_a_client_ends_what_it_holds() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (worker, other) = (world.client("worker", &[&orders]).await, world.client("other", &[&orders]).await);
    let (mine, theirs) = (world.token(&worker).await, world.token(&other).await);
    set(&world, CredentialKind::AccessToken, (None, Some("worker")), Some(60)).await;
    assert!(!world.is_active(&worker, &mine).await && world.is_active(&other, &theirs).await);
    let fresh = world.token(&worker).await;
    assert!(world.is_active(&worker, &fresh).await);
    world.advance(62);
    assert!(!world.is_active(&worker, &fresh).await);
    set(&world, CredentialKind::AccessToken, (None, Some("worker")), None).await;
    let long = world.token(&worker).await;
    assert_eq!(claims_of(&long)["exp"], world.now() + 3_600);
    world.service().delete_client("worker", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(world.service().registry().policies().rules_of(CredentialKind::AccessToken).count(), 0);
}

#[tokio::test]
async fn a_secret_beyond_the_maximum_proves_nothing_but_for_its_exception() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.token(&worker).await;
    world.advance(31 * DAY);
    world.token(&worker).await;
    set(&world, CredentialKind::ClientSecret, (None, None), Some(30 * DAY)).await;
    let answer = world.ask(&worker, &[]).await;
    assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"));
    let entry = world.service().find_client("worker").unwrap();
    let secret = entry.secrets[0].record.id.to_string();
    let request = CreateException { owner: "Ada".into(), reason: "replaced in May".into(), ends_at: world.now() + 300 * DAY };
    let made = world.service().create_policy_exception("worker", &secret, &request, &administrator(), &world.moment()).await.unwrap();
    let world = world.reopen().await;
    world.token(&worker).await;
    world.advance(300 * DAY - 1);
    world.token(&worker).await;
    world.advance(1);
    assert_eq!(world.ask(&worker, &[]).await.status, 401, "it ends with the exception");
    world.service().end_policy_exception(made.id.as_str(), &administrator(), &world.moment()).await.unwrap();
    assert_eq!(world.service().policy_exceptions(), []);
    world.service().create_client_secret("worker", CreateSecret::default(), &administrator(), &world.moment()).await.unwrap();
    let fresh = world.service().find_client("worker").unwrap();
    let end = fresh.secrets.last().unwrap().record.expires_at;
    assert_eq!(end, world.now() + 30 * DAY, "the default never lies beyond the maximum");
}

#[tokio::test]
async fn signing_keys_and_assertions_keep_to_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let signer = world.signing_client("signer", &[&orders], jeton_jose::Algorithm::Es256).await;
    let current = |world: &World| world.service().registry().keys().ring(jeton_jose::Algorithm::Es256).current.unwrap().id;
    let first = current(&world);
    world.advance(2 * DAY);
    world.service().tend_signing_keys(&world.moment()).await.unwrap();
    assert_eq!(current(&world), first);
    set(&world, CredentialKind::SigningKey, (None, None), Some(2 * DAY)).await;
    world.service().tend_signing_keys(&world.moment()).await.unwrap();
    assert_ne!(current(&world), first, "it is due now");
    let lives = async |seconds: i64, jti: &str| {
        let assertion = Assertion::of(&signer.id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), jti);
        let parameters = assertion.with("exp", world.now() + seconds).parameters();
        let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let body = encode([("grant_type", "client_credentials")].into_iter().chain(parameters));
        world.post("/oauth/token", None, body).await.status
    };
    assert_eq!(lives(60, "1").await, 200);
    set(&world, CredentialKind::ClientAssertion, (None, Some("signer")), Some(30)).await;
    assert_eq!((lives(41, "2").await, lives(40, "3").await), (401, 200), "ten seconds are leeway");
    assert_eq!(world.service().policy_subject(None, None), Ok(Subject::Deployment));
}

#[tokio::test]
async fn an_idle_time_is_set_shown_and_explained() {
    let world = World::new().await;
    world.api("orders").await;
    let holds = async |query: &str| {
        let explained = world.done(Method::GET, &format!("/policies/api_key/explanation{query}"), None).await;
        (explained["idle_seconds"].clone(), explained["idle_from"].as_str().unwrap().to_owned())
    };
    let set = async |body: Value| world.done(Method::PUT, "/policies/api_key", Some(body)).await;
    assert_eq!(holds("").await, (json!(30 * DAY), "table".to_owned()));
    let dry = set(json!({"idle_seconds": 10 * DAY, "dry_run": true})).await;
    assert_eq!((&dry["idle_seconds"], holds("").await.1.as_str()), (&json!(10 * DAY), "table"), "{dry}");
    set(json!({"idle_seconds": 0})).await;
    let orders = "?api=https%3A%2F%2Forders.example";
    set(json!({"api": "https://orders.example", "idle_seconds": 90 * DAY})).await;
    assert_eq!(holds("").await, (Value::Null, "deployment".to_owned()), "never");
    assert_eq!(holds(orders).await, (json!(90 * DAY), "api".to_owned()));
    let listed = world.done(Method::GET, "/policies", None).await;
    let said = |level: &str| listed["items"].as_array().unwrap().iter().find(|rule| rule["kind"] == "api_key" && rule["level"] == level);
    assert_eq!(said("deployment").unwrap()["idle_seconds"], 0);
    let world = world.reopen().await;
    world.done(Method::PUT, "/policies/api_key", Some(json!({"api": "https://orders.example"}))).await;
    world.done(Method::PUT, "/policies/api_key", Some(json!({}))).await;
    let listed = world.done(Method::GET, "/policies", None).await;
    let of_keys = listed["items"].as_array().unwrap().iter().filter(|rule| rule["kind"] == "api_key").count();
    assert_eq!(of_keys, 1, "what is taken back is not listed: {listed}");
    for (kind, body, words) in [
        ("access_token", json!({"idle_seconds": DAY}), "access tokens have no idle time"),
        ("api_key", json!({"idle_seconds": 60}), "between 1d and 366d"),
        ("api_key", json!({"idle_seconds": -1}), "between 1d and 366d"),
        ("api_key", json!({"idle_seconds": i64::MAX}), "between 1d and 366d"),
        ("api_key", json!({"idle_seconds": "30d"}), "a whole number"),
        ("api_key", json!({"idle": DAY}), "idle"),
    ] {
        let answer = world.administer(Method::PUT, &format!("/policies/{kind}"), Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains(words), "{body}: {}", answer.shown());
    }
}

#[tokio::test]
async fn keys_live_beyond_their_maximum_with_an_exception_alone() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    set(&world, CredentialKind::ApiKey, (None, None), Some(90 * DAY)).await;
    let until = |days: i64| json!({"owner": "Ada", "reason": "replaced in May", "ends_at": world.now() + days * DAY});
    let create = |more: Value| {
        let mut body = json!({"owner": "client:shop", "audience": "https://orders.example", "name": "a key"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, words) in [
        (json!({"expires_in_seconds": 91 * DAY}), "between 1 second and 90 days"),
        (json!({"exception": {"owner": "Ada", "reason": "why"}}), "ends_at"),
        (json!({"exception": {"owner": "Ada", "ends_at": world.now() + 100 * DAY}}), "reason"),
        (json!({"exception": {"owner": "A\u{202e}", "reason": "why", "ends_at": world.now() + 100 * DAY}}), "the owner"),
        (json!({"exception": until(401)}), "400 days"),
        (json!({"exception": until(90)}), "no exception is needed"),
        (json!({"exception": until(100), "expires_in_seconds": 5}), "expires_in_seconds"),
        (json!({"exception": {"owner": "Ada", "reason": "why", "ends_at": "now"}}), "does not end now"),
    ] {
        let answer = world.administer(Method::POST, "/keys", Some(create(more.clone()))).await;
        assert_eq!(answer.status, 400, "{more}: {}", answer.shown());
        assert!(answer.text().contains(words), "{more}: {}", answer.shown());
    }
    // Each is used, so that none is idle.
    let beyond = world.make_key("client:shop", "https://orders.example", json!({"exception": until(170)})).await;
    let later = world.make_key("client:shop", "https://orders.example", json!({})).await;
    let plain = world.make_key("client:shop", "https://orders.example", json!({})).await;
    let exception = json!({"key": later["id"], "owner": "Ada", "reason": "replaced in May", "ends_at": world.now() + 150 * DAY});
    let made = world.done(Method::POST, "/policies/exceptions", Some(exception.clone())).await;
    assert_eq!((&made["kind"], &made["credential"]), (&json!("api_key"), &later["id"]));
    // A key says itself why it lives so long.
    for (key, id) in [(&beyond, None), (&later, Some(&made["id"]))] {
        let shown = world.done(Method::GET, &format!("/keys/{}", key["id"].as_str().unwrap()), None).await;
        assert_eq!((&shown["exception"]["owner"], &shown["exception"]["reason"]), (&json!("Ada"), &json!("replaced in May")), "{shown}");
        assert!(id.is_none_or(|id| shown["exception"]["id"] == *id), "{shown}");
    }
    let shown = world.done(Method::GET, &format!("/keys/{}", plain["id"].as_str().unwrap()), None).await;
    assert_eq!(shown.get("exception"), None, "{shown}");
    for (body, status) in [
        (exception, 409),
        (json!({"key": "x", "owner": "Ada", "reason": "why", "ends_at": world.now() + 150 * DAY}), 400),
        (json!({"key": later["id"], "client": "shop", "owner": "Ada", "reason": "why", "ends_at": 1}), 400),
        (json!({"owner": "Ada", "reason": "why", "ends_at": world.now() + 150 * DAY}), 400),
        (json!({"key": "0".repeat(32), "owner": "Ada", "reason": "why", "ends_at": world.now() + 150 * DAY}), 404),
    ] {
        assert_eq!(world.administer(Method::POST, "/policies/exceptions", Some(body.clone())).await.status, status, "{body}");
    }
    let codes = async |world: &World| {
        let mut codes = vec![];
        for key in [&beyond, &later, &plain] {
            codes.push(world.key_code(&shop, key["key"].as_str().unwrap()).await);
        }
        codes
    };
    let world = world.reopen().await;
    world.advance(90 * DAY);
    assert_eq!(codes(&world).await, ["valid", "valid", "expired"]);
    world.done(Method::DELETE, &format!("/policies/exceptions/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!(codes(&world).await, ["valid", "expired", "expired"], "the maximum holds again");
    world.advance(80 * DAY - 1);
    assert_eq!(codes(&world).await[0], "valid");
    world.advance(1);
    assert_eq!(codes(&world).await[0], "expired", "it ends with its exception");
}

/// Neither a rotation nor the end of the exception itself gives a key more than the exception did, or than it was made with.
#[tokio::test]
async fn the_end_of_an_exception_is_the_end() {
    let world = World::new().await;
    world.api("orders").await;
    world
        .done(Method::PUT, "/policies/api_key", Some(json!({"max_seconds": 30 * DAY, "default_seconds": 30 * DAY, "idle_seconds": 0})))
        .await;
    let state = async |key: &Value| world.done(Method::GET, &format!("/keys/{}", key["id"].as_str().unwrap()), None).await["state"].clone();
    let except = async |key: &Value, ends_at: i64| {
        let body = json!({"key": key["id"], "owner": "Ada", "reason": "replaced in May", "ends_at": ends_at});
        world.done(Method::POST, "/policies/exceptions", Some(body)).await["id"].as_str().unwrap().to_owned()
    };
    let end = async |id: &str| drop(world.done(Method::DELETE, &format!("/policies/exceptions/{id}"), None).await);
    let week = json!({"expires_in_seconds": 7 * DAY});
    let [rotated, early, swept] = [
        world.make_key("external:rotated", "https://orders.example", Value::Null).await,
        world.make_key("external:early", "https://orders.example", week.clone()).await,
        world.make_key("external:swept", "https://orders.example", week).await,
    ];
    let until = world.now() + 60 * DAY;
    let [of_rotated, of_early] = [except(&rotated, until).await, except(&early, until).await];
    except(&swept, until).await;
    world.advance(10 * DAY);
    assert_eq!(state(&early).await, "active");
    end(&of_early).await;
    assert_eq!(state(&early).await, "expired", "it was made for a week");
    world.advance(40 * DAY);
    world.done(Method::POST, &format!("/keys/{}/rotate", rotated["id"].as_str().unwrap()), Some(json!({"overlap_seconds": 0}))).await;
    world.advance(10 * DAY - 1);
    assert_eq!(state(&rotated).await, "active");
    world.advance(1);
    assert_eq!(state(&rotated).await, "expired");
    end(&of_rotated).await;
    assert_eq!(state(&rotated).await, "expired", "it ended with its exception");
    world.service().sweep(&world.moment()).await.unwrap().unwrap();
    assert_eq!(world.done(Method::GET, "/policies/exceptions", None).await["items"], json!([]), "what is over is not kept");
    assert_eq!(state(&swept).await, "expired");
    let told = world.done(Method::GET, "/audit/entries?last=5", None).await;
    let is_told = |told: &Value| told["kind"] == "policy_exception.ended" && told["data"]["actor"] == "system";
    assert!(told["items"].as_array().unwrap().iter().any(is_told), "{told}");
}

#[tokio::test]
async fn a_shorter_lifetime_of_an_api_is_counted_first() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (worker, other) = (world.client("worker", &[&orders]).await, world.client("other", &[&stock]).await);
    world.token(&worker).await;
    world.token(&other).await;
    world.advance(100);
    world.token(&worker).await;
    let path = "/apis/https%3A%2F%2Forders.example";
    let change = async |seconds: i64, dry_run: bool| {
        world.done(Method::PATCH, path, Some(json!({"access_token_lifetime_seconds": seconds, "dry_run": dry_run}))).await
    };
    let planned = change(60, true).await;
    assert_eq!((&planned["dry_run"], &planned["access_token_lifetime_seconds"]), (&json!(true), &json!(60)));
    let counted = json!({"would_expire_now": 1, "would_expire_sooner": 1, "would_come_back": 0, "would_be_idle": 0});
    assert_eq!(planned["consequence"], counted, "of this API alone");
    assert_eq!(world.done(Method::GET, path, None).await["access_token_lifetime_seconds"], 3600, "nothing was written");
    change(60, false).await;
    assert_eq!(change(60, true).await["consequence"]["would_expire_sooner"], 0);
    let refused = world.administer(Method::PATCH, path, Some(json!({"access_token_lifetime_seconds": 0, "dry_run": true}))).await;
    assert_eq!(refused.status, 400, "{}", refused.shown());
}
