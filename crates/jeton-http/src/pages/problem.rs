//! What goes wrong on a page: told in words, with what to do next, and with nothing of ours.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use jeton_oauth::Issuer;
use jeton_oauth::authorization::PageError;

use super::dates::minute;
use super::reply::{FormsLead, Frame, page};
use super::texts::{Texts, fill};
use crate::seen;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// An application's request does not say who asks, or where the answer goes.
    Request(PageError),
    /// No such client.
    Client,
    /// What the client handed in before was used, is over, or is another's.
    Pushed,
    /// What should be an ID token is none of ours, or another client's.
    Hint,
    /// The address is not registered for this client.
    Redirect,
    /// The client is for something else.
    Grant,
    /// The flow is over, or the browser did not keep it.
    Flow,
    /// A link was used, was replaced, or is over; or the browser did not keep it.
    Link,
    /// A provider did not say who somebody is, or nobody is known here by what it says.
    Provider,
    /// The form is not from a page that is still good.
    Form,
    /// More than is read.
    TooLong(StatusCode),
    /// The server cannot answer now.
    Unavailable,
    /// No such page.
    Nowhere,
    /// A page that is not asked by this method.
    WrongMethod,
}

/// The page that tells it.
#[derive(Template)]
#[template(path = "problem.html")]
struct View<'v> {
    frame: Frame,
    title: &'v str,
    text: &'v str,
    advice: &'v str,
    when: String,
}

impl Problem {
    /// The page that tells it.
    pub(super) fn reply(self, issuer: &Issuer, now: i64) -> Response {
        let frame = Frame::of(issuer);
        let (status, outcome) = self.status();
        let (problem, advice) = self.words(frame.texts);
        let detail = if let Problem::Request(error) = self { error.to_string() } else { String::new() };
        let text = fill(&problem.text, &[("detail", &detail)]);
        let when = fill(&frame.texts.problem.when, &[("time", &minute(frame.texts, now))]);
        let view = View { title: &problem.title, text: &text, advice, when, frame };
        seen::with_outcome(page(issuer, status, FormsLead::Here, &view), outcome)
    }

    /// The status, and how it is called in the access log.
    const fn status(self) -> (StatusCode, &'static str) {
        match self {
            Problem::Request(_) | Problem::Pushed | Problem::Hint | Problem::Redirect | Problem::Flow | Problem::Link => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Problem::Client => (StatusCode::BAD_REQUEST, "invalid_client"),
            Problem::Grant => (StatusCode::BAD_REQUEST, "unauthorized_client"),
            Problem::Form | Problem::Provider => (StatusCode::FORBIDDEN, "forbidden"),
            Problem::TooLong(status) => (status, "invalid_request"),
            Problem::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Problem::Nowhere => (StatusCode::NOT_FOUND, "not_found"),
            Problem::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
        }
    }

    fn words(self, texts: &'static Texts) -> (&'static super::texts::Problem, &'static str) {
        let problems = &texts.problem;
        let application = problems.advice_application.as_str();
        match self {
            Problem::Request(PageError::TooLong) | Problem::TooLong(_) => (&problems.too_long, application),
            Problem::Request(_) => (&problems.request, application),
            Problem::Client => (&problems.client, application),
            Problem::Pushed => (&problems.pushed, application),
            Problem::Hint => (&problems.hint, application),
            Problem::Redirect => (&problems.redirect, application),
            Problem::Grant => (&problems.grant, application),
            Problem::Flow => (&problems.flow, application),
            Problem::Link => (&problems.link, &problems.advice_letter),
            Problem::Provider => (&problems.provider, &problems.advice_provider),
            Problem::Form => (&problems.form, &problems.advice_back),
            Problem::Unavailable => (&problems.unavailable, &problems.advice_later),
            Problem::Nowhere | Problem::WrongMethod => (&problems.nowhere, &problems.advice_back),
        }
    }
}
