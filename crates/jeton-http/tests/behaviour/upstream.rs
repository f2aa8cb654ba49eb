//! Signing in by a provider elsewhere. The provider is a server of the test's own, on loopback and over real HTTP; what it says is changed in one
//! thing at a time, and whoever comes from it is signed in by nothing then, and nothing is written.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use jeton_core::id::Actor;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_jose::jws::Signer;
use jeton_oauth::form::Form;
use jeton_oauth::pkce::Verifier;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::people::PASSWORD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

const SECRET: &str = "a secret/of ours";
const REFUSED: &str = "You are not signed in";
const IN: &str = "Your account";
const CODE: &str = "a code";

/// What a provider answers.
struct Script {
    document: Value,
    /// Where its document is, where it is not here.
    document_at: Option<String>,
    keys: Vec<Arc<SigningKey>>,
    signer: Arc<SigningKey>,
    kind: &'static str,
    claims: Value,
    userinfo: Value,
    /// Instead of the answer to a code.
    instead: Option<(u16, String)>,
    /// Instead of a signed token.
    token: Option<fn(&Script) -> String>,
    /// How often its keys were asked for.
    keys_asked: u64,
    challenge: String,
}

struct Provider {
    url: String,
    script: Arc<Mutex<Script>>,
}

type Playing = State<Arc<Mutex<Script>>>;

fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::Es256).unwrap())
}

impl Provider {
    async fn new(world: &World) -> Provider {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = key();
        let script = Script {
            document: json!({
                "issuer": url, "authorization_endpoint": format!("{url}/authorize?tenant=7"), "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"), "userinfo_endpoint": format!("{url}/userinfo"),
            }),
            document_at: None,
            keys: vec![key.clone()],
            signer: key,
            kind: "JWT",
            claims: json!({
                "iss": url, "sub": "ada at corp", "aud": "jeton", "iat": world.now(), "exp": world.now() + 300,
                "auth_time": world.now(),
                "email": "Ada@Corp.example", "email_verified": true, "preferred_username": "ada", "name": "Ada Example",
            }),
            userinfo: json!({"sub": "ada at corp"}),
            instead: None,
            token: None,
            keys_asked: 0,
            challenge: String::new(),
        };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/elsewhere", get(async |State(script): Playing| script.lock().unwrap().document.to_string()))
            .route("/keys", get(keys))
            .route("/userinfo", get(async |State(script): Playing| script.lock().unwrap().userinfo.to_string()))
            .route("/token", post(token));
        tokio::spawn(axum::serve(listener, router.with_state(script.clone())).into_future());
        Provider { url, script }
    }

    fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
}

async fn document(State(script): Playing) -> (StatusCode, HeaderMap, String) {
    let script = script.lock().unwrap();
    let mut headers = HeaderMap::new();
    if let Some(at) = &script.document_at {
        headers.insert("location", at.parse().unwrap());
        return (StatusCode::FOUND, headers, String::new());
    }
    (StatusCode::OK, headers, script.document.to_string())
}

async fn keys(State(script): Playing) -> String {
    let mut script = script.lock().unwrap();
    script.keys_asked += 1;
    let keys: Vec<Value> = script.keys.iter().map(|key| serde_json::from_str(&key.to_jwk().unwrap().to_json()).unwrap()).collect();
    json!({ "keys": keys }).to_string()
}

/// A provider that holds us to what it knows: who we are, and that the code is for whoever began.
async fn token(State(script): Playing, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let script = script.lock().unwrap();
    let form = Form::parse(&body).unwrap();
    let basic = base64::engine::general_purpose::STANDARD.encode("jeton:a+secret%2Fof+ours");
    let proves = match headers.get(AUTHORIZATION) {
        Some(header) => header.to_str().unwrap() == format!("Basic {basic}"),
        None => form.get("client_id") == Some("jeton") && form.get("client_secret") == Some(SECRET),
    };
    let verifier = Verifier::parse(form.get("code_verifier").unwrap()).unwrap();
    assert!(proves && form.get("code") == Some(CODE) && form.get("grant_type") == Some("authorization_code"), "{headers:?}");
    assert_eq!(verifier.challenge().to_text(), script.challenge);
    assert_eq!(form.get("redirect_uri"), Some("https://tokens.example/signin/with/corp/callback"));
    if let Some((status, body)) = &script.instead {
        return (StatusCode::from_u16(*status).unwrap(), body.clone());
    }
    let token = match script.token {
        Some(token) => token(&script),
        None => Signer::new(script.signer.clone(), script.kind).sign(script.claims.to_string().as_bytes()).unwrap(),
    };
    (StatusCode::OK, json!({"access_token": "theirs", "token_type": "Bearer", "id_token": token}).to_string())
}

