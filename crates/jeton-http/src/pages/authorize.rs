//! `/oauth/authorize` (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2): an application sends somebody here, who signs in, says yes
//! or no, and goes back with the answer. What does not say whom it is about, and where the answer goes, never leaves these pages.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jeton_core::authorize::Asked;
use jeton_core::authorize::target::NoTarget;
use jeton_core::consent::needed::NewConsent;
use jeton_oauth::authorization::{AuthorizationAnswer, AuthorizationForm, AuthorizationRequest, MAX_REQUEST_LEN, PageError, ResponseMode};
use jeton_oauth::{ErrorCode, ErrorResponse, RedirectUri};
use jeton_service::Service;
use jeton_service::authorizations::{Destination, NextStep, NoPlace, Unauthorized};
use jeton_service::registry::clients::ClientEntry;

use super::consent;
use super::flow::{ASKED_BYTES, About, Flow};
use super::guard::{Door, Posted};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::view;
use super::visit::{Here, Visit};
use crate::extract::{ContentType, content_type, read_body};
use crate::observe::Observer;
use crate::seen;

/// Begins what an application asks for in a query; goes on with it where the address names a flow.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = match visit.flow_id() {
        Some(_) => go_on(&mut visit, None).await,
        None => {
            let query = visit.query.clone().unwrap_or_default();
            begin(&mut visit, query.as_bytes()).await
        }
    };
    visit.reply(answer)
}

/// The same of a form: of an application where the address names no flow, of the page that asks where it does.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    if visit.flow_id().is_none() {
        let answer = begin_by_form(&mut visit, request).await;
        return visit.reply(answer);
    }
    visit.posted(request, async |visit, posted| decide(visit, posted).await).await
}

async fn begin_by_form(visit: &mut Visit, request: Request) -> Result<Response, Problem> {
    if content_type(request.headers()) != ContentType::Form {
        return Err(Problem::Request(PageError::Malformed));
    }
    let most = u64::try_from(MAX_REQUEST_LEN).unwrap_or(u64::MAX);
    let body = read_body(request.into_body(), most).await.map_err(|_| Problem::TooLong(StatusCode::PAYLOAD_TOO_LARGE))?;
    begin(visit, &body).await
}

/// An application asks: what is wrong with it is said at once, and the rest begins with an address that says nothing of it. Nothing is written
/// but that what was handed in before is spent.
async fn begin(visit: &mut Visit, text: &[u8]) -> Result<Response, Problem> {
    let form = AuthorizationForm::parse(text).map_err(Problem::Request)?;
    let Some(request_uri) = form.pushed() else { return begin_with(visit, &form, false).await };
    // What stands beside it says nothing (RFC 9126 section 4).
    let pushed = visit.service.spend_pushed(form.client_id(), request_uri, &visit.moment).await?.ok_or(Problem::Pushed)?;
    let form = AuthorizationForm::parse(pushed.as_bytes()).map_err(Problem::Request)?;
    begin_with(visit, &form, true).await
}

async fn begin_with(visit: &mut Visit, form: &AuthorizationForm<'_>, is_pushed: bool) -> Result<Response, Problem> {
    let way = Way::of(visit, form)?;
    if way.client.client.record.needs_pushed_requests && !is_pushed {
        let detail = "this client has to hand its requests in first, at the pushed_authorization_request_endpoint";
        return Ok(way.error(visit, form, &ErrorResponse::invalid_request(detail)));
    }
    let request = match form.request() {
        Ok(request) => request,
        Err(error) => return Ok(way.error(visit, form, &error)),
    };
    let asked = form.to_text();
    if asked.len() > ASKED_BYTES {
        return Err(Problem::TooLong(StatusCode::BAD_REQUEST));
    }
    // Asked as if nobody were signed in: what must not be asked at all is refused before anybody signs in for it. `prompt=none` waits until
    // it is known who is here.
    let anybody = AuthorizationRequest { prompt: Default::default(), ..request };
    match visit.service.authorize(&anybody, Destination::Address(&way.redirect_uri), visit.now(), None, None, &visit.moment).await {
        Err(Unauthorized::Denied(error)) => Ok(way.error(visit, form, &error)),
        Err(Unauthorized::Failed(failure)) => Ok(way.failed(visit, form, failure)),
        Ok(_) => visit.begin(About::Application(asked), "/oauth/authorize"),
    }
}

/// Somebody comes back, signed in or not.
async fn go_on(visit: &mut Visit, decision: Option<Decision<'_>>) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let About::Application(text) = flow.about.clone() else { return Err(Problem::Flow) };
    let form = AuthorizationForm::parse(text.as_bytes()).map_err(Problem::Request)?;
    let way = Way::of(visit, &form)?;
    let here = visit.here().await?;
    let answer = answered(visit, &flow, &form, &way, here.as_ref(), decision).await?;
    Ok(visit.seen(here.as_ref(), answer))
}

/// What somebody said.
#[derive(Clone, Copy)]
enum Decision<'d> {
    Deny,
    /// Yes, to the page that this is of.
    Allow(&'d str),
}

async fn decide(visit: &mut Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::Consent, &flow.secret, visit.now())?;
    let decision = match form.get("decision") {
        Some("allow") => Decision::Allow(form.get("shown").unwrap_or_default()),
        Some("deny") => Decision::Deny,
        _ => return Err(Problem::Form),
    };
    go_on(visit, Some(decision)).await
}

