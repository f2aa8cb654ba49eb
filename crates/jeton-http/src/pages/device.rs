//! `/device` (RFC 8628 section 3.3): somebody types what a device shows, signs in, and says yes or no to it. Whoever sends somebody here with a
//! code that they began themselves gets nothing by that alone: the code stands on a page that is confirmed, and what is asked, by whom and from
//! where on the next.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::authorize::Asked;
use jeton_core::authorize::device::DeviceRequest;
use jeton_core::consent::needed::NewConsent;
use jeton_core::refusal::Reason;
use jeton_core::throttle::Kind;
use jeton_oauth::Form;
use jeton_oauth::device::UserCode;
use jeton_service::Service;
use jeton_service::authorizations::{Destination, NextStep, Unauthorized};
use jeton_service::failure::Failure;
use jeton_service::grants::device::request_of;

use super::consent;
use super::flow::{About, Flow};
use super::guard::{Door, Posted, token};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::view::device::{Ended, Enter, Why, ended};
use super::visit::{Here, Visit};
use crate::observe::Observer;
use crate::seen;

/// The longest text that is looked at as a code, in bytes.
const TYPED_BYTES: usize = 32;

/// Asks for the code, or shows what is behind it.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = match visit.flow_id() {
        Some(_) => go_on(&visit, None).await,
        None => {
            // What a device made a picture of is typed already, and not yet confirmed.
            let typed = typed_in(visit.query.as_deref());
            visit.begin(About::Typed(typed), "/device")
        }
    };
    visit.reply(answer)
}

/// Takes the code, or what somebody says.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

fn typed_in(query: Option<&str>) -> String {
    let form = query.and_then(|query| Form::parse(query.as_bytes()).ok());
    let code = form.as_ref().and_then(|form| UserCode::parse(form.get("user_code")?));
    code.map(|code| code.to_text().expose().to_owned()).unwrap_or_default()
}

async fn take(visit: &mut Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::Device, &flow.secret, visit.now())?;
    if let Some(typed) = form.get("user_code") {
        let Some(code) = UserCode::parse(typed).filter(|_| typed.len() <= TYPED_BYTES) else {
            return Ok(enter(visit, &flow, typed, Some(Why::NoCode)));
        };
        // Who shows that they are somebody may try whether it is one: nobody else learns that.
        let flow = Flow { about: About::Device(code.to_text().expose().to_owned()), ..flow };
        return visit.keep(&flow, "/device");
    }
    match form.get("decision") {
        Some("allow") => go_on(visit, Some(Decision::Allow(form.get("shown").unwrap_or_default()))).await,
        Some("deny") => go_on(visit, Some(Decision::Deny)).await,
        _ => Err(Problem::Form),
    }
}

/// What somebody said.
#[derive(Clone, Copy)]
enum Decision<'d> {
    Deny,
    /// Yes, to the page that this is of.
    Allow(&'d str),
}

async fn go_on(visit: &Visit, decision: Option<Decision<'_>>) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let code = match &flow.about {
        About::Typed(typed) if decision.is_none() => return Ok(enter(visit, &flow, typed, None)),
        About::Device(code) => UserCode::parse(code).ok_or(Problem::Flow)?,
        About::Typed(_) | About::Account(_) | About::Application(_) | About::Logout(_) | About::Connect(_) => return Err(Problem::Flow),
    };
    let Some(here) = visit.here().await? else { return Ok(see_other(visit.issuer(), &visit.path_in("/signin", &flow))) };
    let answer = match find(visit, &here, &code).await? {
        Ok(request) => answered(visit, &flow, &here, (&request, &code), decision).await?,
        Err(why) => enter(visit, &flow, "", Some(why)),
    };
    Ok(visit.seen(Some(&here), answer))
}

/// What a code stands for: each that stands for nothing counts.
async fn find(visit: &Visit, here: &Here, code: &UserCode) -> Result<Result<DeviceRequest, Why>, Problem> {
    let service = &visit.service;
    let network = visit.sender.network.as_deref().unwrap_or_default().as_bytes();
    let buckets = [service.bucket(Kind::UserCodeInSession, here.whose(), b""), service.bucket(Kind::UserCodeFrom, network, b"")];
    let taken = match service.take_try(&buckets, visit.now()) {
        Ok(taken) => taken,
        Err(wait) => return Ok(Err(Why::TooOften(wait.seconds))),
    };
    let found = service.device_of(code, &visit.moment).await?;
    if found.is_some() {
        service.give_back(&taken);
    }
    Ok(found.ok_or(Why::Unknown))
}