/// A world with a provider that speaks for corp.example and takes people in.
async fn stage(more: Value) -> (World, Provider) {
    let world = World::new().await;
    let provider = Provider::new(&world).await;
    let mut body = json!({
        "name": "corp", "title": "Example Corp", "issuer": provider.url, "client_id": "jeton", "client_secret": SECRET,
        "domains": ["corp.example"], "creates_users": true,
    });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_else(Map::new));
    let made = world.done(Method::POST, "/providers", Some(body)).await;
    assert!(!made.to_string().contains("secret"), "{made}");
    assert_eq!(made["redirect_uri"], "https://tokens.example/signin/with/corp/callback");
    (world, provider)
}

/// The address that the provider is asked at, by the link on the page where people sign in; or the page that comes instead.
async fn sent(browser: &mut Browser<'_>) -> Arrived {
    let page = browser.open("/signin").await.page();
    assert!(page.answer.text().contains("Continue with Example Corp"), "{}", page.answer.shown());
    chosen(browser, &page).await
}

/// The address that the provider is asked at, by the link on a page.
async fn chosen(browser: &mut Browser<'_>, page: &Page) -> Arrived {
    let text = page.answer.text();
    let begin = text.find("/signin/with/corp?flow=").unwrap();
    let link = text[begin..].split('"').next().unwrap().to_owned();
    browser.open(&link).await
}

/// Somebody goes to the provider and comes back, with these parameters in place of the usual ones.
async fn through(browser: &mut Browser<'_>, provider: &Provider, given: &[(&str, &str)]) -> Arrived {
    let asked = sent(browser).await;
    back(browser, provider, asked, given).await
}

/// Somebody who is sent to the provider comes back, with these parameters in place of the usual ones.
async fn back(browser: &mut Browser<'_>, provider: &Provider, asked: Arrived, given: &[(&str, &str)]) -> Arrived {
    let to = match asked {
        Arrived::Away(to) => to,
        page => return page,
    };
    assert!(to.starts_with(&format!("{}/authorize?tenant=7&", provider.url)), "{to}");
    let asked = Arrived::Away(to);
    let said = |name: &str| asked.clone().parameter(name);
    assert_eq!((said("client_id"), said("response_type"), said("code_challenge_method")), ("jeton".into(), "code".into(), "S256".into()));
    assert_eq!(said("scope"), "openid profile email");
    provider.change(|script| {
        script.challenge = said("code_challenge");
        if script.claims.get("nonce").is_none() {
            script.claims["nonce"] = json!(said("nonce"));
        }
    });
    let mut parameters = vec![("code", CODE.to_owned()), ("state", said("state"))];
    for (name, value) in given {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, (*value).to_owned()));
    }
    let said =
        jeton_oauth::form::encode(parameters.iter().map(|(name, value)| (*name, value.as_str())).filter(|(_, value)| !value.is_empty()));
    let arrived = browser.open(&format!("{}?{said}", asked.parameter("redirect_uri"))).await;
    provider.change(|script| drop(script.claims.as_object_mut().unwrap().remove("nonce")));
    arrived
}

async fn heading(browser: &mut Browser<'_>, provider: &Provider) -> String {
    through(browser, provider, &[]).await.page().heading()
}

/// Comes from the provider in a browser that was never here, and tells which page that leads to.
async fn comes(world: &World, provider: &Provider) -> String {
    let mut browser = world.browser();
    let heading = heading(&mut browser, provider).await;
    assert_eq!(heading == IN, browser.cookie("session").is_some(), "{heading}");
    heading
}

