//! `/signout`: a session ends, and with it what was given in it and does not outlive it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use jeton_core::id::Actor;
use jeton_core::refusal::Reason;
use jeton_service::Service;
use jeton_service::failure::Failure;

use super::guard::{Door, Posted};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::session_cookie;
use super::view;
use super::visit::{Here, Visit};
use crate::observe::Observer;
use crate::seen;

/// Says that nobody is signed in.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = match visit.here().await {
        Ok(Some(_)) => Ok(see_other(visit.issuer(), &visit.path("/account"))),
        Ok(None) => Ok(view::signed_out(visit.issuer(), visit.path("/signin"))),
        Err(problem) => Err(problem),
    };
    visit.reply(answer)
}

/// Ends the session of this browser. In a flow somebody else signs in next.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| end(visit, posted).await).await
}

async fn end(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    posted.open(&visit.service, Door::SignOut, here.whose(), visit.now())?;
    end_session(visit, &here).await?;
    let to = visit.flow().map_or_else(|_| visit.path("/signout"), |flow| visit.path_in("/signin", &flow));
    let mut response = see_other(visit.issuer(), &to);
    set_cookie(&mut response, &session_cookie::remove(&visit.service));
    Ok(seen::with_outcome(response, "signed_out"))
}

/// Ends the session of a browser, and what goes with it.
///
/// # Errors
/// It is not known to have ended.
pub(super) async fn end_session(visit: &Visit, here: &Here) -> Result<(), Problem> {
    let session = &here.session.record;
    match visit.service.end_session(session.id, &Actor::person(&session.person), &visit.moment).await {
        Ok(_) => Ok(()),
        // It ended meanwhile, which is what was asked for.
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}
