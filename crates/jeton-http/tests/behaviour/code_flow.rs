//! From a code to tokens, and on from there: refreshed, asked about, taken back (RFC 6749 sections 4.1 and 6, OpenID Connect Core 1.0).

use axum::body::Body;
use http::Request;
use insta::assert_snapshot;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jws;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{VERIFIER, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const ALL: &str = "openid profile email offline_access orders:read";

/// A world with an API, somebody who may read there, and an application.
async fn world() -> (World, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    (world, shop)
}

fn text(answer: &Answer, name: &str) -> String {
    answer.member(name).as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.shown())).to_owned()
}

#[tokio::test]
async fn a_code_gives_what_was_allowed() {
    let (world, shop) = world().await;
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", ALL), ("nonce", "n-1")])).await;
    world.advance(2);
    let answer = world.exchange(&shop, &code).await;
    assert_snapshot!(answer.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"access_token":"[jwt]","token_type":"Bearer","expires_in":3600,"scope":"email offline_access openid orders:read profile","refresh_token":"[opaque]","id_token":"[jwt]"}
    "#);
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    let (access, id) = (claims_of(&text(&answer, "access_token")), claims_of(&text(&answer, "id_token")));
    assert_eq!(
        (&access["sub"], &access["client_id"], &access["aud"], &access["scope"]),
        (&json!(person), &json!(shop.id), &json!("https://orders.example"), &json!("email offline_access openid orders:read profile"))
    );
    assert_eq!((&access["auth_time"], &access["acr"], &access["amr"]), (&json!(world.now() - 2), &json!("urn:jeton:1fa"), &json!(["pwd"])));
    assert!(access["gid"].as_str().is_some_and(|gid| gid.len() == 32), "{access}");
    let told = [
        ("iss", json!(world.issuer())),
        ("sub", json!(person)),
        ("aud", json!(shop.id)),
        ("azp", json!(shop.id)),
        ("iat", json!(world.now())),
        ("exp", json!(world.now() + 600)),
        ("auth_time", json!(world.now() - 2)),
        ("nonce", json!("n-1")),
        ("acr", json!("urn:jeton:1fa")),
        ("amr", json!(["pwd"])),
    ];
    for (name, expected) in &told {
        assert_eq!(&id[name], expected, "{name}: {id}");
    }
    assert_eq!(id.as_object().unwrap().len(), told.len() + 2, "and `at_hash`, `sid`, and nothing else: {id}");
    assert!(access.get("sid").is_none(), "it outlives the session: {access}");
    for absent in ["name", "email", "preferred_username", "username"] {
        assert!(access.get(absent).is_none() && id.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn an_id_token_is_signed_as_every_client_can_check_and_is_no_access_token() {
    let (world, shop) = world().await;
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", ALL)])).await;
    let id_token = text(&world.exchange(&shop, &code).await, "id_token");
    let unverified = jws::Unverified::parse(&id_token, jws::MAX_TOKEN_BYTES).unwrap();
    assert_eq!(unverified.header().token_type.as_deref(), Some("JWT"));
    assert_eq!(unverified.header().algorithm.name(), "RS256");
    let set = JwkSet::parse(&world.get("/.well-known/jwks.json").await.body).unwrap();
    let (keys, _) = VerifyingKeys::from_jwk_set(&set, None).unwrap();
    assert!(jws::verify(&id_token, &keys, jws::MAX_TOKEN_BYTES).is_ok(), "its key is published");
    let orders = world.service().find_api("https://orders.example").unwrap();
    let gateway = world.client("gateway", &[&orders.record]).await;
    assert!(!world.is_active(&gateway, &id_token).await);
    assert_eq!(world.userinfo(&id_token).await.status, 401);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_its_address_and_its_verifier() {
    let (world, shop) = world().await;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let other = world.application("other", &[&orders.record]).await;
    let address = asking(&shop, "shop", &[("scope", ALL)]);
    let ask = async |client: &Registered, code: &str, more: &[(&str, &str)]| {
        let known = [("grant_type", "authorization_code"), ("code", code)];
        let parameters: Vec<_> = known.into_iter().chain(more.iter().copied()).collect();
        world.post_as(client, "/oauth/token", &parameters).await
    };
    let verifier = ("code_verifier", VERIFIER);
    let another = VERIFIER.replace('d', "e");
    let code = world.code_for("ada", &address).await;
    for (what, client, code, more) in [
        ("another client", &other, code.as_str(), &[verifier][..]),
        ("no verifier", &shop, &code, &[]),
        ("another verifier", &shop, &code, &[("code_verifier", another.as_str())]),
        ("a verifier that is none", &shop, &code, &[("code_verifier", "short")]),
        ("another address", &shop, &code, &[verifier, ("redirect_uri", "https://shop.example/other")]),
        ("no code", &shop, "jtn_ac_x", &[verifier]),
        ("something else", &shop, "x y", &[verifier]),
    ] {
        let answer = ask(client, code, more).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_grant"), "{what}: {}", answer.shown());
    }
    check_error(&ask(&shop, "", &[verifier]).await, 400, "invalid_request");
    check_error(&ask(&shop, &code, &[verifier, ("resource", "https://nowhere.example")]).await, 400, "invalid_target");
    // None of that burnt it.
    let answer = ask(&shop, &code, &[verifier, ("redirect_uri", "https://shop.example/callback")]).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    assert_eq!(world.userinfo(&access).await.status, 200);
    // Presented again it ends what it gave.
    check_error(&ask(&shop, &code, &[verifier]).await, 400, "invalid_grant");
    assert_eq!(world.userinfo(&access).await.status, 401);
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
    // A minute later one is nothing.
    let late = world.code_for("ada", &address).await;
    world.advance(60);
    check_error(&ask(&shop, &late, &[verifier]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_thief_ends_them() {
    let (world, shop) = world().await;
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", ALL)])).await;
    let first = text(&world.exchange(&shop, &code).await, "refresh_token");
    world.advance(3_000);
    let answer = world.refresh(&shop, &first).await;
    assert!(answer.member("id_token").is_null(), "{}", answer.shown());
    let (access, second) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    assert_ne!(first, second);
    // A lost answer is told again, the same.
    world.advance(10);
    let again = world.refresh(&shop, &first).await;
    assert_eq!(text(&again, "refresh_token"), second);
    assert_eq!(claims_of(&text(&again, "access_token"))["jti"], claims_of(&access)["jti"]);
    assert_eq!(again.member("expires_in"), json!(3_590));
    // Less may be asked for, and more not.
    let ask = async |scope: &str| {
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", second.as_str()), ("scope", scope)];
        world.post_as(&shop, "/oauth/token", &parameters).await
    };
    check_error(&ask("openid orders:write").await, 400, "invalid_scope");
    let third = ask("orders:read").await;
    assert_eq!(third.member("scope"), json!("orders:read"), "{}", third.shown());
    let third = text(&third, "refresh_token");
    // Long afterwards the first is somebody else's.
    world.advance(600);
    check_error(&world.refresh(&shop, &first).await, 400, "invalid_grant");
    check_error(&world.refresh(&shop, &third).await, 400, "invalid_grant");
    assert_eq!(world.userinfo(&access).await.status, 401);
}

#[tokio::test]
async fn who_asks_with_somebody_else_s_refresh_token_gets_and_ends_nothing() {
    let (world, shop) = world().await;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let other = world.application("other", &[&orders.record]).await;
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", ALL)])).await;
    let refresh = text(&world.exchange(&shop, &code).await, "refresh_token");
    check_error(&world.refresh(&other, &refresh).await, 400, "invalid_grant");
    assert!(!world.is_active(&other, &refresh).await);
    let about = world.introspect(&shop, &refresh).await.json();
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    assert_eq!((&about["active"], &about["sub"], &about["client_id"]), (&json!(true), &json!(person), &json!(shop.id)), "{about}");
    assert_eq!((&about["exp"], about.get("token_type")), (&json!(world.now() + 30 * 86_400), None), "until nobody refreshes: {about}");
    assert_eq!(world.revoke(&other, &refresh).await.status, 200);
    assert_eq!(world.refresh(&shop, &refresh).await.status, 200);
    assert!(!world.is_active(&shop, &refresh).await, "it was spent");
}

#[tokio::test]
async fn an_application_that_cannot_prove_itself_names_itself() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let page = world.application_with("page", &[&orders], |request| request.authentication = Some("none".to_owned())).await;
    let shop = world.application("shop", &[&orders]).await;
    let code = world.code_for("ada", &asking(&page, "page", &[("scope", ALL)])).await;
    let send = async |path: &str, parameters: &[(&str, &str)]| world.post(path, None, form::encode(parameters.iter().copied())).await;
    let id = ("client_id", page.id.as_str());
    let exchange = |client_id| [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER), client_id];
    check_error(&send("/oauth/token", &exchange(("client_id", &shop.id))).await, 401, "invalid_client");
    let answer = send("/oauth/token", &exchange(id)).await;
    let refresh = text(&answer, "refresh_token");
    let again = send("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh), id]).await;
    assert_eq!(again.status, 200, "{}", again.shown());
    check_error(&send("/oauth/token", &[("grant_type", "client_credentials"), id]).await, 400, "unauthorized_client");
    // It learns nothing of tokens.
    check_error(&send("/oauth/introspect", &[("token", &refresh), id]).await, 401, "invalid_client");
    assert_eq!(send("/oauth/revoke", &[("token", &text(&again, "refresh_token")), id]).await.status, 200);
    check_error(&send("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh), id]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn userinfo_tells_what_was_granted() {
    let (world, shop) = world().await;
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    for (scope, expected) in [
        ("openid", json!({ "sub": person })),
        ("openid email", json!({ "sub": person, "email": "ada@example.com", "email_verified": false })),
        (
            "openid profile orders:read",
            json!({ "sub": person, "name": "ada Example", "preferred_username": "ada", "updated_at": world.now() }),
        ),
    ] {
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope)])).await;
        let token = text(&world.exchange(&shop, &code).await, "access_token");
        let answer = world.userinfo(&token).await;
        answer.conforms(&http::Method::GET, "/oauth/userinfo", None);
        assert_eq!((answer.status, answer.json()), (200, expected), "{scope}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let posted = world.post("/oauth/userinfo", None, form::encode([("access_token", token.as_str())])).await;
        assert_eq!(posted.json(), answer.json());
        let both = world.post("/oauth/userinfo", Some(&format!("Bearer {token}")), form::encode([("access_token", token.as_str())])).await;
        assert_eq!((both.status, both.header("www-authenticate").starts_with("Bearer error=\"invalid_request\"")), (400, true));
        let empty = Request::post("/oauth/userinfo").header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
        assert_eq!(world.send(empty).await.status, 200, "a POST without a body");
    }
    let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", "orders:read")])).await;
    let exchanged = world.exchange(&shop, &code).await;
    assert!(exchanged.member("id_token").is_null(), "nobody asked who it is: {}", exchanged.shown());
    let answer = world.userinfo(&text(&exchanged, "access_token")).await;
    assert_eq!(answer.status, 403, "{}", answer.shown());
    assert!(
        answer.header("www-authenticate").contains("error=\"insufficient_scope\"")
            && answer.header("www-authenticate").ends_with("scope=\"openid\"")
    );
    let orders = world.service().find_api("https://orders.example").unwrap();
    let worker = world.client("worker", &[&orders.record]).await;
    assert_eq!(world.userinfo(&world.token(&worker).await).await.status, 403, "a client is nobody");
    for bad in ["x", "jtn_at_x", &"a".repeat(20_000)] {
        let answer = world.userinfo(bad).await;
        assert!(matches!(answer.status, 400 | 401), "{bad:.20}: {}", answer.shown());
    }
    let none = world.get("/oauth/userinfo").await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Bearer"));
    let query = world.get("/oauth/userinfo?access_token=x").await;
    assert_eq!((query.status, query.header("www-authenticate")), (401, "Bearer"), "a token in an address is passed over");
}

#[tokio::test]
async fn who_is_disabled_signs_out_or_takes_it_back_has_nothing_left_there() {
    let (world, shop) = world().await;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let gateway = world.client("gateway", &[&orders.record]).await;
    let tokens = async |scope: &str| {
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope)])).await;
        let answer = world.exchange(&shop, &code).await;
        (text(&answer, "access_token"), text(&answer, "refresh_token"))
    };
    // Revoked by its client: the refresh token takes its access tokens with it (RFC 7009 section 2.1).
    let (access, refresh) = tokens(ALL).await;
    assert!(world.is_active(&gateway, &access).await);
    assert_eq!(world.revoke(&shop, &refresh).await.status, 200);
    assert!(!world.is_active(&gateway, &access).await);
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
    assert_eq!(world.revoke(&shop, &refresh).await.status, 200, "once more");
    // Disabled, and enabled again: nothing comes back.
    let (access, refresh) = tokens(ALL).await;
    let waiting = world.code_for("ada", &asking(&shop, "shop", &[("scope", ALL)])).await;
    world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
    // Twice in a second, the second cut-off lies further ahead than a token may be dated: what is dead is not told to wait for it.
    world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
    world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
    check_error(&world.exchange(&shop, &waiting).await, 400, "invalid_grant");
    world.advance(2);
    for _ in 0..2 {
        assert!(!world.is_active(&gateway, &access).await);
        assert_eq!(world.userinfo(&access).await.status, 401);
        check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
        world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
        world.advance(2);
    }
    check_error(&world.exchange(&shop, &waiting).await, 400, "invalid_grant");
    // A role that is taken away is missing from the next token on.
    world.advance(5);
    let (_, refresh) = tokens(ALL).await;
    world.service().unassign_role("role-of-ada", "user:ada", &administrator(), &world.moment()).await.unwrap();
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_scope");
}

#[tokio::test]
async fn a_token_of_somebody_does_not_administer_with_what_its_client_may() {
    let world = World::new().await;
    world.person("ada").await;
    let management = world.service().find_api(&format!("{}/api/v1", world.issuer())).unwrap();
    let scopes = management.record.scopes.keys().map(|name| name.to_string()).collect::<Vec<_>>().join(" ");
    let console = world
        .application_with("console", &[&management.record], |request| {
            request.scopes = Some(scopes);
        })
        .await;
    let mut browser = world.browser();
    let page = browser.open(&asking(&console, "console", &[("scope", "openid jeton:clients:read")])).await.page();
    let ada = [("username", "ada"), ("password", jeton_testkit::world::people::PASSWORD)];
    let error = browser.submit(&page, "/signin", None, &ada).await.parameter("error");
    assert_eq!(error, "access_denied", "who holds no role there gives none away");
    let api = management.record.clone();
    world.allow("ada", &api, "jeton:clients:read").await;
    let code = world.code_for("ada", &asking(&console, "console", &[("scope", "openid jeton:clients:read")])).await;
    let token = text(&world.exchange(&console, &code).await, "access_token");
    let list = async |token: &str| {
        let request = Request::get("/api/v1/clients").header("authorization", format!("Bearer {token}"));
        world.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(list(&token).await, 200);
    let seen = world.access_log();
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    assert!(seen.contains(&format!("\"actor\":\"user:{person}\"")), "she does it, not the client: {seen}");
    world.service().unassign_role("role-of-ada", "user:ada", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(list(&token).await, 403, "the role is gone: so is what it gave");
}

#[tokio::test]
async fn both_documents_say_what_there_is() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await;
    assert_eq!(document.body, world.get("/.well-known/oauth-authorization-server").await.body);
    let said = document.json();
    for (name, expected) in [
        ("authorization_endpoint", json!("https://tokens.example/oauth/authorize")),
        ("userinfo_endpoint", json!("https://tokens.example/oauth/userinfo")),
        ("end_session_endpoint", json!("https://tokens.example/oauth/logout")),
        ("pushed_authorization_request_endpoint", json!("https://tokens.example/oauth/par")),
        ("require_pushed_authorization_requests", json!(false)),
        ("device_authorization_endpoint", json!("https://tokens.example/oauth/device_authorization")),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query", "form_post"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("id_token_signing_alg_values_supported", json!(["RS256", "ES256", "EdDSA"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(false)),
        ("acr_values_supported", json!(["urn:jeton:1fa", "urn:jeton:2fa"])),
        ("scopes_supported", json!(["email", "offline_access", "openid", "profile"])),
    ] {
        assert_eq!(said[name], expected, "{name}");
    }
    let has = |name: &str, value: &str| said[name].as_array().is_some_and(|list| list.contains(&Value::from(value)));
    assert!(has("token_endpoint_auth_methods_supported", "none") && !has("introspection_endpoint_auth_methods_supported", "none"));
    for grant in ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"] {
        assert!(has("grant_types_supported", grant), "{grant}");
    }
    assert!(said.get("registration_endpoint").is_none());
}
