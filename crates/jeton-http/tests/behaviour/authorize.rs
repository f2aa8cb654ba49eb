//! What is wrong with an authorization request is said where the standard wants it: on a page of ours while nobody knows where an answer may go,
//! and to the application from then on, with its `state` and who answers.

use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use jeton_core::event::CutOffSubject;
use jeton_core::why::Why;
use jeton_oauth::form::Form;
use jeton_testkit::World;
use jeton_testkit::world::browser::Browser;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::{CHALLENGE, PASSWORD, asking};

#[tokio::test]
async fn what_nobody_may_be_sent_for_stays_on_a_page() {
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let two = world.application_with("two", &[], |request| request.redirect_uris.push("https://two.example/other".to_owned())).await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let client = format!("client_id={}", shop.id);
    for (query, heading) in [
        (String::new(), "This link does not work"),
        ("client_id=".to_owned(), "This link does not work"),
        (format!("{client}&{client}"), "This link does not work"),
        (
            format!("{client}&redirect_uri=https://shop.example/callback&redirect_uri=https://shop.example/callback"),
            "This link does not work",
        ),
        (format!("{client}&state=%zz"), "This link does not work"),
        (format!("{client}&state=%ff"), "This link does not work"),
        (format!("{client}&state={}", "s".repeat(8_192)), "The request is too long"),
        ("client_id=nobody".to_owned(), "The application is not known here"),
        ("client_id=%3Cscript%3Ealert(1)%3C/script%3E".to_owned(), "The application is not known here"),
        (format!("client_id={}&response_type=code", two.id), "The way back is not registered"),
        (format!("client_id={}&response_type=code", worker.id), "People do not sign in to this application"),
    ] {
        let answer = world.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(answer.status, 400, "{query:.100}: {}", answer.shown());
        assert!(answer.text().contains(&format!("<h1>{heading}</h1>")), "{query:.100}: {}", answer.text());
        assert!(answer.headers.get("location").is_none() && !answer.text().contains("<script"), "{query:.100}");
        // The same by a form, as OpenID Connect Core 1.0 section 3.1.2.1 wants it.
        let posted = post(&world, &query).await;
        assert!(matches!(posted.status, 400 | 413) && posted.headers.get("location").is_none(), "{query:.100}: {}", posted.shown());
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let native = world
        .application_with("native", &[], |request| {
            request.application = Some("native".to_owned());
            request.redirect_uris = vec!["http://127.0.0.1/cb".to_owned(), "com.example.app:/cb".to_owned()];
        })
        .await;
    for uri in [
        "https://shop.example/callback/",
        "https://shop.example/callback?x=1",
        "https://shop.example/callback#x",
        "https://shop.example/Callback",
        "https://shop.example:443/callback",
        "https://shop.example/%63allback",
        "https://shop.example/./callback",
        "https://shop.example.evil.example/callback",
        "https://evil.example/callback",
        "https://shop.example@evil.example/callback",
        "https://evil.example\\@shop.example/callback",
        "http://shop.example/callback",
        "//shop.example/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://shop.example/callback\r\nSet-Cookie: a=b",
        " https://shop.example/callback",
    ] {
        let answer = world.get(&asking(&shop, "shop", &[("redirect_uri", uri)])).await;
        assert_eq!(answer.status, 400, "{uri}: {}", answer.shown());
        assert!(answer.headers.get("location").is_none() && answer.headers.get("set-cookie").is_none(), "{uri}: {}", answer.shown());
    }
    for (uri, expected) in [
        ("http://127.0.0.1:53123/cb", 303),
        ("http://127.0.0.1/cb", 303),
        ("com.example.app:/cb", 303),
        ("http://127.0.0.1:53123/other", 400),
        ("http://localhost:53123/cb", 400),
        ("http://[::1]:53123/cb", 400),
        ("com.example.app:/other", 400),
    ] {
        let answer = world.get(&asking(&native, "native", &[("redirect_uri", uri)])).await;
        assert_eq!(answer.status, expected, "{uri}: {}", answer.shown());
    }
    // Where only one is registered it need not be said.
    assert_eq!(world.get(&asking(&shop, "shop", &[("redirect_uri", "")])).await.status, 303);
}

/// Addresses by chance, made of pieces of the one that is registered and of others: no answer goes to one that is not it.
#[tokio::test]
async fn of_a_thousand_addresses_by_chance_none_is_gone_to_that_is_not_registered() {
    const REGISTERED: &str = "https://shop.example/callback";
    const PIECES: [&str; 24] = [
        "https://",
        "http://",
        "//",
        "shop.example",
        "evil.example",
        "/callback",
        "/",
        "?",
        "#",
        "@",
        ":",
        ":443",
        "\\",
        "%2f",
        "%00",
        ".",
        "..",
        "a",
        "\n",
        " ",
        "\u{202e}",
        "javascript:",
        "127.0.0.1",
        ";",
    ];
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let mut chance = jeton_core::moment::Moment::new(jeton_core::moment::Time::EPOCH, [9; 32]);
    let mut piece = || PIECES[usize::from(chance.draw::<1>()[0]) % PIECES.len()];
    let mut refused = 0;
    for round in 0..1_000_usize {
        let mut uri = if round % 2 == 0 { REGISTERED.to_owned() } else { "https://shop.example".to_owned() };
        for _ in 0..=round % 3 {
            uri = match round % 5 {
                0 => format!("{}{uri}", piece()),
                1 | 2 => format!("{uri}{}", piece()),
                _ => {
                    let (from, to) = (piece(), piece());
                    uri.replacen(from, to, 1)
                }
            };
        }
        // With an error, which would go back at once, and without.
        for wrong in ["code", "token"] {
            let answer = world.get(&asking(&shop, "shop", &[("redirect_uri", &uri), ("response_type", wrong)])).await;
            if uri == REGISTERED {
                assert_eq!(answer.status, 303, "{uri:?}");
            } else {
                assert_eq!(answer.status, 400, "{uri:?}: {}", answer.shown());
                assert!(answer.headers.get("location").is_none(), "{uri:?}: {}", answer.shown());
                refused += 1;
            }
        }
    }
    assert!(refused > 1_200, "{refused}");
}

#[tokio::test]
async fn what_is_wrong_goes_back_to_the_application() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.application("shop", &[&orders]).await;
    let long = "s".repeat(513);
    for (more, expected) in [
        (&[("response_type", "")][..], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("nonce", &long)], "invalid_request"),
        (&[("request", "a.b.c")], "request_not_supported"),
        (&[("request_uri", "urn:x")], "request_uri_not_supported"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("scope", "openid unknown")], "invalid_scope"),
        (&[("scope", "openid  orders:read")], "invalid_scope"),
        (&[("scope", "\"")], "invalid_scope"),
        (&[("resource", "https://nowhere.example")], "invalid_target"),
        (&[("resource", "relative")], "invalid_target"),
        (&[("resource", "https://orders.example/#part")], "invalid_target"),
    ] {
        check(&world, &asking(&shop, "shop", more), expected).await;
    }
    let twice = format!("{}&scope=openid", asking(&shop, "shop", &[]));
    check(&world, &twice, "invalid_request").await;
    // Who may ask for no API knows no scope of one.
    let bare =
        world.application_with("bare", &[], |request| request.redirect_uris = vec!["https://shop.example/callback".to_owned()]).await;
    for scope in ["openid orders:read", "orders:read", ""] {
        check(&world, &asking(&bare, "shop", &[("scope", scope)]), "invalid_scope").await;
    }
    // A state that was sent twice is given back by nobody.
    let answer = world.get(&format!("{}&state=b", asking(&shop, "shop", &[]))).await;
    let back = back_of(answer.header("location"));
    assert_eq!((back.get("error"), back.get("state")), (Some("invalid_request"), None), "{}", answer.shown());
    world
        .service()
        .suspend_all((CutOffSubject::Client, &shop.id), (true, &Why::Unspecified.into()), &administrator(), &world.moment())
        .await
        .unwrap();
    check(&world, &asking(&shop, "shop", &[]), "unauthorized_client").await;
}