async fn people(world: &World) -> Vec<Value> {
    world.done(Method::GET, "/users", None).await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn whoever_comes_first_is_taken_in_and_is_the_same_when_they_come_again() {
    let (world, provider) = stage(json!({})).await;
    assert_eq!(comes(&world, &provider).await, IN);
    let before = people(&world).await;
    assert_eq!(before.len(), 1);
    let person = &before[0];
    assert_eq!(
        (&person["username"], &person["name"], &person["email"], &person["email_verified"]),
        (&json!("ada"), &json!("Ada Example"), &json!("Ada@Corp.example"), &json!(true))
    );
    // By what the provider calls them, whatever else it says by then.
    provider.change(|script| {
        script.claims["email"] = json!("countess@corp.example");
        script.claims["preferred_username"] = json!("countess");
    });
    world.advance(30);
    assert_eq!(comes(&world, &provider).await, IN);
    assert_eq!(people(&world).await, before);
    // Somebody else of the same name gets another one.
    provider.change(|script| {
        script.claims["sub"] = json!("another ada");
        script.claims["preferred_username"] = json!("Ada@corp.example");
    });
    assert_eq!(comes(&world, &provider).await, IN);
    let names: Vec<Value> = people(&world).await.iter().map(|person| person["username"].clone()).collect();
    assert!(names.len() == 2 && names[1].as_str().unwrap().starts_with("ada-"), "{names:?}");
}

#[tokio::test]
async fn what_deviates_signs_nobody_in_and_writes_nothing() {
    type Change = fn(&mut Script);
    let claims: &[(&str, Change)] = &[
        ("another issuer", |script| script.claims["iss"] = json!("https://evil.example")),
        ("no issuer", |script| drop(script.claims.as_object_mut().unwrap().remove("iss"))),
        ("another audience", |script| script.claims["aud"] = json!("other")),
        ("no audience", |script| drop(script.claims.as_object_mut().unwrap().remove("aud"))),
        ("several audiences", |script| script.claims["aud"] = json!(["jeton", "other"])),
        ("another party", |script| script.claims["azp"] = json!("other")),
        ("another nonce", |script| script.claims["nonce"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("a nonce of no text", |script| script.claims["nonce"] = json!(7)),
        ("no end", |script| drop(script.claims.as_object_mut().unwrap().remove("exp"))),
        ("over", |script| script.claims["exp"] = json!(script.claims["iat"].as_i64().unwrap() - 61)),
        ("no time", |script| drop(script.claims.as_object_mut().unwrap().remove("iat"))),
        ("of tomorrow", |script| script.claims["iat"] = json!(script.claims["iat"].as_i64().unwrap() + 86_400)),
        ("nobody", |script| drop(script.claims.as_object_mut().unwrap().remove("sub"))),
        ("an empty subject", |script| script.claims["sub"] = json!("")),
        ("a subject without end", |script| script.claims["sub"] = json!("x".repeat(256))),
        ("another kind of token", |script| script.kind = "at+jwt"),
        ("another key", |script| script.signer = key()),
        ("no signature", |script| {
            script.token = Some(|script| {
                let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
                format!("{}.{}.", part(json!({"alg": "none"})), part(script.claims.clone()))
            });
        }),
        ("signed by our secret", |script| {
            let secret = Zeroizing::new(SECRET.repeat(3).into_bytes());
            script.signer = Arc::new(SigningKey::hmac(Algorithm::Hs256, secret, None).unwrap());
        }),
        ("no address", |script| drop(script.claims.as_object_mut().unwrap().remove("email"))),
        ("an address of others", |script| script.claims["email"] = json!("ada@corp.example.evil.example")),
        ("an address that is not theirs", |script| script.claims["email_verified"] = json!(false)),
        ("a word that is not `true`", |script| script.claims["email_verified"] = json!("true")),
        ("somebody else's userinfo", |script| {
            script.claims.as_object_mut().unwrap().remove("email");
            script.userinfo = json!({"sub": "eve", "email": "ada@corp.example", "email_verified": true});
        }),
        ("an error", |script| script.instead = Some((400, json!({"error": "invalid_grant"}).to_string()))),
        ("a redirect", |script| script.instead = Some((307, String::new()))),
        ("no token", |script| script.instead = Some((200, json!({"access_token": "theirs"}).to_string()))),
        ("no JSON", |script| script.instead = Some((200, "<html>".to_owned()))),
        ("two tokens", |script| script.instead = Some((200, r#"{"id_token":"a.b.c","id_token":"a.b.c"}"#.to_owned()))),
        ("more than fits", |script| script.instead = Some((200, format!("{{\"id_token\":\"{}\"}}", "a".repeat(70_000))))),
    ];
    let documents: &[(&str, Change)] = &[
        ("a document of another issuer", |script| script.document["issuer"] = json!("https://evil.example")),
        ("a document elsewhere", |script| {
            let here = script.document["issuer"].as_str().unwrap().to_owned();
            script.document_at = Some(format!("{here}/elsewhere"));
        }),
        ("no keys", |script| drop(script.document.as_object_mut().unwrap().remove("jwks_uri"))),
        ("keys in the clear", |script| script.document["jwks_uri"] = json!("http://keys.example/keys")),
        ("keys within", |script| script.document["jwks_uri"] = json!("https://127.0.0.1/keys")),
        ("keys of a cloud", |script| script.document["jwks_uri"] = json!("https://169.254.169.254/keys")),
        ("keys at a name of within", |script| script.document["jwks_uri"] = json!("https://localhost/keys")),
        ("codes in the clear", |script| script.document["token_endpoint"] = json!("http://corp.example/token")),
        ("a page of no address", |script| script.document["authorization_endpoint"] = json!("javascript:alert(1)")),
        ("no secrets", |script| script.document["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"])),
        ("more than fits", |script| script.document["more"] = json!("x".repeat(70_000))),
        ("promised issuers", |script| script.document["authorization_response_iss_parameter_supported"] = json!(true)),
    ];
    for (what, change) in claims.iter().chain(documents) {
        let (world, provider) = stage(json!({})).await;
        provider.change(change);
        let written = (world.ledger_size(), world.commits());
        assert_eq!(comes(&world, &provider).await, REFUSED, "{what}");
        assert_eq!((world.ledger_size(), world.commits(), people(&world).await.len()), (written.0, written.1, 0), "{what}");
    }
    // The same provider without any of it.
    let (world, provider) = stage(json!({})).await;
    assert_eq!(comes(&world, &provider).await, IN);
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_for_the_provider_that_was_asked() {
    let (world, provider) = stage(json!({})).await;
    let mut browser = world.browser();
    let iss = provider.url.clone();
    for (given, expected) in [
        (&[("iss", "https://evil.example")][..], REFUSED),
        (&[("code", ""), ("error", "access_denied"), ("error_description", "<b>no</b>")], REFUSED),
        (&[("state", "")], "This took too long"),
        (&[("state", "abcdefgh.AAAAAAAAAAAAAAAAAAAAAA")], "This took too long"),
        (&[("iss", &iss)], IN),
    ] {
        let page = through(&mut browser, &provider, given).await.page();
        assert_eq!(page.heading(), expected, "{given:?}");
        assert!(!page.answer.text().contains("<b>no") && !page.answer.text().contains("access_denied"), "{given:?}");
    }
    // Another browser has no such flow: a link that somebody sends signs nobody in as them.
    let mut browser = world.browser();
    let asked = sent(&mut browser).await;
    let (to, state) = (asked.clone().parameter("redirect_uri"), asked.parameter("state"));
    let back = format!("{to}?code=x&state={state}");
    let mut victim = world.browser();
    assert_eq!(victim.open(&back).await.page().heading(), "This took too long");
    assert!(victim.cookie("session").is_none());
    // Nor is what was asked of one provider taken from another.
    let other = json!({"name": "other", "issuer": "https://other.example", "client_id": "x", "client_secret": "y"});
    world.done(Method::POST, "/providers", Some(other)).await;
    let back = back.replace("/corp/", "/other/");
    assert_eq!(browser.open(&back).await.page().heading(), "This took too long");
}

#[tokio::test]
async fn an_address_proves_somebody_where_both_sides_know_that_it_is_theirs() {
    let ada = |verified: bool| json!({"username": "lovelace", "email": "ada@corp.example", "email_verified": verified});
    async fn check(person: Value, more: Value, change: impl FnOnce(&World), expected: &str) {
        let (world, provider) = stage(more.clone()).await;
        world.done(Method::POST, "/users", Some(person.clone())).await;
        change(&world);
        assert_eq!(comes(&world, &provider).await, expected, "{person} {more}");
        let people = people(&world).await;
        assert!(people.len() == 1 && people[0]["username"] == "lovelace", "{people:?}");
    }
    check(ada(true), json!({}), |_| {}, IN).await;
    check(ada(true), json!({"creates_users": false}), |_| {}, IN).await;
    // It was never shown that she reads there.
    check(ada(false), json!({"creates_users": false}), |_| {}, REFUSED).await;
    // Nobody said that the provider speaks for this domain.
    check(ada(true), json!({"domains": [], "creates_users": false}), |_| {}, REFUSED).await;
    check(ada(true), json!({"domains": ["other.example"]}), |_| {}, REFUSED).await;
}

#[tokio::test]
async fn an_address_that_nobody_proves_tells_nothing_and_stands_in_nobodys_way() {
    // Who only wrote it down has not taken it from whose it is, and is not them.
    let (world, provider) = stage(json!({})).await;
    world.done(Method::POST, "/users", Some(json!({"username": "eve", "email": "ada@corp.example"}))).await;
    assert_eq!(comes(&world, &provider).await, IN);
    let known = people(&world).await;
    let of = |name: &str| known.iter().find(|person| person["username"] == name).unwrap().clone();
    assert_eq!((&of("ada")["email_verified"], &of("eve")["email_verified"]), (&json!(true), &json!(false)));
    // Whoever may write any address there learns nothing of whose it is here, and does not keep it.
    let (world, provider) = stage(json!({"domains": []})).await;
    world.done(Method::POST, "/users", Some(json!({"username": "boss", "email": "ada@corp.example", "email_verified": true}))).await;
    assert_eq!(comes(&world, &provider).await, IN);
    assert_eq!(world.done(Method::GET, "/users/ada", None).await["email"], Value::Null);
}

#[tokio::test]
async fn an_address_that_passed_to_another_leads_to_nobody_whom_the_provider_calls_otherwise() {
    let (world, provider) = stage(json!({})).await;
    assert_eq!(comes(&world, &provider).await, IN);
    provider.change(|script| script.claims["sub"] = json!("another ada at corp"));
    assert_eq!(comes(&world, &provider).await, REFUSED);
    provider.change(|script| script.claims["sub"] = json!("ada at corp"));
    assert_eq!(comes(&world, &provider).await, IN);
}

#[tokio::test]
async fn nobody_administers_by_an_address_and_nobody_comes_who_is_disabled() {
    let (world, provider) = stage(json!({})).await;
    let boss = json!({"username": "boss", "email": "ada@corp.example", "email_verified": true});
    world.done(Method::POST, "/users", Some(boss)).await;
    world.done(Method::PUT, "/roles/role_auditor/assignments/user:boss", None).await;
    assert_eq!(comes(&world, &provider).await, REFUSED);
    world.done(Method::DELETE, "/roles/role_auditor/assignments/user:boss", None).await;
    assert_eq!(comes(&world, &provider).await, IN);
    // Nor by one that was proven before they administered.
    world.done(Method::PUT, "/roles/role_auditor/assignments/user:boss", None).await;
    assert_eq!(comes(&world, &provider).await, REFUSED);
    world.done(Method::DELETE, "/roles/role_auditor/assignments/user:boss", None).await;
    world.done(Method::POST, "/users/boss/disable", Some(json!({}))).await;
    assert_eq!(comes(&world, &provider).await, REFUSED);
    // Without the provider nobody chooses it, and nobody comes back from it.
    world.done(Method::DELETE, "/providers/corp", None).await;
    assert!(!world.browser().open("/signin").await.page().answer.text().contains("Continue with"));
    assert_eq!(world.browser().open("/signin/with/corp").await.page().heading(), "This took too long");
}

#[tokio::test]
async fn roles_follow_what_the_provider_says() {
    let (world, provider) = stage(json!({})).await;
    world.api("orders").await;
    for name in ["clerk", "packer"] {
        world.done(Method::POST, "/roles", Some(json!({"audience": "https://orders.example", "name": name, "scope": "orders:read"}))).await;
    }
    let map = json!({"role_claim": "groups", "roles": {"sellers": "clerk", "shippers": "packer"}});
    world.done(Method::PATCH, "/providers/corp", Some(map)).await;
    for (groups, expected) in [
        (json!(["sellers", "others"]), vec!["clerk"]),
        (json!(["sellers", "shippers"]), vec!["clerk", "packer"]),
        (json!("shippers"), vec!["packer"]),
        (json!({"sellers": true}), vec![]),
        (Value::Null, vec![]),
    ] {
        provider.change(|script| script.claims["groups"] = groups.clone());
        assert_eq!(comes(&world, &provider).await, IN, "{groups}");
        let person = world.done(Method::GET, "/users/ada", None).await;
        let mut held: Vec<&str> = person["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
        held.sort_unstable();
        assert_eq!(held, expected, "{groups}");
    }
    // No claim makes an administrator.
    let owner = json!({"roles": {"sellers": "role_owner"}});
    assert_eq!(world.administer(Method::PATCH, "/providers/corp", Some(owner)).await.status, 403);
}

#[tokio::test]
async fn userinfo_fills_in_and_a_second_factor_is_still_asked_for() {
    let (world, provider) = stage(json!({})).await;
    provider.change(|script| {
        let claims = script.claims.as_object_mut().unwrap();
        let said: Vec<_> = ["email", "email_verified"].map(|name| (name.to_owned(), claims.remove(name).unwrap())).into();
        script.userinfo.as_object_mut().unwrap().extend(said);
        script.document["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    });
    let mut browser = world.browser();
    assert_eq!(heading(&mut browser, &provider).await, IN);
    let (telephone, _) = browser.set_second_factor(&world).await;
    world.advance(300);
    let mut another = world.browser();
    let page = through(&mut another, &provider, &[]).await.page();
    assert_eq!(page.heading(), "Show that it is you");
    assert!(another.cookie("session").is_none());
    assert_eq!(another.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), IN);
}

#[tokio::test]
async fn keys_are_fetched_anew_for_one_that_is_not_known_and_no_more_often_than_it_helps() {
    let (world, provider) = stage(json!({})).await;
    assert_eq!(comes(&world, &provider).await, IN);
    let next = key();
    provider.change(|script| script.signer = next.clone());
    world.advance(61);
    // Nobody publishes it: each minute one such token has the keys fetched, and the next ones nothing.
    for _ in 0..3 {
        assert_eq!(comes(&world, &provider).await, REFUSED);
    }
    assert_eq!(provider.script.lock().unwrap().keys_asked, 2);
    provider.change(|script| script.keys.push(next));
    world.advance(61);
    assert_eq!(comes(&world, &provider).await, IN);
    assert_eq!(provider.script.lock().unwrap().keys_asked, 3);
}

#[tokio::test]
async fn who_shows_nothing_at_the_provider_is_not_taken_for_who_did_a_moment_ago() {
    let (world, provider) = stage(json!({})).await;
    let now = world.now();
    for (auth_time, is_fresh) in [(json!(now), true), (json!(now - 3_600), false), (json!(now.to_string()), false), (Value::Null, false)] {
        provider.change(|script| script.claims["auth_time"] = auth_time.clone());
        let mut browser = world.browser();
        assert_eq!(heading(&mut browser, &provider).await, IN);
        let page = browser.open(PROVIDERS).await.page();
        assert_eq!(page.heading() == OWN, is_fresh, "{auth_time}");
        if is_fresh {
            continue;
        }
        // Who is signed in is asked to show it there, and counts as soon as it says so.
        let asked = chosen(&mut browser, &page).await;
        assert_eq!((asked.clone().parameter("prompt"), asked.clone().parameter("max_age")), ("login".into(), "0".into()));
        provider.change(|script| script.claims["auth_time"] = json!(now));
        back(&mut browser, &provider, asked, &[]).await;
        assert_eq!(browser.open(PROVIDERS).await.page().heading(), OWN, "{auth_time}");
    }
}

#[tokio::test]
async fn whoever_finds_a_page_open_connects_nothing() {
    let (world, provider) = stage(json!({"creates_users": false})).await;
    world.person("bob").await;
    let mut browser = world.browser();
    let page = at_providers(&mut browser, "bob").await;
    let asked = chosen(&mut browser, &page).await;
    world.advance(601);
    let now = world.now();
    provider.change(|script| (script.claims["iat"], script.claims["exp"]) = (json!(now), json!(now + 300)));
    let written = (world.ledger_size(), world.commits());
    assert_eq!(back(&mut browser, &provider, asked, &[]).await.page().heading(), "Sign in");
    assert_eq!(chosen(&mut browser, &page).await.page().heading(), "Sign in");
    assert_eq!((world.ledger_size(), world.commits()), written);
}

#[tokio::test]
async fn a_sign_in_under_way_ends_with_what_it_came_by() {
    let (world, provider) = stage(json!({})).await;
    let mut browser = world.browser();
    assert_eq!(heading(&mut browser, &provider).await, IN);
    let (telephone, _) = browser.set_second_factor(&world).await;
    world.advance(60);
    let mut another = world.browser();
    let page = through(&mut another, &provider, &[]).await.page();
    assert_eq!(page.heading(), "Show that it is you");
    world.done(Method::DELETE, "/providers/corp", None).await;
    assert_eq!(another.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Sign in");
    assert!(another.cookie("session").is_none());
}

#[tokio::test]
async fn after_a_restore_with_a_gap_nobody_comes_by_what_may_have_been_taken_back() {
    const WORDS: &str = "whether you may still sign in this way is not known here yet";
    let (world, provider) = stage(json!({})).await;
    assert_eq!(comes(&world, &provider).await, IN);
    world.done(Method::POST, "/users", Some(json!({"username": "bob", "email": "bob@corp.example", "email_verified": true}))).await;
    world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
    world.advance(10);
    let fenced = async |subject: &str, email: &str| {
        provider.change(|script| (script.claims["sub"], script.claims["email"]) = (json!(subject), json!(email)));
        let mut browser = world.browser();
        let page = through(&mut browser, &provider, &[]).await.page();
        assert!(page.answer.status == 503 && page.answer.text().contains(WORDS), "{subject}: {}", page.answer.shown());
        assert!(browser.cookie("session").is_none());
    };
    let written = (world.ledger_size(), world.commits());
    fenced("ada at corp", "ada@corp.example").await;
    fenced("bob at corp", "bob@corp.example").await;
    fenced("carl at corp", "carl@corp.example").await;
    assert_eq!((world.ledger_size(), world.commits()), written);
    // Whoever writes the provider down anew vouches for it, and not for who came by it before, nor for whom an address means.
    world.done(Method::PATCH, "/providers/corp", Some(json!({"title": "Example Corp"}))).await;
    world.done(Method::PATCH, "/providers/corp", Some(json!({"client_secret": SECRET}))).await;
    fenced("ada at corp", "ada@corp.example").await;
    fenced("bob at corp", "bob@corp.example").await;
    assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    assert_eq!(comes(&world, &provider).await, IN);
}

const PROVIDERS: &str = "/account/providers";
const OWN: &str = "Signing in by a provider";

/// Where somebody connects providers who typed their password now.
async fn at_providers(browser: &mut Browser<'_>, username: &str) -> Page {
    let page = browser.open(PROVIDERS).await.page();
    assert_eq!(page.heading(), "Sign in");
    let page = browser.submit(&page, "/signin", None, &[("username", username), ("password", PASSWORD)]).await.page();
    assert_eq!((page.heading().as_str(), page.address.as_str()), (OWN, PROVIDERS), "{}", page.answer.shown());
    page
}

async fn connects(browser: &mut Browser<'_>, provider: &Provider, page: &Page) -> Page {
    let asked = chosen(browser, page).await;
    // Whoever is signed in there by somebody else's doing connects nobody.
    assert_eq!(asked.clone().parameter("prompt"), "login");
    back(browser, provider, asked, &[]).await.page()
}

#[tokio::test]
async fn somebody_connects_a_provider_and_takes_it_back() {
    let (world, provider) = stage(json!({"creates_users": false})).await;
    world.person("boss").await;
    world.done(Method::PUT, "/roles/role_auditor/assignments/user:boss", None).await;
    assert_eq!(comes(&world, &provider).await, REFUSED);
    let mut browser = world.browser();
    let page = at_providers(&mut browser, "boss").await;
    assert!(page.answer.text().contains("You sign in here by no provider"), "{}", page.answer.shown());
    let page = connects(&mut browser, &provider, &page).await;
    assert_eq!((page.heading().as_str(), page.address.as_str()), (OWN, PROVIDERS), "{}", page.answer.shown());
    assert!(!page.answer.text().contains("Connect Example Corp"), "{}", page.answer.shown());
    // They come in by it now, whoever administers: their session proved who they are.
    assert_eq!(comes(&world, &provider).await, IN);
    // Whoever finds the browser open later is asked who they are, and takes nothing back.
    world.advance(601);
    let now = world.now();
    provider.change(|script| (script.claims["iat"], script.claims["exp"]) = (json!(now), json!(now + 300)));
    let (_, identity) = page.form(PROVIDERS).buttons.remove(0);
    assert_eq!(browser.submit(&page, PROVIDERS, Some(&identity), &[]).await.page().heading(), "Sign in");
    assert_eq!(comes(&world, &provider).await, IN);
    let page = at_providers(&mut browser, "boss").await;
    let page = browser.submit(&page, PROVIDERS, Some(&identity), &[]).await.page();
    assert!(page.answer.text().contains("You sign in here by no provider"), "{}", page.answer.shown());
    assert_eq!(comes(&world, &provider).await, REFUSED);
    let told = browser.open("/account/activity").await.page().answer.text();
    assert!(
        told.contains("Signing in by a provider became possible") && told.contains("Signing in by a provider was taken back"),
        "{told}"
    );
}

#[tokio::test]
async fn nobody_is_connected_who_did_not_set_out_or_is_somebody_else_there() {
    let (world, provider) = stage(json!({"domains": []})).await;
    for name in ["bob", "eve"] {
        world.person(name).await;
    }
    let mut browser = world.browser();
    let page = at_providers(&mut browser, "bob").await;
    let asked = chosen(&mut browser, &page).await;
    // Bob signs out, and eve signs in in the same browser: what comes back is not hers.
    let account = browser.open("/account").await.page();
    browser.submit(&account, "/signout", None, &[]).await.page();
    at_providers(&mut browser, "eve").await;
    assert_eq!(back(&mut browser, &provider, asked, &[]).await.page().heading(), "This took too long");
    // Who is known as somebody is nobody else.
    provider.change(|script| drop(script.claims.as_object_mut().unwrap().remove("email")));
    assert_eq!(comes(&world, &provider).await, IN);
    let page = browser.open(PROVIDERS).await.page();
    let written = (world.ledger_size(), world.commits());
    let page = connects(&mut browser, &provider, &page).await;
    assert!(page.heading() == OWN && page.answer.text().contains("It was not connected"), "{}", page.answer.shown());
    assert_eq!((world.ledger_size(), world.commits()), written);
    // What deviates connects nobody.
    provider.change(|script| {
        script.claims["sub"] = json!("eve at corp");
        script.claims["aud"] = json!("other");
    });
    let page = connects(&mut browser, &provider, &page).await;
    assert!(page.heading() == OWN && page.answer.text().contains("It was not connected"), "{}", page.answer.shown());
    assert_eq!((world.ledger_size(), world.commits()), written);
}

#[tokio::test]
async fn what_alone_signs_somebody_in_is_not_taken_back() {
    let (world, provider) = stage(json!({})).await;
    let mut browser = world.browser();
    assert_eq!(heading(&mut browser, &provider).await, IN);
    let page = browser.open(PROVIDERS).await.page();
    let (_, identity) = page.form(PROVIDERS).buttons.remove(0);
    let page = browser.submit(&page, PROVIDERS, Some(&identity), &[]).await.page();
    assert!(page.answer.text().contains("You sign in by this alone"), "{}", page.answer.shown());
    assert_eq!(comes(&world, &provider).await, IN);
}
