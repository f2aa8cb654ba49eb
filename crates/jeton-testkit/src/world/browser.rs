//! A browser without script: it keeps cookies, follows redirects, fills forms by name, and holds each page to what every page of ours is.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use http::Request;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use jeton_http::edge::Peer;
use jeton_oauth::form;

use super::World;
use super::answer::Answer;

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 8;

/// A browser of one person.
pub struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
    /// What it calls itself.
    pub agent: String,
    /// Where it is; `None`: nobody knows.
    pub address: Option<IpAddr>,
}

/// Where a browser came to.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// A page of ours.
    Page(Page),
    /// Another site: the address, with all that is in it.
    Away(String),
}

/// A page of ours.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address, from the path on.
    pub address: String,
    /// The answer.
    pub answer: Answer,
}

/// A form of a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// What stands in its fields.
    pub fields: Vec<(String, String)>,
    /// Its buttons that say something: name and value.
    pub buttons: Vec<(String, String)>,
}

impl World {
    /// A browser that was never here.
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0".to_owned(), address: None }
    }
}

impl Browser<'_> {
    /// Opens an address, whole or from the path on, and goes where it leads.
    pub async fn open(&mut self, address: &str) -> Arrived {
        let path = self.within(address).unwrap_or_else(|| panic!("{address} is not ours")).to_owned();
        let request = Request::get(&path).body(Body::empty()).expect("a request");
        self.go(request, path, None).await
    }

    /// Presses the button of a form, by its value where there are several, with these fields filled in.
    pub async fn submit(&mut self, page: &Page, action: &str, button: Option<&str>, filled: &[(&str, &str)]) -> Arrived {
        let form = page.form(action);
        let mut fields = form.fields.clone();
        for (name, value) in filled {
            let field = fields.iter_mut().find(|(known, _)| known == name);
            field.unwrap_or_else(|| panic!("no field {name} in {form:?}")).1 = (*value).to_owned();
        }
        if let Some(value) = button {
            fields.push(
                form.buttons.iter().find(|(_, known)| known == value).unwrap_or_else(|| panic!("no button {value} in {form:?}")).clone(),
            );
        }
        let body = form::encode(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let policy = page.answer.header("content-security-policy").to_owned();
        self.post_from(&form.action, body, Some(&policy)).await
    }

    /// Posts a body to a path as a page of ours does.
    pub async fn post(&mut self, path: &str, body: &str) -> Arrived {
        self.post_from(path, body.to_owned(), None).await
    }

    async fn post_from(&mut self, path: &str, body: String, policy: Option<&str>) -> Arrived {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("origin", self.origin())
            .header("sec-fetch-site", "same-origin");
        self.go(request.body(Body::from(body)).expect("a request"), path.to_owned(), policy).await
    }

    /// Sends one request with the cookies that it has, and keeps those that come back. Redirects are not followed.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, cookies.join("; ").parse().expect("cookies"));
        }
        headers.insert(USER_AGENT, self.agent.parse().expect("an agent"));
        if let Some(address) = self.address {
            request.extensions_mut().insert(Peer::Tcp(SocketAddr::new(address, 50_000)));
        }
        let answer = self.world.send(request).await;
        for line in answer.headers.get_all(SET_COOKIE) {
            self.keep(line.to_str().expect("a cookie"));
        }
        answer
    }

    /// The value of a cookie, by the end of its name.
    #[must_use]
    pub fn cookie(&self, ending: &str) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name.ends_with(ending)).map(|(_, value)| value.as_str())
    }

    /// The names of the cookies that it has.
    #[must_use]
    pub fn cookie_names(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    /// Puts a cookie there, as somebody with another page below the same domain might.
    pub fn put_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Forgets all cookies.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    async fn go(&mut self, request: Request<Body>, mut address: String, policy: Option<&str>) -> Arrived {
        let mut answer = self.send(request).await;
        for _ in 0..REDIRECTS_MAX {
            assert!(!matches!(answer.status, 301 | 302 | 307 | 308), "a browser is sent on with 303 alone: {}", answer.shown());
            if answer.status != 303 {
                let page = Page { address, answer };
                page.is_like_every_page();
                return Arrived::Page(page);
            }
            let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok()).expect("a place").to_owned();
            assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.shown());
            let Some(path) = self.within(&to).map(str::to_owned) else {
                assert!(policy.is_none_or(|policy| allows(policy, &to)), "the page's policy does not let a form lead to {to}: {policy:?}");
                return Arrived::Away(to);
            };
            answer = self.send(Request::get(&path).body(Body::empty()).expect("a request")).await;
            address = path;
        }
        panic!("it is sent round and round: {address}")
    }

    pub(super) fn origin(&self) -> String {
        let (scheme, rest) = self.world.issuer().split_once("://").expect("an issuer");
        format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
    }

    /// What of an address is within the server, if it is there at all.
    fn within<'a>(&self, address: &'a str) -> Option<&'a str> {
        if address.starts_with('/') && !address.starts_with("//") {
            return Some(address);
        }
        address.strip_prefix(&self.origin()).filter(|path| path.starts_with('/'))
    }

    fn keep(&mut self, line: &str) {
        let mut parts = line.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        let rest: Vec<&str> = parts.collect();
        for expected in ["Path=/", "HttpOnly", "SameSite=Lax"] {
            assert!(rest.contains(&expected), "{expected}: {line}");
        }
        let is_https = self.world.issuer().starts_with("https:");
        assert_eq!((rest.contains(&"Secure"), name.starts_with("__Host-")), (is_https, is_https), "{line}");
        let seconds: i64 = rest.iter().find_map(|part| part.strip_prefix("Max-Age=")).expect("an end").parse().expect("seconds");
        if seconds == 0 {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Arrived {
    /// The page.
    ///
    /// # Panics
    /// Where it is another site.
    pub fn page(self) -> Page {
        match self {
            Arrived::Page(page) => page,
            Arrived::Away(to) => panic!("it left for {to}"),
        }
    }

    /// The address of another site.
    ///
    /// # Panics
    /// Where it is a page of ours.
    pub fn away(self) -> String {
        match self {
            Arrived::Away(to) => to,
            Arrived::Page(page) => panic!("it stayed at {}: {}", page.address, page.answer.shown()),
        }
    }

    /// A parameter in the query of the address of another site; empty where there is none.
    #[must_use]
    pub fn parameter(self, name: &str) -> String {
        let to = self.away();
        let query = to.split_once('?').map_or("", |(_, query)| query).to_owned();
        let parsed = form::Form::parse(query.as_bytes()).expect("a query");
        parsed.get(name).unwrap_or_default().to_owned()
    }
}

impl Page {
    /// The text that a person reads in the heading.
    #[must_use]
    pub fn heading(&self) -> String {
        let text = self.answer.text();
        unescaped(between(&text, "<h1>", "</h1>").unwrap_or_default())
    }

    /// The form that is sent to a path; what follows the path is of no matter.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn form(&self, path: &str) -> Form {
        let text = self.answer.text();
        let forms = text.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
        let found = forms.filter(|form| attribute(form, "action").is_some_and(|to| to.split('?').next() == Some(path)));
        let form = found.last().unwrap_or_else(|| panic!("no form for {path}: {text}"));
        let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap_or_default());
        let buttons = form.split("<button ").skip(1).map(|button| button.split('>').next().unwrap_or_default());
        let named = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
        Form {
            action: attribute(form, "action").unwrap_or_default(),
            fields: inputs.filter_map(named).collect(),
            buttons: buttons.filter_map(named).collect(),
        }
    }

    fn is_like_every_page(&self) {
        let shown = self.answer.shown();
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(self.answer.header(name), value, "{name} of {}: {shown}", self.address);
        }
        let policy = self.answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{shown}");
        // One script of this server alone, and where there is one the policy says so.
        let text = self.answer.text();
        let scripts: Vec<&str> = text.split("<script").skip(1).filter_map(|rest| rest.split("</script>").next()).collect();
        assert!(scripts.iter().all(|script| script.starts_with(" src=\"/") && script.ends_with("\" defer>")), "{shown}");
        assert_eq!(policy.contains("script-src 'self';"), scripts.len() == 1, "{shown}");
        assert!(scripts.len() <= 1 && !policy.contains("unsafe"), "{shown}");
    }
}

/// Whether a policy lets a form lead to an address.
fn allows(policy: &str, to: &str) -> bool {
    let sources = policy.split("; ").find_map(|part| part.strip_prefix("form-action ")).unwrap_or_default();
    sources
        .split(' ')
        .any(|source| to.strip_prefix(source).is_some_and(|rest| source.ends_with(':') || rest.starts_with(['/', '?']) || rest.is_empty()))
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(within, _)| within)
}

pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let begin = format!("{name}=\"");
    let tag = tag.split('>').next()?;
    let place = tag.match_indices(&begin).map(|(place, _)| place).find(|place| *place == 0 || tag[..*place].ends_with([' ', '\n']))?;
    tag[place + begin.len()..].split('"').next().map(unescaped)
}

fn unescaped(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}
