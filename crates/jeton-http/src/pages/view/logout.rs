//! The page that asks who signs out of an application.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use jeton_oauth::{Issuer, RedirectUri};

use super::super::reply::{Frame, page};
use super::super::texts::fill;
use super::forms_lead;

/// What stands on it.
pub(in crate::pages) struct Logout<'v> {
    /// Where the form goes.
    pub(in crate::pages) action: String,
    /// What shows that it is from here.
    pub(in crate::pages) form: String,
    pub(in crate::pages) person: &'v str,
    /// What the application is called; `None`: nobody says which it is.
    pub(in crate::pages) client: Option<&'v str>,
    /// Where they are sent in the end.
    pub(in crate::pages) leads_to: Option<&'v RedirectUri>,
}

#[derive(Template)]
#[template(path = "logout.html")]
struct LogoutPage {
    frame: Frame,
    lead: String,
    who: String,
    action: String,
    form: String,
}

impl Logout<'_> {
    /// The page.
    pub(in crate::pages) fn reply(self, issuer: &Issuer) -> Response {
        let frame = Frame::of(issuer);
        let texts = &frame.texts.logout;
        let lead = self.client.map_or_else(|| texts.lead.clone(), |client| fill(&texts.lead_application, &[("client", client)]));
        let who = fill(&frame.texts.account.signed_in_as, &[("person", self.person)]);
        page(issuer, StatusCode::OK, forms_lead(self.leads_to), &LogoutPage { lead, who, action: self.action, form: self.form, frame })
    }
}
