//! `/account/address`: who is signed in asks for a letter, to show that letters to their address reach them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_core::plain;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other};
use crate::pages::texts::fill;
use crate::pages::view::too_often;
use crate::pages::visit::{Here, Visit};
use crate::seen;

const PATH: &str = "/account/address";
/// What the address of the page says of somebody who asked.
const ASKED: &str = "asked";

#[derive(Template)]
#[template(path = "account_address.html")]
struct View {
    frame: Frame,
    lead: String,
    problem: Option<String>,
    was_asked: bool,
    action: String,
    /// `None`: there is nothing to ask for.
    form: Option<String>,
    back: String,
}

/// Shows how it stands.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let was_asked =
        visit.query.as_deref().and_then(|query| Form::parse(query.as_bytes()).ok()).is_some_and(|form| form.get(ASKED).is_some());
    Ok(visit.seen(Some(&here), standing(visit, &here, was_asked, None)?))
}

/// Sends the letter.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| ask(visit, posted).await).await
}

async fn ask(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    posted.open(&visit.service, Door::Address, here.whose(), visit.now())?;
    let (service, person) = (&visit.service, &here.session.record.person);
    let done = see_other(visit.issuer(), &visit.path(&format!("{PATH}?{ASKED}=yes")));
    if !service.sends_links() {
        return Err(Problem::Nowhere);
    }
    if let Err(wait) = service.admit_letter(person.as_str().as_bytes(), &visit.sender, visit.now()) {
        let mut response = standing(visit, &here, false, Some(wait.seconds))?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.seconds));
        return Ok(seen::with_outcome(response, "throttled"));
    }
    match service.ask_to_confirm_address(person, &visit.moment).await {
        Ok(()) => Ok(seen::with_outcome(done, "letter_asked")),
        // They have no address any more, or were disabled: the page says how it stands.
        Err(Failure::Refused(_)) => Ok(seen::with_outcome(see_other(visit.issuer(), &visit.path(PATH)), "refused")),
        Err(failure) => Err(failure.into()),
    }
}

fn standing(visit: &Visit, here: &Here, was_asked: bool, wait_seconds: Option<i64>) -> Result<Response, Problem> {
    let person = visit.service.registry().people.all.get(here.session.record.person.as_str()).ok_or(Problem::Unavailable)?;
    let frame = Frame::of(visit.issuer());
    let words = &frame.texts.address;
    let (email, is_known) = (person.record.email.as_deref(), person.record.email_verified_at.is_some());
    let lead = match (email, is_known) {
        (None, _) => words.none.clone(),
        (Some(email), true) => fill(&words.known, &[("address", &plain::shown(email))]),
        (Some(email), false) => fill(&words.unknown, &[("address", &plain::shown(email))]),
    };
    let may_ask = email.is_some() && !is_known && visit.service.sends_links();
    let view = View {
        lead,
        problem: wait_seconds.map(|seconds| too_often(&frame.texts.sign_in, seconds)),
        was_asked: was_asked && may_ask,
        action: visit.path(PATH),
        form: may_ask.then(|| token(&visit.service, Door::Address, here.whose(), visit.now())),
        back: visit.path("/account"),
        frame,
    };
    Ok(page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view))
}
