//! What pages show: texts that were put together, and nothing else. The templates escape what they print.

pub(super) mod device;
pub(super) mod link;
pub(super) mod logout;

use askama::Template;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_oauth::authorization::AuthorizationAnswer;
use jeton_oauth::{Issuer, RedirectUri};

use super::dates::{day, minute};
use super::reply::{FormsLead, Frame, page, page_with_script};
use super::texts::{Texts, fill};

/// What stands on the page where somebody signs in.
pub(super) struct SignIn<'v> {
    /// Where the form goes.
    pub(super) action: String,
    /// What shows that it is from here.
    pub(super) form: String,
    /// What the application is called; `None`: they came to see their account.
    pub(super) client: Option<&'v str>,
    /// Whether they came to say yes or no to a device.
    pub(super) is_for_device: bool,
    /// What they said their name is, or the application thinks.
    pub(super) username: String,
    /// Why they are asked once more.
    pub(super) why: Why,
    /// Where they are sent in the end.
    pub(super) leads_to: Option<&'v RedirectUri>,
    /// Where somebody asks for another password; `None`: nobody sends letters.
    pub(super) forgot: Option<String>,
    /// The providers that they may choose: where each begins, and what it is called.
    pub(super) providers: Vec<(String, String)>,
    /// The form by which they show a passkey; `None`: no authenticator knows this server.
    pub(super) passkey: Option<PasskeyForm>,
}

/// A form that a script fills in.
pub(super) struct PasskeyForm {
    /// Where it goes.
    pub(super) action: String,
    /// What shows that it is from here.
    pub(super) form: String,
    /// What is asked of an authenticator, sealed, and as it is told.
    pub(super) asked: String,
    pub(super) challenge: String,
    /// What authenticators call this server.
    pub(super) server: String,
}

/// Why somebody is asked to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nobody is signed in.
    First,
    /// Somebody is, and must show it again.
    Again,
    /// What they sent was not right.
    Refused,
    /// Too many people sign in.
    Busy,
    /// Whether their password still holds is not known since a restore.
    Fenced,
    /// Whether they may still come by their provider is not known since a restore.
    ProviderFenced,
    /// The passkey that they showed proves nothing here.
    Passkey,
    /// Whether their passkey still holds is not known since a restore.
    PasskeyFenced,
    /// It was tried too often: in so many seconds they may try again.
    TooOften(i64),
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    lead: String,
    problem: Option<String>,
    is_again: bool,
    action: String,
    form: String,
    username: String,
    forgot: Option<String>,
    providers: Vec<(String, String)>,
    passkey: Option<PasskeyForm>,
}

impl SignIn<'_> {
    /// The page. One that refuses has the status of one that asks: nobody learns from it who is known here.
    pub(super) fn reply(self, issuer: &Issuer) -> Response {
        let frame = Frame::of(issuer);
        let texts = &frame.texts.sign_in;
        let problem = match self.why {
            Why::First | Why::Again => None,
            Why::Refused => Some(texts.refused.clone()),
            Why::Busy => Some(texts.busy.clone()),
            Why::Fenced => Some(texts.fenced.clone()),
            Why::ProviderFenced => Some(texts.provider_fenced.clone()),
            Why::Passkey => Some(texts.passkey_refused.clone()),
            Why::PasskeyFenced => Some(texts.passkey_fenced.clone()),
            Why::TooOften(seconds) => Some(too_often(texts, seconds)),
        };
        let status = match self.why {
            Why::Busy | Why::Fenced | Why::ProviderFenced | Why::PasskeyFenced => StatusCode::SERVICE_UNAVAILABLE,
            Why::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Why::First | Why::Again | Why::Refused | Why::Passkey => StatusCode::OK,
        };
        let lead = match (self.client, self.is_for_device) {
            (Some(client), _) => fill(&texts.lead, &[("client", client)]),
            (None, true) => texts.lead_device.clone(),
            (None, false) => texts.lead_here.clone(),
        };
        let SignIn { action, form, username, why, leads_to, forgot, providers, passkey, .. } = self;
        let words = |title: &str| fill(&texts.with_provider, &[("provider", title)]);
        let providers = providers.into_iter().map(|(to, title)| (to, words(&title))).collect();
        let is_again = why == Why::Again;
        let view = SignInPage { lead, problem, is_again, action, form, username, forgot, providers, passkey, frame };
        let written = if view.passkey.is_some() { page_with_script } else { page };
        let mut response = written(issuer, status, forms_lead(leads_to), &view);
        if let Why::TooOften(seconds) = why {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// When to try again, in words: the same for every name.
pub(super) fn too_often(texts: &super::texts::SignIn, seconds: i64) -> String {
    let minutes = seconds.saturating_add(59) / 60;
    match (seconds, minutes) {
        (..=10, _) => texts.too_often_moment.clone(),
        (_, ..=1) => texts.too_often_minute.clone(),
        (_, minutes) => fill(&texts.too_often, &[("minutes", &minutes.to_string())]),
    }
}

/// What stands on the page where somebody says yes or no.
pub(super) struct Consent<'v> {
    pub(super) action: String,
    pub(super) form: String,
    /// What shows which page they saw.
    pub(super) shown: String,
    /// Where the form goes with which somebody else signs in, and what shows that it is from here.
    pub(super) other: (String, String),
    pub(super) client: &'v str,
    pub(super) client_id: &'v str,
    pub(super) contact: Option<&'v str>,
    pub(super) person: &'v str,
    /// What is new, and what they allowed before.
    pub(super) asked: Vec<Line>,
    pub(super) already: Vec<Line>,
    /// Until when it holds, in seconds.
    pub(super) until: i64,
    pub(super) redirect_uri: &'v RedirectUri,
    /// Whether an address on this computer is what one expects of it.
    pub(super) is_native: bool,
    /// Whether it asks for something else than it did when they answered.
    pub(super) has_changed: bool,
}

/// One thing that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// In words.
    pub(super) words: String,
    /// Of which API.
    pub(super) place: Option<String>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'v> {
    frame: Frame,
    title: String,
    lead: String,
    note: Option<String>,
    other_action: String,
    other_form: String,
    asked: Vec<Line>,
    already: Vec<Line>,
    until: String,
    is_loopback: bool,
    goes_to: String,
    client_id: &'v str,
    contact: Option<&'v str>,
    action: String,
    form: String,
    shown: String,
}