/// An application hears of an error at once, and nothing was begun for it.
async fn check(world: &World, address: &str, expected: &str) {
    let size = world.ledger_size();
    let answer = world.get(address).await;
    assert_eq!(answer.status, 303, "{address}: {}", answer.shown());
    let location = answer.header("location").to_owned();
    assert!(location.starts_with("https://shop.example/callback?error="), "{address}: {location}");
    let back = back_of(&location);
    assert_eq!(
        (back.get("error"), back.get("state"), back.get("iss")),
        (Some(expected), Some("a state"), Some(world.issuer())),
        "{location}"
    );
    assert!(answer.headers.get("set-cookie").is_none(), "{address}: {}", answer.shown());
    assert_eq!((answer.header("cache-control"), world.ledger_size()), ("no-store", size));
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "no page of elsewhere reads it");
}

fn back_of(location: &str) -> Form<'_> {
    Form::parse(location.split_once('?').map_or("", |(_, query)| query).as_bytes()).unwrap()
}

#[tokio::test]
async fn where_no_page_may_be_shown_the_application_hears_why() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    let silent = asking(&shop, "shop", &[("prompt", "none")]);
    let mut browser = world.browser();
    assert_eq!(browser.open(&silent).await.parameter("error"), "login_required");
    sign_in(&mut browser).await;
    assert_eq!(browser.open(&silent).await.parameter("error"), "consent_required");
    let consent = browser.open(&asking(&shop, "shop", &[])).await.page();
    browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.away();
    assert!(browser.open(&silent).await.parameter("code").starts_with("jtn_ac_"));
    assert_eq!(
        browser.open(&asking(&shop, "shop", &[("prompt", "none"), ("scope", "openid email")])).await.parameter("error"),
        "consent_required"
    );
    world.advance(10);
    assert_eq!(browser.open(&asking(&shop, "shop", &[("prompt", "none"), ("max_age", "9")])).await.parameter("error"), "login_required");
    assert!(browser.open(&asking(&shop, "shop", &[("prompt", "none"), ("max_age", "60")])).await.parameter("code").starts_with("jtn_ac_"));
    // Of what nobody let them have, nothing can be given.
    let denied = asking(&shop, "shop", &[("scope", "orders:write"), ("prompt", "none")]);
    assert_eq!(browser.open(&denied).await.parameter("error"), "access_denied");
}

