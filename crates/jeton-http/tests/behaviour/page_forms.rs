//! Every form of a page comes from a page of this server, of the same browser and not long ago: the routes are gone through, so that a new one
//! cannot be forgotten.

use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use http::{Method, Request};
use jeton_core::link::Purpose;
use jeton_core::person::create::CreatePerson;
use jeton_core::provider::id_token::Said;
use jeton_http::pages::routes::{WITH_FORMS, WITHOUT_FORMS};
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::{PASSWORD, asking};
use serde_json::json;

const FORM: &str = "application/x-www-form-urlencoded";

/// A page with a form for each path, in the browser that has it.
async fn page_for<'w>(world: &'w World, browser: &mut Browser<'w>, client: &str, path: &str) -> Page {
    if path == "/forgot" {
        return browser.open(path).await.page();
    }
    if path == "/link" {
        let username = format!("guest-{}", world.ledger_size());
        let email = Some("guest@example.com".to_owned());
        let request = CreatePerson { username: username.clone(), email, ..CreatePerson::default() };
        world.service().create_user(&request, &administrator(), &world.moment()).await.unwrap();
        let made = world.service().make_link(&username, Purpose::Invitation, &administrator(), &world.moment()).await.unwrap();
        return browser.open(world.service().link_address(&made.text).expose()).await.page();
    }
    let page = browser.open(client).await.page();
    if matches!(path, "/signin" | "/signin/passkey") {
        return page;
    }
    let _: Arrived = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await;
    match path {
        "/oauth/authorize" => browser.open(&format!("{client}&prompt=consent")).await.page(),
        "/oauth/logout" => browser.open(path).await.page(),
        "/signout" => browser.open("/account").await.page(),
        "/account/second-factor" => browser.open(path).await.page(),
        "/signin/second-factor" => {
            let _ = browser.set_second_factor(world).await;
            let mut another = world.browser();
            let page = another.open(client).await.page();
            let page = another.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
            world.service().reset_second_factor("ada", &administrator(), &world.moment()).await.unwrap();
            *browser = another;
            page
        }
        "/device" => browser.open("/device?user_code=WDJB-MJHT").await.page(),
        "/account/tokens/new" => {
            let orders = world.service().find_api("https://orders.example").unwrap();
            browser.open(&format!("{path}?api={}", orders.record.id)).await.page()
        }
        "/account/providers" => {
            connect(world, "ada").await;
            browser.open(path).await.page()
        }
        path if path.starts_with("/account/") => browser.open(path).await.page(),
        other => panic!("no page has a form for {other}: {}", world.issuer()),
    }
}

/// Lets somebody be known by a provider.
async fn connect(world: &World, username: &str) {
    let body = json!({"name": "corp", "issuer": "https://corp.example", "client_id": "x", "client_secret": "y"});
    world.administer(Method::POST, "/providers", Some(body)).await;
    let (provider, person) = (world.service().find_provider("corp").unwrap(), world.service().find_user(username).unwrap());
    let said = Said { subject: "ada at corp".to_owned(), ..Said::default() };
    world.service().connect(&provider, &said, &person.record.id, &world.moment()).await.unwrap();
}

