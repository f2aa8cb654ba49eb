//! The metadata documents (RFC 8414, OpenID Connect Discovery) and the key set (RFC 7517).

use axum::body::Body;
use http::Request;
use insta::assert_snapshot;
use jeton_testkit::{Answer, World};

const DOCUMENTS: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

async fn get_with(world: &World, path: &str, name: &str, value: &str) -> Answer {
    world.send(Request::get(path).header(name, value).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn both_documents_say_the_same() {
    let world = World::new().await;
    world.api("orders").await;
    let [first, second] = [world.get(DOCUMENTS[0]).await, world.get(DOCUMENTS[1]).await];
    assert_eq!(first.shown(), second.shown());
    let headers = ["content-type", "cache-control", "access-control-allow-origin", "x-content-type-options"].map(|name| first.header(name));
    assert_eq!(headers, ["application/json", "public, max-age=300", "*", "nosniff"]);
    assert_snapshot!(serde_json::to_string_pretty(&first.json()).unwrap(), @r#"
    {
      "acr_values_supported": [
        "urn:jeton:1fa",
        "urn:jeton:2fa"
      ],
      "authorization_endpoint": "https://tokens.example/oauth/authorize",
      "authorization_response_iss_parameter_supported": true,
      "backchannel_logout_session_supported": true,
      "backchannel_logout_supported": true,
      "claims_parameter_supported": false,
      "claims_supported": [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "sid",
        "name",
        "preferred_username",
        "updated_at",
        "email",
        "email_verified"
      ],
      "code_challenge_methods_supported": [
        "S256"
      ],
      "device_authorization_endpoint": "https://tokens.example/oauth/device_authorization",
      "end_session_endpoint": "https://tokens.example/oauth/logout",
      "grant_types_supported": [
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code"
      ],
      "id_token_signing_alg_values_supported": [
        "RS256",
        "ES256",
        "EdDSA"
      ],
      "introspection_endpoint": "https://tokens.example/oauth/introspect",
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt"
      ],
      "introspection_endpoint_auth_signing_alg_values_supported": [
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512"
      ],
      "issuer": "https://tokens.example",
      "jeton_revocation_feed": "https://tokens.example/api/v1/revocations/feed",
      "jwks_uri": "https://tokens.example/.well-known/jwks.json",
      "prompt_values_supported": [
        "none",
        "login",
        "consent",
        "select_account"
      ],
      "pushed_authorization_request_endpoint": "https://tokens.example/oauth/par",
      "request_parameter_supported": false,
      "request_uri_parameter_supported": false,
      "require_pushed_authorization_requests": false,
      "response_modes_supported": [
        "query",
        "form_post"
      ],
      "response_types_supported": [
        "code"
      ],
      "revocation_endpoint": "https://tokens.example/oauth/revoke",
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none"
      ],
      "revocation_endpoint_auth_signing_alg_values_supported": [
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512"
      ],
      "scopes_supported": [
        "email",
        "offline_access",
        "openid",
        "orders:read",
        "orders:write",
        "profile"
      ],
      "subject_types_supported": [
        "public"
      ],
      "token_endpoint": "https://tokens.example/oauth/token",
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none"
      ],
      "token_endpoint_auth_signing_alg_values_supported": [
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512"
      ],
      "ui_locales_supported": [
        "en"
      ],
      "userinfo_endpoint": "https://tokens.example/oauth/userinfo"
    }
    "#);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_documents_in_both_forms() {
    let world = World::of("https://tokens.example/teams/a").await;
    for path in [
        "/.well-known/oauth-authorization-server/teams/a",
        "/.well-known/openid-configuration/teams/a",
        "/teams/a/.well-known/oauth-authorization-server",
        "/teams/a/.well-known/openid-configuration",
    ] {
        let document = world.get(path).await;
        assert_eq!(document.member("issuer"), "https://tokens.example/teams/a", "{path}");
        assert_eq!(document.member("token_endpoint"), "https://tokens.example/teams/a/oauth/token");
        let keys = document.member("jwks_uri").as_str().unwrap().strip_prefix("https://tokens.example").unwrap().to_owned();
        assert_eq!(world.get(&keys).await.status, 200);
    }
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oauth/token", "/teams/a", "/teams"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let answer = world.post_as(&worker, "/teams/a/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 200);
    let token = answer.member("access_token").as_str().unwrap().to_owned();
    let answer = world.post_as(&worker, "/teams/a/oauth/introspect", &[("token", &token)]).await;
    assert_eq!(answer.member("iss"), "https://tokens.example/teams/a");
}

#[tokio::test]
async fn an_issuer_with_a_slash_keeps_it() {
    let world = World::of("https://tokens.example/").await;
    for path in DOCUMENTS {
        let document = world.get(path).await;
        assert_eq!(document.member("issuer"), "https://tokens.example/");
        assert_eq!(document.member("token_endpoint"), "https://tokens.example/oauth/token");
    }
}

#[tokio::test]
async fn no_header_steers_what_is_published() {
    let world = World::new().await;
    for path in DOCUMENTS.into_iter().chain(["/.well-known/jwks.json"]) {
        let expected = world.get(path).await.shown();
        for (name, value) in [
            ("host", "attacker.example"),
            ("x-forwarded-host", "attacker.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-prefix", "/attacker"),
            ("forwarded", "host=attacker.example;proto=http"),
            ("x-original-url", "/attacker"),
            ("origin", "https://attacker.example"),
        ] {
            assert_eq!(get_with(&world, path, name, value).await.shown(), expected, "{path} {name}");
        }
    }
}

#[tokio::test]
async fn what_is_advertised_is_there() {
    let world = World::new().await;
    let document = world.get(DOCUMENTS[0]).await.json();
    for (name, value) in document.as_object().unwrap() {
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{name} is empty");
        let is_address = name.ends_with("_endpoint") || name.ends_with("_uri") || name.ends_with("_feed");
        if is_address {
            let path = value.as_str().unwrap().strip_prefix(world.issuer()).unwrap();
            assert_ne!(world.get(path).await.status, 404, "{name}");
        }
        if name.contains("alg_values") {
            assert!(!value.to_string().contains("none") && !value.to_string().contains("HS"), "{name}");
        }
    }
    let grants = ["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
    assert_eq!(document["grant_types_supported"], serde_json::json!(grants));
    assert_eq!(document["issuer"], world.issuer());
}

#[tokio::test]
async fn the_key_set_shows_public_halves_and_is_cached() {
    let world = World::new().await;
    let algorithms = ["ES256", "ES384", "ES512", "EdDSA", "RS256"];
    for algorithm in algorithms {
        world.api_with(&algorithm.to_lowercase(), |request| request.signing_algorithm = Some(algorithm.to_owned())).await;
    }
    let answer = world.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2 * algorithms.len());
    for key in keys {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(key.get(member), None, "a private member is published");
        }
        assert!(["kid", "kty", "alg", "use"].iter().all(|member| key[member].is_string()), "{key}");
        assert!(algorithms.contains(&key["alg"].as_str().unwrap()));
    }
    let tag = answer.header("etag").to_owned();
    for (tags, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
        (String::new(), 200),
    ] {
        let answer = get_with(&world, "/.well-known/jwks.json", "if-none-match", &tags).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 304), "{tags}");
        assert_eq!((answer.header("etag"), answer.header("cache-control")), (tag.as_str(), "public, max-age=300"));
    }
    world.api_with("more", |request| request.signing_algorithm = Some("PS256".to_owned())).await;
    assert_eq!(get_with(&world, "/.well-known/jwks.json", "if-none-match", &tag).await.status, 200);
}
