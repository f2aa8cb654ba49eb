//! What the pages show where somebody says yes or no to a device.

use askama::Template;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_oauth::Issuer;

use super::Line;
use crate::pages::dates::day;
use crate::pages::reply::{FormsLead, Frame, page};
use crate::pages::texts::fill;

/// What stands on the page where somebody types what a device shows.
pub(in crate::pages) struct Enter {
    /// Where the form goes.
    pub(in crate::pages) action: String,
    /// What shows that it is from here.
    pub(in crate::pages) form: String,
    /// What stands there already.
    pub(in crate::pages) typed: String,
    /// Why they are asked once more.
    pub(in crate::pages) why: Option<Why>,
}

/// What is wrong with a code that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Why {
    /// It can be none.
    NoCode,
    /// Nothing shows it now.
    Unknown,
    /// It was tried too often: in so many seconds they may try again.
    TooOften(i64),
}

#[derive(Template)]
#[template(path = "device.html")]
struct EnterPage {
    frame: Frame,
    problem: Option<String>,
    action: String,
    form: String,
    typed: String,
}

impl Enter {
    /// The page.
    pub(in crate::pages) fn reply(self, issuer: &Issuer) -> Response {
        let frame = Frame::of(issuer);
        let texts = &frame.texts.device;
        let problem = self.why.map(|why| match why {
            Why::NoCode => texts.no_code.clone(),
            Why::Unknown => texts.unknown.clone(),
            Why::TooOften(seconds) => fill(&texts.too_often, &[("minutes", &(seconds.saturating_add(59) / 60).to_string())]),
        });
        let status = if matches!(self.why, Some(Why::TooOften(_))) { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        let Enter { action, form, typed, why } = self;
        let mut response = page(issuer, status, FormsLead::Here, &EnterPage { problem, action, form, typed, frame });
        if let Some(Why::TooOften(seconds)) = why {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What stands on the page where somebody says yes or no.
pub(in crate::pages) struct Consent<'v> {
    pub(in crate::pages) action: String,
    pub(in crate::pages) form: String,
    /// What shows which page they saw.
    pub(in crate::pages) shown: String,
    /// Where the form goes with which somebody else signs in, and what shows that it is from here.
    pub(in crate::pages) other: (String, String),
    pub(in crate::pages) client: &'v str,
    pub(in crate::pages) client_id: &'v str,
    pub(in crate::pages) contact: Option<&'v str>,
    pub(in crate::pages) person: &'v str,
    /// What the device shows.
    pub(in crate::pages) code: String,
    /// From where it asked; `None`: nobody knows.
    pub(in crate::pages) network: Option<&'v str>,
    pub(in crate::pages) asked: Vec<Line>,
    /// Until when it holds, in seconds.
    pub(in crate::pages) until: i64,
    /// Whether it asks for something else than it did when they answered.
    pub(in crate::pages) has_changed: bool,
}

#[derive(Template)]
#[template(path = "device_consent.html")]
struct ConsentPage<'v> {
    frame: Frame,
    title: String,
    lead: String,
    warning: String,
    note: Option<String>,
    other_action: String,
    other_form: String,
    asked: Vec<Line>,
    until: String,
    code: String,
    network: &'v str,
    client_id: &'v str,
    contact: Option<&'v str>,
    action: String,
    form: String,
    shown: String,
}

impl Consent<'_> {
    /// The page.
    pub(in crate::pages) fn reply(self, issuer: &Issuer) -> Response {
        let frame = Frame::of(issuer);
        let (texts, words) = (&frame.texts.device, &frame.texts.consent);
        let named = [("client", self.client), ("person", self.person)];
        let (other_action, other_form) = self.other;
        let view = ConsentPage {
            title: fill(&texts.started_title, &named),
            lead: fill(&words.lead, &named),
            warning: fill(&texts.warning, &named),
            note: self.has_changed.then(|| fill(&words.changed, &named)),
            other_action,
            other_form,
            asked: self.asked,
            until: fill(&words.until, &[("date", &day(frame.texts, self.until))]),
            code: self.code,
            network: self.network.unwrap_or(&texts.nowhere),
            client_id: self.client_id,
            contact: self.contact,
            action: self.action,
            form: self.form,
            shown: self.shown,
            frame,
        };
        page(issuer, StatusCode::OK, FormsLead::Here, &view)
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Ended {
    /// They said yes.
    Allowed,
    /// They said no.
    Denied,
    /// There is nothing that they could say yes to.
    Nothing,
}

impl Ended {
    /// Its name in the access log.
    pub(in crate::pages) const fn name(self) -> &'static str {
        match self {
            Ended::Allowed => "allowed",
            Ended::Denied | Ended::Nothing => "access_denied",
        }
    }
}

#[derive(Template)]
#[template(path = "device_ended.html")]
struct EndedPage {
    frame: Frame,
    title: String,
    text: String,
}

/// The page that says how it ended.
pub(in crate::pages) fn ended(issuer: &Issuer, how: Ended) -> Response {
    let frame = Frame::of(issuer);
    let texts = &frame.texts.device;
    let (title, text) = match how {
        Ended::Allowed => (&texts.allowed_title, &texts.allowed),
        Ended::Denied => (&texts.denied_title, &texts.denied),
        Ended::Nothing => (&texts.denied_title, &texts.nothing),
    };
    page(issuer, StatusCode::OK, FormsLead::Here, &EndedPage { title: title.clone(), text: text.clone(), frame })
}