#[tokio::test]
async fn a_form_from_elsewhere_does_nothing() {
    let world = World::new().await;
    world.service().send_links();
    world.person("ada").await;
    let orders = world.api("orders").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[]).await;
    let address = asking(&shop, "shop", &[]);
    for path in WITH_FORMS {
        let (mut browser, mut other) = (world.browser(), world.browser());
        let page = page_for(&world, &mut browser, &address, path).await;
        let form = page.form(path);
        let foreign = page_for(&world, &mut other, &address, path).await.form(path);
        let body = |token: Option<&str>| {
            let rest = form.fields.iter().filter(|(name, _)| name != "form").map(|(name, value)| (name.as_str(), value.as_str()));
            let filled = rest.filter(|(name, _)| !matches!(*name, "username" | "password"));
            let known = [("username", "ada"), ("password", PASSWORD), ("decision", "allow")];
            let all = filled.chain(known).chain(token.map(|token| ("form", token)));
            jeton_oauth::form::encode(all.collect::<Vec<_>>())
        };
        let own = form.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
        let changed = format!("{}{}", if own.starts_with('A') { 'B' } else { 'A' }, &own[1..]);
        let of_other = foreign.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
        let cookies: Vec<String> =
            browser.cookie_names().into_iter().map(|name| format!("{name}={}", browser.cookie(name).unwrap())).collect();
        let cookies = cookies.join("; ");
        let send = async |origin: Option<&str>, site: Option<&str>, kind: &str, body: String| {
            let mut request = Request::post(&form.action).header(CONTENT_TYPE, kind).header(COOKIE, &cookies);
            for (name, value) in [(ORIGIN.as_str(), origin), ("sec-fetch-site", site)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            world.send(request.body(Body::from(body)).unwrap()).await
        };
        let size = world.ledger_size();
        let here = Some(world.issuer());
        for (what, answer) in [
            ("another site", send(Some("https://evil.example"), None, FORM, body(Some(&own))).await),
            ("a site that hides", send(Some("null"), None, FORM, body(Some(&own))).await),
            ("a neighbour", send(here, Some("same-site"), FORM, body(Some(&own))).await),
            ("another site by its word", send(here, Some("cross-site"), FORM, body(Some(&own))).await),
            ("no token", send(here, None, FORM, body(None)).await),
            ("an empty token", send(here, None, FORM, body(Some(""))).await),
            ("a token of another browser", send(here, None, FORM, body(Some(&of_other))).await),
            ("a changed token", send(here, None, FORM, body(Some(&changed))).await),
            ("two tokens", send(here, None, FORM, format!("{}&form={own}", body(Some(&own)))).await),
            ("no form", send(here, None, "application/json", "{}".to_owned()).await),
            ("text", send(here, None, "text/plain", body(Some(&own))).await),
        ] {
            assert_eq!(answer.status, 403, "{what} at {path}: {}", answer.shown());
            assert!(answer.text().contains("This page is too old"), "{what} at {path}: {}", answer.shown());
            assert!(answer.headers.get("set-cookie").is_none(), "{what} at {path}: {}", answer.shown());
        }
        let large = send(here, None, FORM, format!("form={}", "a".repeat(1_000_000))).await;
        assert_eq!(large.status, 413, "{path}: {}", large.shown());
        assert_eq!(world.ledger_size(), size, "nothing was written at {path}");
        world.advance(7_200);
        let late = send(here, None, FORM, body(Some(&own))).await;
        assert!(matches!(late.status, 400 | 403), "too late at {path}: {}", late.shown());
        world.advance(-7_200);
        let good = send(here, Some("same-origin"), FORM, body(Some(&own))).await;
        // What is wrong with a code, a passkey that nobody showed, or a password that nobody chose, is said on the page itself.
        let expected = if path.ends_with("/second-factor") || matches!(path, "/account/password" | "/signin/passkey") { 200 } else { 303 };
        assert_eq!(good.status, expected, "it is good at {path}: {}", good.shown());
    }
}

#[tokio::test]
async fn a_page_without_a_form_takes_none() {
    let world = World::new().await;
    for path in WITHOUT_FORMS {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, FORM).body(Body::from("a=1")).unwrap();
            let answer = world.send(request).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.shown());
            assert!(answer.header("content-type").starts_with("text/html"), "{method} {path}: {}", answer.shown());
        }
    }
}

#[tokio::test]
async fn what_pages_need_is_kept_for_good_and_known_by_its_name() {
    let world = World::new().await;
    let page = world.browser().open("/signin").await.page();
    let text = page.answer.text();
    let names: Vec<&str> = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names.len(), 2, "{text}");
    for name in names {
        let answer = world.get(name).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(["text/css; charset=utf-8", "image/svg+xml"].contains(&answer.header("content-type")), "{name}");
        assert!(!answer.text().contains("http://") || name.ends_with(".svg"), "nothing from elsewhere: {name}");
    }
    for path in ["/assets/style.css", "/assets/", "/assets/x/y", "/assets/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
}
