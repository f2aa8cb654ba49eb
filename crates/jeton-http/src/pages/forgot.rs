//! `/forgot`: somebody forgot their password, says their name, and gets a letter. Of a name that nobody has, and of one who gets no letters, the
//! same is said, and as quickly: whose name it is is looked at afterwards.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_oauth::Form;
use jeton_service::Service;

use super::flow::{About, Flow};
use super::guard::{Door, Posted, token};
use super::problem::Problem;
use super::reply::{FormsLead, Frame, page, see_other};
use super::view::too_often;
use super::visit::Visit;
use crate::observe::Observer;
use crate::seen;

const PATH: &str = "/forgot";
/// What the address says of somebody who asked.
const ASKED: &str = "asked";

#[derive(Template)]
#[template(path = "forgot.html")]
struct View {
    frame: Frame,
    problem: Option<String>,
    action: String,
    form: String,
    back: String,
}

#[derive(Template)]
#[template(path = "forgot_asked.html")]
struct Asked {
    frame: Frame,
    back: String,
}

/// Asks for a name; begins a flow where the address names none.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = ask(&mut visit);
    visit.reply(answer)
}

fn ask(visit: &mut Visit) -> Result<Response, Problem> {
    if !visit.service.writes_letters() {
        return Err(Problem::Nowhere);
    }
    if visit.flow_id().is_none() {
        return visit.begin(About::Account("/account".to_owned()), PATH);
    }
    let flow = visit.flow()?;
    let has_asked =
        visit.query.as_deref().and_then(|query| Form::parse(query.as_bytes()).ok()).is_some_and(|form| form.get(ASKED).is_some());
    if has_asked {
        let asked = Asked { back: visit.path_in("/signin", &flow), frame: Frame::of(visit.issuer()) };
        return Ok(page(visit.issuer(), StatusCode::OK, FormsLead::Here, &asked));
    }
    Ok(show(visit, &flow, None))
}

/// Takes a name.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted)).await
}

fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::Forgot, &flow.secret, visit.now())?;
    if !visit.service.writes_letters() {
        return Err(Problem::Nowhere);
    }
    match visit.service.ask_for_another_password(form.get("username").unwrap_or_default(), &visit.sender, visit.now()) {
        Ok(()) => {
            let to = format!("{}&{ASKED}=yes", visit.path_in(PATH, &flow));
            Ok(seen::with_outcome(see_other(visit.issuer(), &to), "letter_asked"))
        }
        Err(wait) => {
            let mut response = show(visit, &flow, Some(wait.seconds));
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.seconds));
            Ok(seen::with_outcome(response, "throttled"))
        }
    }
}

fn show(visit: &Visit, flow: &Flow, wait_seconds: Option<i64>) -> Response {
    let frame = Frame::of(visit.issuer());
    let view = View {
        problem: wait_seconds.map(|seconds| too_often(&frame.texts.sign_in, seconds)),
        action: visit.path_in(PATH, flow),
        form: token(&visit.service, Door::Forgot, &flow.secret, visit.now()),
        back: visit.path_in("/signin", flow),
        frame,
    };
    page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)
}
