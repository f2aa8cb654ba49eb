//! The examples beside the running program: somebody signs in to the web application, which calls the API for them, until it is over.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here must fail the test")]

mod person;
mod place;

use std::time::Duration;

use jeton_example_api::AUDIENCE;
use person::Person;
use place::Place;
use serde_json::Value;

/// By when a verifier has heard of a revocation, at the latest.
const WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn no_token_comes_to_a_browser() {
    let place = Place::new("1h").await;
    let mut ada = Person::new(&place);
    let page = ada.open(&place.home).await;
    assert!(page.answer.text().contains("Sign in"), "{}", page.answer.shown());
    assert_eq!(ada.ask_orders().await, 401);
    let page = ada.sign_in().await;
    let text = page.answer.text();
    assert!(text.contains("Signed in as Ada &lt;i&gt;Example&lt;/i&gt;."), "{text}");
    assert_eq!((ada.ask_orders().await, ada.last_body().as_str()), (200, r#"[{"item":"tea","order":1}]"#));
    // What it asks for, at Jeton.
    let asked = ada.sent_to("client_id=");
    for part in ["response_type=code", "code_challenge_method=S256", "state=", "nonce=", "code_challenge=", "openid+profile+orders%3Aread"]
    {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    // The page: only its own script runs, which asks its own server alone, and nobody keeps it.
    let policy = page.answer.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert_eq!((policy.contains("unsafe"), page.answer.header("cache-control")), (false, "no-store"));
    let script = ada.open(&format!("{}/page.js", place.home)).await;
    assert_eq!(script.answer.header("content-type"), "text/javascript");
    assert!(text.contains(r#"<script type="module" src="/page.js"></script>"#) && !text.contains("<script>"), "{text}");
    // Nothing that the application told a browser, in a head or a body, has a token in it; nor has a cookie.
    let tokens = place.presented();
    assert!(!tokens.is_empty());
    let looks_like =
        |text: &str| text.contains("eyJhbGciOi") || text.contains("jtn_") || tokens.iter().any(|(token, _)| text.contains(token));
    assert!(tokens.iter().all(|(token, _)| looks_like(token)), "it would be seen");
    assert!(ada.told_by(&place.home).len() > 5);
    for told in ada.told_by(&place.home) {
        assert!(!looks_like(told), "{told}");
    }
    let cookies: Vec<_> = ada.cookies().filter(|(name, _)| name.starts_with("shop")).collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert!(cookies.iter().all(|(_, value)| !looks_like(value)), "{cookies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_out_needs_a_second_factor() {
    let place = Place::new("1h").await;
    let mut ada = Person::new(&place);
    let page = ada.sign_in().await;
    let told = ada.press(&page, "/payouts", &[]).await;
    assert_eq!(told.answer.status, 403);
    assert!(told.answer.text().contains(&format!("That needs a second factor. Set one at {}/account/second-factor", place.issuer)));
    let asked = ada.sent_to("acr_values=");
    assert!(asked.contains("acr_values=urn%3Ajeton%3A2fa") && asked.contains("max_age=300"), "{asked}");
    // She sets one at another browser: this one has shown a password and no more.
    let mut elsewhere = Person::new(&place);
    elsewhere.sign_in().await;
    ada.telephone = Some(elsewhere.set_second_factor().await);
    let before = place.presented().len();
    let page = ada.open(&place.home).await;
    let page = ada.press(&page, "/payouts", &[]).await;
    assert_eq!(page.heading(), "Show that it is you", "{}", page.answer.shown());
    let page = ada.go_on(page).await;
    // Nothing was paid behind her back.
    assert!(page.answer.text().contains("Signed in as") && !page.answer.text().contains("Paid out."));
    let page = ada.press(&page, "/payouts", &[]).await;
    assert!(page.answer.text().contains("Paid out."), "{}", page.answer.shown());
    let presented = place.presented();
    let statuses: Vec<u16> = presented.iter().skip(before).map(|(_, status)| *status).collect();
    assert_eq!(statuses, [401, 200]);
    // The tokens of before she proved it are of no use any more.
    place.is_refused_within(WITHIN, &presented.first().unwrap().0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_revoked_has_ended_at_the_api_within_a_second() {
    let place = Place::new("1h").await;
    let mut ada = Person::new(&place);
    ada.sign_in().await;
    assert_eq!(ada.ask_orders().await, 200);
    let (token, _) = place.presented().pop().unwrap();
    place.here(&["revoke", "--user", "ada"]);
    place.is_refused_within(WITHIN, &token).await;
    assert_eq!(ada.ask_orders().await, 401);
    assert_eq!(ada.cookie("shop"), None, "and so it has here");
    assert!(ada.open(&place.home).await.answer.text().contains("Sign in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_it_everywhere() {
    let place = Place::new("1h").await;
    let mut ada = Person::new(&place);
    let page = ada.sign_in().await;
    assert_eq!(ada.ask_orders().await, 200);
    let (token, cookie) = (place.presented().pop().unwrap().0, ada.cookie("shop").unwrap().to_owned());
    let page = ada.press(&page, "/sign-out", &[]).await;
    // She is asked at Jeton, and the application has nothing any more, whatever she says.
    assert_eq!(page.heading(), "Sign out?", "{}", page.answer.shown());
    assert!(!ada.sent_to("/oauth/logout?").contains("id_token_hint"));
    place.is_refused_within(WITHIN, &token).await;
    ada.put_cookie("shop", &cookie);
    assert_eq!(ada.ask_orders().await, 401, "the cookie is worth nothing");
    let page = ada.press(&page, "/oauth/logout", &[("decision", "allow")]).await;
    assert!(page.address.starts_with('/') && page.answer.text().contains("<a href=\"/sign-in\">"), "{}", page.answer.shown());
    let page = ada.open(&format!("{}/sign-in", place.home)).await;
    assert_eq!(page.heading(), "Sign in", "nobody is signed in there");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refreshed_once_however_many_ask() {
    // Too short to be used without another one.
    let place = Place::new("10s").await;
    let mut ada = Person::new(&place);
    ada.sign_in().await;
    for _ in 0..3 {
        assert_eq!(ada.ask_orders().await, 200);
    }
    let mut tokens: Vec<String> = place.presented().into_iter().map(|(token, _)| token).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3, "another one each time");
    let asks = (0..8).map(|_| tokio::spawn(ada.like_a_tab().orders()));
    for asked in asks.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), 200);
    }
    assert_eq!(ada.ask_orders().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_takes_tokens_of_its_own_audience_that_may_what_is_asked() {
    let place = Place::new("1h").await;
    let other = "https://other.example";
    place.here(&["api", "create", "--audience", other, "--scope", "orders:read=Read"]);
    place.here(&["client", "create", "--name", "worker", "--audience", AUDIENCE, "--audience", other]);
    let check = async |audience: &str, scopes: &[&str], expected: [u16; 3]| {
        let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        let issued = place.here(&[&["token", "issue", "--client", "worker", "--audience", audience], scopes.as_slice()].concat());
        let token = issued.get("access_token").and_then(Value::as_str).unwrap();
        let mut found = [0; 3];
        for (found, (method, path)) in found.iter_mut().zip([("GET", "/orders"), ("POST", "/orders"), ("POST", "/payouts")]) {
            *found = place.ask_api(method, path, token).await;
        }
        assert_eq!(found, expected, "{audience} {scopes:?}");
    };
    check(AUDIENCE, &["orders:read"], [200, 403, 403]).await;
    // Nobody proved who they are where an application acts for itself.
    check(AUDIENCE, &["orders:read", "orders:write"], [200, 200, 401]).await;
    check(other, &["orders:read"], [401, 401, 401]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_send_does_nothing() {
    let place = Place::new("1h").await;
    let mut ada = Person::new(&place);
    let page = ada.sign_in().await;
    let before = place.presented().len();
    for path in ["/payouts", "/sign-out"] {
        let form = page.form(path).fields;
        let form = form.first().unwrap();
        assert_eq!(form.0, "form");
        let body = format!("form={}", form.1);
        for (origin, body) in [
            (Some("https://evil.example"), body.as_str()),
            (Some("null"), &body),
            (Some(place.issuer.as_str()), &body),
            (None, &body),
            (Some(place.home.as_str()), "form=x"),
            (Some(place.home.as_str()), ""),
        ] {
            assert_eq!(ada.post(&format!("{}{path}", place.home), origin, body).await, 403, "{path}: {origin:?} {body}");
        }
    }
    assert_eq!(place.presented().len(), before, "the API heard of none of it");
    assert_eq!(ada.ask_orders().await, 200, "and she is signed in");
    // Who comes back without having been sent away, with another state, or from somebody else.
    let back = |query: &str| format!("{}/callback?{query}", place.home);
    assert_eq!(ada.open(&back("code=x&state=y&iss=z")).await.answer.status, 400);
    let iss = jeton_oauth::form::encode_value(&place.issuer);
    // An answer that counted would be 403: she said no.
    for (answer, status) in [
        (format!("error=access_denied&state=STATE&iss={iss}"), 403),
        (format!("error=access_denied&state=STATE&iss={iss}x"), 400),
        ("error=access_denied&state=STATE".to_owned(), 400),
        (format!("error=access_denied&state=x&iss={iss}"), 400),
        (format!("error=access_denied&iss={iss}"), 400),
        (format!("state=STATE&code=x&iss={iss}"), 400),
    ] {
        let away = ada.begin().await;
        let state = away.split("state=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
        let page = ada.open(&back(&answer.replace("STATE", state))).await;
        assert_eq!(page.answer.status, status, "{answer}");
        assert_eq!(ada.cookie("shop-trip"), None, "one try for each");
    }
    let away = ada.begin().await;
    let state = away.split("state=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
    let page = ada.open(&back(&format!("error=%3Cscript%3E&state={state}&iss={iss}"))).await;
    assert_eq!(page.answer.status, 403);
    assert!(!page.answer.text().contains("script>"), "{}", page.answer.shown());
}
