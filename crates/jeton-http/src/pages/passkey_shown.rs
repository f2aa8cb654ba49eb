//! `/signin/passkey`: somebody shows a passkey instead of a name and a password.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use jeton_core::passkey::assertion::Asserted;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;

use super::device_cookie;
use super::guard::{Door, Posted};
use super::passkey::{field, open_in};
use super::problem::Problem;
use super::reply::see_other;
use super::sign_in::{refuse, signed_in};
use super::view::Why;
use super::visit::Visit;
use crate::observe::Observer;

/// Whoever comes by the address alone sees the page on which it is asked for.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = visit.flow().map(|flow| see_other(visit.issuer(), &visit.path_in("/signin", &flow)));
    visit.reply(answer)
}

/// Takes what was signed.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::Passkey, &flow.secret, visit.now())?;
    let Some((asked, asserted)) = open_in(visit, &flow, &form).zip(asserted(&form)) else {
        return refuse(visit, &flow, "", Why::Passkey);
    };
    let before = visit.here().await?;
    let before = before.as_ref().map(|here| &here.session);
    let device = device_cookie::read(&visit.service, &visit.headers);
    match visit.service.begin_session_by_passkey(&asked, &asserted, before, &visit.sender, &visit.moment).await {
        Ok(begun) => signed_in(visit, flow, device, &begun, visit.now()),
        // Which of all that may be wrong with it is nobody's to learn.
        Err(Failure::Refused(_)) => refuse(visit, &flow, "", Why::Passkey),
        Err(Failure::Fenced) => refuse(visit, &flow, "", Why::PasskeyFenced),
        Err(failure) => Err(failure.into()),
    }
}

fn asserted(form: &Form<'_>) -> Option<Asserted> {
    let field = |name: &str| field(form, name).map(Arc::from);
    Some(Asserted {
        credential: field("credential")?,
        handle: field("handle")?,
        client_data: field("client_data")?,
        authenticator_data: field("authenticator_data")?,
        signature: field("signature")?,
    })
}
