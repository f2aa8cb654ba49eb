//! The page of a link.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use jeton_core::link::Purpose;
use jeton_oauth::Issuer;

use super::super::reply::{FormsLead, Frame, page};
use super::super::texts::fill;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'v> {
    frame: Frame,
    title: &'v str,
    lead: String,
    submit: &'v str,
    username: &'v str,
    chooses: bool,
    problem: Option<String>,
    action: String,
    form: String,
}

/// The page that asks for what a link is good for. What was typed as a password never stands there again.
pub(in crate::pages) fn ask(
    issuer: &Issuer,
    purpose: Purpose,
    username: &str,
    (action, form): (String, String),
    problem: Option<String>,
) -> Response {
    let frame = Frame::of(issuer);
    let texts = &frame.texts.link;
    let (title, lead, submit) = match purpose {
        Purpose::Invitation => (&texts.welcome, &texts.lead_password, &texts.submit_password),
        Purpose::PasswordReset => (&texts.another, &texts.lead_password, &texts.submit_password),
        Purpose::EmailVerification => (&texts.confirm, &texts.lead_confirm, &texts.submit_confirm),
    };
    let lead = fill(lead, &[("person", username)]);
    let view = LinkPage { title, lead, submit, username, chooses: purpose.sets_password(), problem, action, form, frame };
    page(issuer, StatusCode::OK, FormsLead::Here, &view)
}