async fn answered(
    visit: &Visit,
    flow: &Flow,
    form: &AuthorizationForm<'_>,
    way: &Way,
    here: Option<&Here>,
    decision: Option<Decision<'_>>,
) -> Result<Response, Problem> {
    let ended = |mut response: Response| {
        set_cookie(&mut response, &flow.end(&visit.service));
        response
    };
    let request = match form.request() {
        Ok(request) => request,
        Err(error) => return Ok(ended(way.error(visit, form, &error))),
    };
    if matches!(decision, Some(Decision::Deny)) {
        let denied = ErrorResponse::new(ErrorCode::AccessDenied, "the person did not allow it");
        return Ok(ended(way.error(visit, form, &denied)));
    }
    let session = here.map(|here| &here.session);
    let ask = async |allows: Option<&NewConsent>| {
        visit.service.authorize(&request, Destination::Address(&way.redirect_uri), flow.begun_at, session, allows, &visit.moment).await
    };
    let mut step = ask(None).await;
    if let (Ok(NextStep::Consent(new, asked)), Some(Decision::Allow(shown)), Some(who)) = (&step, decision, here) {
        if shown_of(visit, flow, who, (new, asked)) != *shown {
            return consent_page(visit, flow, way, here, (new, asked), true);
        }
        step = ask(Some(new)).await;
    }
    match step {
        Ok(NextStep::SignIn) => Ok(see_other(visit.issuer(), &visit.path_in("/signin", flow))),
        Ok(NextStep::SecondFactor) => Ok(see_other(visit.issuer(), &visit.path_in("/signin/second-factor", flow))),
        Ok(NextStep::Consent(new, asked)) => consent_page(visit, flow, way, here, (&new, &asked), decision.is_some()),
        Ok(NextStep::Answer(code)) => {
            let answer = AuthorizationAnswer::code(&code, form.state(), visit.issuer());
            Ok(ended(seen::with_outcome(way.send(visit, form, &answer), "allowed")))
        }
        // Only a device comes by itself.
        Ok(NextStep::Allowed) => Err(Problem::Flow),
        Err(Unauthorized::Denied(error)) => Ok(ended(way.error(visit, form, &error))),
        Err(Unauthorized::Failed(failure)) => Ok(way.failed(visit, form, failure)),
    }
}

fn consent_page(
    visit: &Visit,
    flow: &Flow,
    way: &Way,
    here: Option<&Here>,
    (new, asked): (&NewConsent, &Asked),
    has_changed: bool,
) -> Result<Response, Problem> {
    let here = here.ok_or(Problem::Flow)?;
    let page = consent::Page { client: &way.client.client.record, redirect_uri: &way.redirect_uri, new, asked, has_changed };
    page.reply(visit, flow, here, shown_of(visit, flow, here, (new, asked)))
}

/// What shows which page somebody saw, and who: an answer to another one, or of somebody who was here before, is no answer to this.
fn shown_of(visit: &Visit, flow: &Flow, here: &Here, (new, asked): (&NewConsent, &Asked)) -> String {
    let (scopes, identity) = (asked.scopes.to_string(), asked.identity.to_string());
    let (new_scopes, new_identity) = (new.scopes.to_string(), new.identity.to_string());
    let parts = [
        &flow.secret[..],
        &here.session.record.id.0,
        scopes.as_bytes(),
        identity.as_bytes(),
        new_scopes.as_bytes(),
        new_identity.as_bytes(),
    ];
    URL_SAFE_NO_PAD.encode(visit.service.page_tag(&parts))
}

/// The way back to an application.
struct Way {
    client: Arc<ClientEntry>,
    redirect_uri: RedirectUri,
}

impl Way {
    fn of(visit: &Visit, form: &AuthorizationForm<'_>) -> Result<Way, Problem> {
        let (client, redirect_uri) = visit.service.authorization_target(form).map_err(|no_place| match no_place {
            NoPlace::UnknownClient => Problem::Client,
            NoPlace::Target(NoTarget::NotOffered) => Problem::Grant,
            NoPlace::Target(NoTarget::Unsaid | NoTarget::Unregistered) => Problem::Redirect,
        })?;
        Ok(Way { client, redirect_uri })
    }

    /// Sends the answer on its way.
    fn send(&self, visit: &Visit, form: &AuthorizationForm<'_>, answer: &AuthorizationAnswer) -> Response {
        let response = match form.response_mode() {
            ResponseMode::Query => see_other(visit.issuer(), answer.location(&self.redirect_uri).expose()),
            ResponseMode::FormPost => view::go_on(visit.issuer(), &self.client.client.record.name, &self.redirect_uri, answer),
        };
        seen::to_client(response, &self.client.client.record.id)
    }

    fn error(&self, visit: &Visit, form: &AuthorizationForm<'_>, error: &ErrorResponse) -> Response {
        let answer = AuthorizationAnswer::error(error, form.state(), visit.issuer());
        seen::with_outcome(self.send(visit, form, &answer), error.code.as_str())
    }

    /// Nothing can be decided now: the application hears so, and the flow stays.
    fn failed(&self, visit: &Visit, form: &AuthorizationForm<'_>, failure: jeton_service::failure::Failure) -> Response {
        let error = match failure {
            jeton_service::failure::Failure::Refused(refusal) => ErrorResponse::new(ErrorCode::AccessDenied, refusal.detail),
            failure => {
                // Logged there, and told to nobody.
                let _ = Problem::from(failure);
                ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "the server cannot answer now: try again")
            }
        };
        self.error(visit, form, &error)
    }
}
