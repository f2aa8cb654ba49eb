//! A person with a browser that has no script: `curl` with a folder for cookies, which goes where it is sent and fills the forms of the pages.

use std::process::Command;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_oauth::form;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::browser::Page;

use crate::place::{PASSWORD, Place};

/// How many answers are followed until somebody is where they wanted to be.
const STEPS_MAX: usize = 12;

/// Somebody.
pub(crate) struct Visitor<'p> {
    place: &'p Place,
    username: &'static str,
}

/// Where one request led.
pub(crate) enum Led {
    /// On, to this address.
    To(String),
    /// To a page.
    Page(Page),
}

impl Visitor<'_> {
    /// Somebody who was never here.
    pub(crate) fn new<'p>(place: &'p Place, username: &'static str) -> Visitor<'p> {
        let _ = std::fs::remove_file(place.path("cookies"));
        Visitor { place, username }
    }

    /// Opens an address, signs in and allows what is asked, until an address begins with `until` or there is a page that asks nothing.
    pub(crate) fn walk(&self, address: &str, until: Option<&str>) -> Led {
        let mut led = Led::To(address.to_owned());
        for _ in 0..STEPS_MAX {
            led = match led {
                Led::To(address) if until.is_some_and(|until| address.starts_with(until)) => return Led::To(address),
                Led::To(address) => self.ask(&address, None),
                Led::Page(page) if asks(&page, "/signin") => {
                    self.submit(&page, "/signin", &[("username", self.username), ("password", PASSWORD)])
                }
                Led::Page(page) if asks(&page, "/oauth/authorize") => self.submit(&page, "/oauth/authorize", &[("decision", "allow")]),
                // What the device shows is typed already, and then they are asked.
                Led::Page(page) if asks(&page, "/device") => self.submit(&page, "/device", &[("decision", "allow")]),
                Led::Page(page) => return Led::Page(page),
            };
        }
        panic!("{address} leads nowhere")
    }

    fn submit(&self, page: &Page, path: &str, filled: &[(&str, &str)]) -> Led {
        let form = page.form(path);
        let kept = form.fields.iter().filter(|(name, _)| filled.iter().all(|(known, _)| known != name));
        let fields = kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(filled.iter().copied());
        self.ask(&absolute(&page.address, &form.action), Some(&form::encode(fields)))
    }

    /// One request, and what came of it.
    pub(crate) fn ask(&self, address: &str, body: Option<&str>) -> Led {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--include", "--http1.1", "--max-time", "60", "--cacert"]).arg(self.place.authority());
        // Apache sends nobody away to sign in who does not want a page.
        command.args(["--header", "Accept: text/html,*/*"]);
        let cookies = self.place.path("cookies");
        command.arg("--cookie").arg(&cookies).arg("--cookie-jar").arg(&cookies);
        command.args(body.map(|body| ["--data", body]).into_iter().flatten()).arg(address);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{address}: {}", String::from_utf8_lossy(&output.stderr));
        let answer = parsed(&output.stdout);
        match answer.status {
            300..=399 => Led::To(absolute(address, answer.header("location"))),
            _ => Led::Page(Page { address: address.to_owned(), answer }),
        }
    }
}

fn asks(page: &Page, path: &str) -> bool {
    page.answer.text().contains(&format!("action=\"{path}"))
}

fn parsed(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes.get(..end).unwrap().to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Answer { status, headers, body: Bytes::copy_from_slice(bytes.get(end + 4..).unwrap()) }
}

/// An address as it stands on a page of another.
fn absolute(base: &str, address: &str) -> String {
    if address.starts_with("http") || !address.starts_with('/') {
        return address.to_owned();
    }
    let origin: Vec<&str> = base.splitn(4, '/').take(3).collect();
    format!("{}{address}", origin.join("/"))
}
