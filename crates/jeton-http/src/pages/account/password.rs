//! `/account/password`: who is signed in chooses another password, by the one that they have, and by their second factor where they have one.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_core::id::PersonId;
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_core::trusted_device::TrustedDevice;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::own_password::{ChangePassword, Changed};
use jeton_token::Secret;

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other, set_cookie};
use crate::pages::view::too_often;
use crate::pages::visit::{Here, Visit};
use crate::pages::{device_cookie, session_cookie};
use crate::seen;

const PATH: &str = "/account/password";
/// What the address of the page says of somebody who has another one now.
const CHANGED: &str = "changed";

#[derive(Template)]
#[template(path = "account_password.html")]
struct View {
    frame: Frame,
    problem: Option<String>,
    is_changed: bool,
    username: String,
    asks_for_code: bool,
    action: String,
    form: String,
    back: String,
}

/// Asks for it.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    // Who came from a provider has none to change.
    if !visit.service.has_password(&here.session.record.person).await? {
        return Ok(see_other(visit.issuer(), &visit.path("/account")));
    }
    let is_changed =
        visit.query.as_deref().and_then(|query| Form::parse(query.as_bytes()).ok()).is_some_and(|form| form.get(CHANGED).is_some());
    Ok(visit.seen(Some(&here), asking(visit, &here, is_changed, None).await?))
}

/// Changes it.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Password, here.whose(), visit.now())?;
    let typed = |name: &str| Secret::from(form.get(name).unwrap_or_default());
    let asked = ChangePassword { present: typed("password"), chosen: typed("new_password"), code: form.get("code").unwrap_or_default() };
    let device = device_cookie::read(&visit.service, &visit.headers);
    let texts = Frame::of(visit.issuer()).texts;
    let from = (&visit.sender, device.as_ref());
    // On the heap: pages of other kinds need not carry it.
    let (problem, outcome) = match Box::pin(visit.service.change_own_password(&here.session, &asked, from, &visit.moment)).await {
        Ok(Changed::Done(begun)) => {
            let text = Secret::from(begun.clear.0.clone());
            return Ok(changed(visit, device, (&text, begun.session.expires_at), &begun.session.person));
        }
        Ok(Changed::WrongPassword) => (texts.password.refused.clone(), "refused"),
        Ok(Changed::WrongCode) => (texts.second_factor.refused.clone(), "refused"),
        Ok(Changed::Wait(wait)) => return wait_for(visit, &here, wait.seconds).await,
        Err(Failure::Busy) => (texts.sign_in.busy.clone(), "busy"),
        Err(Failure::Fenced) => (texts.sign_in.fenced.clone(), "fenced"),
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::InvalidRequest => (refusal.detail.into_owned(), "refused"),
        Err(failure) => return Err(failure.into()),
    };
    Ok(seen::with_outcome(asking(visit, &here, false, Some(problem)).await?, outcome))
}

/// It is changed: the browser goes on with another secret, and is one where they signed in by the password that counts now.
fn changed(visit: &Visit, device: Option<TrustedDevice>, (text, expires_at): (&Secret, i64), person: &PersonId) -> Response {
    let mut response = see_other(visit.issuer(), &visit.path(&format!("{PATH}?{CHANGED}=yes")));
    let mut moment = visit.service.moments().now();
    set_cookie(&mut response, &session_cookie::set(&visit.service, text, moment.now.seconds(), expires_at));
    if let Some(line) = device_cookie::trust(&visit.service, device, person, &mut moment) {
        set_cookie(&mut response, &line);
    }
    seen::with_outcome(response, "password_changed")
}

async fn wait_for(visit: &Visit, here: &Here, seconds: i64) -> Result<Response, Problem> {
    let problem = too_often(&Frame::of(visit.issuer()).texts.sign_in, seconds);
    let mut response = asking(visit, here, false, Some(problem)).await?;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(seen::with_outcome(response, "throttled"))
}

/// The page that asks. Nothing that was typed stands there again.
async fn asking(visit: &Visit, here: &Here, is_changed: bool, problem: Option<String>) -> Result<Response, Problem> {
    let person = &here.session.record.person;
    let known = visit.service.registry().people.all.get(person.as_str()).ok_or(Problem::Unavailable)?;
    let view = View {
        problem,
        is_changed,
        username: plain::shown(&known.record.username),
        asks_for_code: visit.service.second_factor_of(person).await?.is_some(),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Password, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame: Frame::of(visit.issuer()),
    };
    Ok(page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view))
}