async fn answered(
    visit: &Visit,
    flow: &Flow,
    here: &Here,
    (request, code): (&DeviceRequest, &UserCode),
    decision: Option<Decision<'_>>,
) -> Result<Response, Problem> {
    if matches!(decision, Some(Decision::Deny)) {
        return match visit.service.deny_device(request, &here.session.record, &visit.moment).await {
            Ok(()) => Ok(over(visit, flow, Ended::Denied)),
            Err(failure) => Err(twice(failure)),
        };
    }
    let asked = request_of(request.client.as_str(), &request.asked);
    let to = Destination::Device(Some(request));
    let ask = async |allows: Option<&NewConsent>, moment: &jeton_core::moment::Moment| {
        visit.service.authorize(&asked, to, flow.begun_at, Some(&here.session), allows, moment).await
    };
    let mut moments = visit.moment.clone();
    let mut step = ask(None, &moments.split()).await;
    if let (Ok(NextStep::Consent(new, asked)), Some(Decision::Allow(shown))) = (&step, decision)
        && shown_of(visit, flow, here, request, (new, asked)) == *shown
    {
        step = ask(Some(new), &moments.split()).await;
    }
    match step {
        Ok(NextStep::SignIn) => Ok(see_other(visit.issuer(), &visit.path_in("/signin", flow))),
        Ok(NextStep::SecondFactor) => Ok(see_other(visit.issuer(), &visit.path_in("/signin/second-factor", flow))),
        Ok(NextStep::Consent(new, asked)) => page(visit, flow, here, (request, code), (&new, &asked), decision.is_some()),
        Ok(NextStep::Allowed) => Ok(over(visit, flow, Ended::Allowed)),
        // A device gets no code by a browser.
        Ok(NextStep::Answer(_)) => Err(Problem::Flow),
        Err(Unauthorized::Denied(_)) => Ok(over(visit, flow, Ended::Nothing)),
        Err(Unauthorized::Failed(failure)) => Err(twice(failure)),
    }
}

/// Somebody else, or they themselves in another window, said something first.
fn twice(failure: Failure) -> Problem {
    match failure {
        Failure::Refused(refusal) if refusal.reason == Reason::Conflict => Problem::Flow,
        failure => failure.into(),
    }
}

fn enter(visit: &Visit, flow: &Flow, typed: &str, why: Option<Why>) -> Response {
    let page = Enter {
        action: visit.path_in("/device", flow),
        form: token(&visit.service, Door::Device, &flow.secret, visit.now()),
        typed: if typed.len() <= TYPED_BYTES { typed.to_owned() } else { String::new() },
        why,
    };
    page.reply(visit.issuer())
}

fn page(
    visit: &Visit,
    flow: &Flow,
    here: &Here,
    (request, code): (&DeviceRequest, &UserCode),
    (new, asked): (&NewConsent, &Asked),
    has_changed: bool,
) -> Result<Response, Problem> {
    let client = visit.service.registry().clients.get(request.client.as_str()).ok_or(Problem::Client)?;
    let shown = shown_of(visit, flow, here, request, (new, asked));
    consent::device_page(visit, flow, here, &client.client.record, consent::OfDevice { request, code, new, has_changed, shown })
}

fn over(visit: &Visit, flow: &Flow, how: Ended) -> Response {
    let mut response = ended(visit.issuer(), how);
    set_cookie(&mut response, &flow.end(&visit.service));
    seen::with_outcome(response, how.name())
}

/// What shows which page somebody saw, and who: an answer to another one, or of somebody who was here before, is no answer to this.
fn shown_of(visit: &Visit, flow: &Flow, here: &Here, request: &DeviceRequest, (new, asked): (&NewConsent, &Asked)) -> String {
    let (scopes, identity) = (asked.scopes.to_string(), asked.identity.to_string());
    let (new_scopes, new_identity) = (new.scopes.to_string(), new.identity.to_string());
    let texts = [&scopes, &identity, &new_scopes, &new_identity].map(|text| text.as_bytes());
    let parts: Vec<&[u8]> = [&flow.secret[..], &here.session.record.id.0, &request.id.0].into_iter().chain(texts).collect();
    URL_SAFE_NO_PAD.encode(visit.service.page_tag(&parts))
}