impl Consent<'_> {
    /// The page.
    pub(super) fn reply(self, issuer: &Issuer) -> Response {
        let frame = Frame::of(issuer);
        let texts = &frame.texts.consent;
        let named = [("client", self.client), ("person", self.person)];
        let (other_action, other_form) = self.other;
        let view = ConsentPage {
            title: fill(&texts.title, &named),
            lead: fill(&texts.lead, &named),
            note: self.has_changed.then(|| fill(&texts.changed, &named)),
            other_action,
            other_form,
            asked: self.asked,
            already: self.already,
            until: fill(&texts.until, &[("date", &day(frame.texts, self.until))]),
            is_loopback: self.redirect_uri.is_loopback() && !self.is_native,
            goes_to: goes_to(frame.texts, self.redirect_uri),
            client_id: self.client_id,
            contact: self.contact,
            action: self.action,
            form: self.form,
            shown: self.shown,
            frame,
        };
        page(issuer, StatusCode::OK, FormsLead::To(self.redirect_uri), &view)
    }
}

/// Where a person goes afterwards, in words.
fn goes_to(texts: &Texts, uri: &RedirectUri) -> String {
    let host = [("host", uri.host())];
    if uri.is_loopback() {
        fill(&texts.consent.this_computer, &host)
    } else if uri.as_str().starts_with("https:") {
        uri.host().to_owned()
    } else {
        fill(&texts.consent.an_application, &host)
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    signed_in_as: String,
    since: String,
    /// The other pages of the account: where they lie, and what they are called.
    links: Vec<(String, &'static str)>,
    action: String,
    form: String,
}

/// Of which there are pages for somebody.
pub(super) struct Has {
    /// It is not known that letters reach them, and could be.
    pub(super) address_to_confirm: bool,
    pub(super) providers: bool,
    pub(super) passkeys: bool,
    pub(super) password: bool,
}

/// The page that says who is signed in.
pub(super) fn account(issuer: &Issuer, person: &str, since: i64, has: &Has, (action, form): (String, String)) -> Response {
    let frame = Frame::of(issuer);
    let texts = &frame.texts.account;
    let ways = [
        (has.address_to_confirm, ("address", &frame.texts.address.link)),
        (has.providers, ("providers", &frame.texts.providers.link)),
        (has.passkeys, ("passkeys", &frame.texts.passkeys.link)),
        (has.password, ("password", &frame.texts.password.link)),
    ];
    let ways = ways.into_iter().filter_map(|(is_there, link)| is_there.then_some(link));
    let below = [
        ("second-factor", &frame.texts.second_factor.link),
        ("sessions", &texts.sessions),
        ("applications", &texts.applications),
        ("tokens", &texts.tokens),
        ("activity", &texts.activity),
    ];
    let link = |(path, words): (&str, &'static String)| (format!("{}/account/{path}", issuer.path()), words.as_str());
    let view = AccountPage {
        signed_in_as: fill(&texts.signed_in_as, &[("person", person)]),
        since: fill(&texts.since, &[("date", &minute(frame.texts, since))]),
        links: ways.chain(below).map(link).collect(),
        action,
        form,
        frame,
    };
    page(issuer, StatusCode::OK, FormsLead::Here, &view)
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    frame: Frame,
    sign_in: String,
}

/// The page that says that nobody is signed in any more.
pub(super) fn signed_out(issuer: &Issuer, sign_in: String) -> Response {
    page(issuer, StatusCode::OK, FormsLead::Here, &SignedOutPage { sign_in, frame: Frame::of(issuer) })
}

#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOnPage<'v> {
    frame: Frame,
    title: String,
    lead: String,
    submit: String,
    action: &'v str,
    parameters: Vec<(&'v str, &'v str)>,
}

/// The page that posts an answer to an application: nothing of it stands in an address.
pub(super) fn go_on(issuer: &Issuer, client: &str, to: &RedirectUri, answer: &AuthorizationAnswer) -> Response {
    let frame = Frame::of(issuer);
    let (texts, named) = (&frame.texts.go_on, [("client", client)]);
    let view = GoOnPage {
        title: fill(&texts.title, &named),
        lead: fill(&texts.lead, &named),
        submit: fill(&texts.submit, &named),
        action: to.as_str(),
        parameters: answer.parameters().collect(),
        frame,
    };
    page(issuer, StatusCode::OK, FormsLead::To(to), &view)
}

pub(super) fn forms_lead(to: Option<&RedirectUri>) -> FormsLead<'_> {
    to.map_or(FormsLead::Here, FormsLead::To)
}

#[cfg(test)]
mod tests;
