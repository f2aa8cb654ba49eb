//! Somebody at a browser, which keeps all that it is told.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jeton_oauth::form;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::browser::Page;
use jeton_testkit::world::telephone::Telephone;

use super::place::{PASSWORD, Place};

/// Sends requests and follows nothing.
#[derive(Clone)]
pub(crate) struct Web(Client<HttpConnector, Full<Bytes>>);

impl Web {
    pub(crate) fn new() -> Web {
        Web(Client::builder(TokioExecutor::new()).build_http())
    }

    /// How a request with a token is answered.
    pub(crate) async fn with_token(&self, method: &str, url: &str, token: &str) -> u16 {
        let request = Request::builder().method(method).uri(url).header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Full::default()).unwrap()).await.status
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (head, body) = self.0.request(request).await.unwrap().into_parts();
        Answer { status: head.status.as_u16(), headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }
}

/// Ada, her browser and her telephone.
pub(crate) struct Person<'p> {
    place: &'p Place,
    web: Web,
    /// As browsers do, for all ports of a host.
    cookies: BTreeMap<String, String>,
    /// Each answer: whose it is, and its head and body as text.
    told: Vec<(String, String)>,
    /// The addresses that it was sent to.
    sent_to: Vec<String>,
    pub(crate) telephone: Option<Telephone>,
}

/// Another tab of the same browser.
pub(crate) struct Tab {
    web: Web,
    url: String,
    cookies: String,
}

impl Tab {
    pub(crate) async fn orders(self) -> u16 {
        let request = Request::get(self.url).header(COOKIE, self.cookies).body(Full::default()).unwrap();
        self.web.send(request).await.status
    }
}