#[tokio::test]
async fn who_must_sign_in_again_does() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    sign_in(&mut browser).await;
    world.advance(100);
    for (more, expected) in [
        (&[("prompt", "login")][..], "Sign in"),
        (&[("prompt", "select_account")], "Sign in"),
        (&[("max_age", "99")], "Sign in"),
        (&[("max_age", "0")], "Sign in"),
        (&[("max_age", "100")], "Allow shop?"),
        (&[("prompt", "consent")], "Allow shop?"),
        (&[], "Allow shop?"),
    ] {
        assert_eq!(browser.open(&asking(&shop, "shop", more)).await.page().heading(), expected, "{more:?}");
    }
    // Asked again each time where the application wants it.
    let consent = browser.open(&asking(&shop, "shop", &[])).await.page();
    browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.away();
    let again = browser.open(&asking(&shop, "shop", &[("prompt", "consent")])).await.page();
    assert_eq!(again.heading(), "Allow shop?");
    assert!(browser.submit(&again, "/oauth/authorize", Some("allow"), &[]).await.parameter("code").starts_with("jtn_ac_"));
}

#[tokio::test]
async fn an_answer_may_be_posted() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let address = asking(&shop, "shop", &[("response_mode", "form_post"), ("state", "a\"b<c>&é")]);
    let mut browser = world.browser();
    sign_in(&mut browser).await;
    let consent = browser.open(&address).await.page();
    let page = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.page();
    assert_eq!(page.heading(), "Going on to shop");
    let form = page.form("https://shop.example/callback");
    let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(form.fields[1].1, "a\"b<c>&é", "byte for byte");
    assert!(page.answer.header("content-security-policy").contains("form-action 'self' https://shop.example;"), "{}", page.answer.shown());
    // An error travels the same way.
    let refused = browser.open(&asking(&shop, "shop", &[("response_mode", "form_post"), ("response_type", "token")])).await.page();
    assert_eq!(refused.form("https://shop.example/callback").fields[0], ("error".to_owned(), "unsupported_response_type".to_owned()));
}

#[tokio::test]
async fn an_application_may_ask_by_a_form_and_the_hint_stands_in_the_page() {
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let query = asking(&shop, "shop", &[("login_hint", "ada\u{202e}<b>"), ("state", "s")]);
    let body = query.split_once('?').unwrap().1;
    let answer = post(&world, body).await;
    assert_eq!(answer.status, 303, "{}", answer.shown());
    let (mut browser, location) = (world.browser(), answer.header("location").to_owned());
    assert!(location.starts_with("/oauth/authorize?flow=") && location.len() == "/oauth/authorize?flow=".len() + 8, "{location}");
    assert_eq!(browser.open(&query).await.page().form("/signin").fields[1], ("username".to_owned(), "ada\u{fffd}<b>".to_owned()));
    for (kind, body, expected) in [
        ("application/json", "{}".to_owned(), 400),
        ("text/plain", body.to_owned(), 400),
        ("application/x-www-form-urlencoded", "a".repeat(1_000_000), 413),
    ] {
        let request = Request::post("/oauth/authorize").header(CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        assert_eq!(world.send(request).await.status, expected, "{kind}");
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let request = Request::builder().method(method).uri("/oauth/authorize").body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_pages_below_it() {
    let world = World::of("https://example.com/tokens").await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    let address = format!("/tokens{}", asking(&shop, "shop", &[]));
    let page = browser.open(&address).await.page();
    assert!(page.address.starts_with("/tokens/signin?flow="), "{}", page.address);
    let consent = browser.submit(&page, "/tokens/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    let away = browser.submit(&consent, "/tokens/oauth/authorize", Some("allow"), &[]).await.parameter("iss");
    assert_eq!(away, "https://example.com/tokens");
    assert!(page.answer.text().contains("href=\"/tokens/assets/style-"), "{}", page.answer.text());
}

async fn post(world: &World, body: &str) -> jeton_testkit::world::answer::Answer {
    let request = Request::post("/oauth/authorize").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    // A page of elsewhere posts it, as the standard allows.
    let request = request.header("origin", "https://shop.example").header("sec-fetch-site", "cross-site");
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn sign_in(browser: &mut Browser<'_>) {
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
}

#[test]
fn the_challenge_is_that_of_the_standard() {
    let verifier = jeton_oauth::pkce::Verifier::parse(jeton_testkit::world::people::VERIFIER).unwrap();
    assert_eq!(verifier.challenge().to_text(), CHALLENGE);
}
