//! `/signin/second-factor`: who has a second factor shows it beside the password, on a page of its own. What was proved before is in the flow
//! that the browser keeps, or in the session that is to be raised.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_core::id::PersonId;
use jeton_core::session::proof::Acr;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::second_factors::Second;
use jeton_service::sessions::Proof;
use jeton_service::sign_ins::SignIn as Outcome;

use super::device_cookie;
use super::flow::Flow;
use super::guard::{Door, Posted, token};
use super::problem::Problem;
use super::reply::{Frame, page, see_other};
use super::sign_in::{leads, signed_in};
use super::texts::fill;
use super::view::{forms_lead, too_often};
use super::visit::Visit;
use crate::observe::Observer;
use crate::seen;

/// Asks for it.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = ask(&visit).await;
    visit.reply(answer)
}

/// Takes it.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn ask(visit: &Visit) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    match first_of(visit, &flow).await? {
        Some(_) => show(visit, &flow, &Asked::First),
        None => Ok(see_other(visit.issuer(), &visit.path_in("/signin", &flow))),
    }
}

async fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::SecondStep, &flow.secret, visit.now())?;
    let Some((person, first)) = first_of(visit, &flow).await? else {
        return Ok(see_other(visit.issuer(), &visit.path_in("/signin", &flow)));
    };
    let here = visit.here().await?;
    let before = here.as_ref().map(|here| &here.session);
    let device = device_cookie::read(&visit.service, &visit.headers);
    let (code, from) = (form.get("code").unwrap_or_default(), (&visit.sender, device.as_ref()));
    match visit.service.begin_session_by_two((&person, first), code, before, from, &visit.moment).await {
        Ok(Second::Done(begun)) => signed_in(visit, flow, device, &begun, visit.now()),
        // Disabled meanwhile, or without a second factor by now: whoever begins anew is told which.
        Ok(Second::Wrong) | Err(Failure::Refused(_)) => refuse(visit, &flow, &Asked::Refused),
        Ok(Second::Wait(wait)) => refuse(visit, &flow, &Asked::TooOften(wait.seconds)),
        Err(failure) => Err(failure.into()),
    }
}

/// Who is to show it, and what they proved before.
async fn first_of(visit: &Visit, flow: &Flow) -> Result<Option<(PersonId, Proof)>, Problem> {
    if let Some(first) = &flow.first {
        let stands = visit.service.stands_first(first, visit.now()).await?;
        return Ok(stands.then(|| (first.person.clone(), first.proof())));
    }
    let Some(here) = visit.here().await? else { return Ok(None) };
    let session = &here.session.record;
    if session.authenticated.acr >= Acr::TwoFactors || visit.service.second_factor_of(&session.person).await?.is_none() {
        return Ok(None);
    }
    Ok(Some((session.person.clone(), Proof { authenticated: session.authenticated, by: None })))
}

/// Why they are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    First,
    Refused,
    TooOften(i64),
}

#[derive(Template)]
#[template(path = "second_step.html")]
struct Page {
    frame: Frame,
    lead: String,
    problem: Option<String>,
    action: String,
    form: String,
    another: String,
}

fn refuse(visit: &Visit, flow: &Flow, why: &Asked) -> Result<Response, Problem> {
    let outcome = if matches!(why, Asked::TooOften(_)) { Outcome::Throttled } else { Outcome::Refused };
    visit.service.count_sign_in(outcome);
    show(visit, flow, why).map(|page| seen::with_outcome(page, outcome.name()))
}

fn show(visit: &Visit, flow: &Flow, why: &Asked) -> Result<Response, Problem> {
    let (client, leads_to) = leads(visit, flow)?;
    let frame = Frame::of(visit.issuer());
    let texts = &frame.texts.second_step;
    let lead = client.map_or_else(|| texts.lead_here.clone(), |client| fill(&texts.lead, &[("client", &client)]));
    let (status, problem) = match why {
        Asked::First => (StatusCode::OK, None),
        Asked::Refused => (StatusCode::OK, Some(texts.refused.clone())),
        Asked::TooOften(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some(too_often(&frame.texts.sign_in, *seconds))),
    };
    let form = token(&visit.service, Door::SecondStep, &flow.secret, visit.now());
    let (action, another) = (visit.path_in("/signin/second-factor", flow), visit.path_in("/signin", flow));
    let view = Page { lead, problem, action, form, another, frame };
    let mut response = page(visit.issuer(), status, forms_lead(leads_to.as_ref()), &view);
    if let Asked::TooOften(seconds) = why {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    Ok(response)
}