impl Person<'_> {
    pub(crate) fn new(place: &Place) -> Person<'_> {
        Person { place, web: Web::new(), cookies: BTreeMap::new(), told: vec![], sent_to: vec![], telephone: None }
    }

    /// Opens an address, and goes where it leads.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let mut url = url.to_owned();
        for _ in 0..8 {
            let answer = self.send(Method::GET, &url, None, "").await;
            match answer.headers.get(LOCATION) {
                Some(to) => url = absolute(&url, to.to_str().unwrap()),
                None => return Page { address: path(&url).to_owned(), answer },
            }
        }
        panic!("it is sent round and round: {url}")
    }

    /// Fills a form of a page of whoever has it, and sends it.
    pub(crate) async fn press(&mut self, page: &Page, action: &str, filled: &[(&str, &str)]) -> Page {
        let form = page.form(action);
        let is_ours = ["/payouts", "/sign-out"].contains(&action);
        let base = if is_ours { self.place.home.clone() } else { self.place.issuer.clone() };
        let kept = form.fields.iter().filter(|(name, _)| filled.iter().all(|(known, _)| known != name));
        let body = form::encode(kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(filled.iter().copied()));
        let url = absolute(&base, &form.action);
        let answer = self.send(Method::POST, &url, Some(&base), &body).await;
        match answer.headers.get(LOCATION) {
            Some(to) => {
                let to = absolute(&url, to.to_str().unwrap());
                let policy = page.answer.header("content-security-policy");
                // What a browser does not do: a form leads only where its page says.
                let allowed = policy.split("form-action ").nth(1).unwrap().split(';').next().unwrap().replace("'self'", &base);
                assert!(allowed.split(' ').any(|origin| to.starts_with(origin)), "{to}: {policy}");
                self.open(&to).await
            }
            None => Page { address: path(&url).to_owned(), answer },
        }
    }

    /// Signs in to the application, and allows it what it asks for.
    pub(crate) async fn sign_in(&mut self) -> Page {
        let page = self.open(&format!("{}/sign-in", self.place.home)).await;
        self.go_on(page).await
    }

    /// Answers what Jeton asks, until it asks nothing any more.
    pub(crate) async fn go_on(&mut self, mut page: Page) -> Page {
        for _ in 0..8 {
            let has = |path: &str| page.answer.text().contains(&format!("action=\"{path}"));
            page = if has("/signin/second-factor") {
                // The one of now was used when she set it.
                let code = self.telephone.as_ref().unwrap().code_at(now() + 30);
                self.press(&page, "/signin/second-factor", &[("code", &code)]).await
            } else if has("/signin") {
                self.press(&page, "/signin", &[("username", "ada"), ("password", PASSWORD)]).await
            } else if has("/oauth/authorize") {
                self.press(&page, "/oauth/authorize", &[("decision", "allow")]).await
            } else {
                return page;
            };
        }
        panic!("it asks on and on: {}", page.answer.shown())
    }

    /// Sets a second factor, where she is signed in at Jeton.
    pub(crate) async fn set_second_factor(&mut self) -> Telephone {
        let page = self.open(&format!("{}/account/second-factor", self.place.issuer)).await;
        let telephone = Telephone::of(&page);
        let page = self.press(&page, "/account/second-factor", &[("code", &telephone.code_at(now()))]).await;
        assert_eq!(page.heading(), "Your recovery codes", "{}", page.answer.shown());
        telephone
    }

    /// As the script of the page does.
    pub(crate) async fn ask_orders(&mut self) -> u16 {
        self.open(&format!("{}/api/orders", self.place.home)).await.answer.status
    }

    /// Begins to sign in, and goes nowhere: where it would.
    pub(crate) async fn begin(&mut self) -> String {
        let answer = self.send(Method::GET, &format!("{}/sign-in", self.place.home), None, "").await;
        answer.header("location").to_owned()
    }

    /// What a form of some page is answered with.
    pub(crate) async fn post(&mut self, url: &str, origin: Option<&str>, body: &str) -> u16 {
        self.send(Method::POST, url, origin, body).await.status
    }

    pub(crate) fn like_a_tab(&self) -> Tab {
        Tab { web: self.web.clone(), url: format!("{}/api/orders", self.place.home), cookies: self.cookie_line() }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&String, &String)> {
        self.cookies.iter()
    }

    pub(crate) fn put_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// The last address with this in it that the browser was sent to.
    pub(crate) fn sent_to(&self, part: &str) -> &str {
        self.sent_to.iter().rev().find(|to| to.contains(part)).unwrap()
    }

    /// Everything that was answered from there.
    pub(crate) fn told_by(&self, origin: &str) -> Vec<&str> {
        self.told.iter().filter(|(url, _)| url.starts_with(origin)).map(|(_, text)| text.as_str()).collect()
    }

    pub(crate) fn last_body(&self) -> String {
        self.told.last().unwrap().1.split_once("\n\n").unwrap().1.to_owned()
    }

    async fn send(&mut self, method: Method, url: &str, origin: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        if !self.cookies.is_empty() {
            request = request.header(COOKIE, self.cookie_line());
        }
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let answer = self.web.send(request.body(Full::from(body.to_owned())).unwrap()).await;
        for line in answer.headers.get_all(SET_COOKIE) {
            let (pair, rest) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            for part in ["Path=/", "HttpOnly", "SameSite=Lax"] {
                assert!(rest.contains(part), "{part}: {rest}");
            }
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.put_cookie(name, value);
            }
        }
        let head: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect();
        self.told.push((url.to_owned(), format!("{}\n\n{}", head.join("\n"), answer.text())));
        self.sent_to.extend(answer.headers.get(LOCATION).map(|to| to.to_str().unwrap().to_owned()));
        answer
    }

    fn cookie_line(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

/// An address as it stands on a page of another.
fn absolute(base: &str, address: &str) -> String {
    if address.starts_with("http") {
        return address.to_owned();
    }
    format!("{}{address}", base.strip_suffix(path(base)).unwrap())
}

fn path(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.find('/').map_or("", |at| &rest[at..])
}

#[expect(clippy::disallowed_methods, reason = "a telephone has a clock of its own")]
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
