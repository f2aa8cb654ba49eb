//! `/link`: what somebody does who got a link. Opening it uses nothing up: programs that look through letters open every link. The address with
//! the text in it is left at once; the browser keeps the text, sealed, and only the form uses the link.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jeton_core::link::Purpose;
use jeton_core::moment::Moment;
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::links::Good;
use jeton_token::Secret;

use super::cookies;
use super::guard::{Door, Posted, token};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::view::link as view;
use super::visit::Visit;
use crate::observe::Observer;
use crate::seen;

/// How long a browser keeps the text of a link, in seconds.
const KEPT_SECONDS: i64 = 3_600;
/// The longest text that is kept, in bytes: no link is as long.
const TEXT_BYTES: usize = 128;
const CONTEXT: &str = "link";

/// A link, as a browser keeps it.
struct Kept {
    /// What its form is bound to.
    secret: [u8; 16],
    text: Secret,
}

/// Takes the text out of the address.
pub(crate) async fn take(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let text = request.uri().path().rsplit('/').next().unwrap_or_default();
    let answer = keep(&service, text, &mut visit.moment).map(|line| {
        let mut response = see_other(visit.issuer(), &visit.path("/link"));
        set_cookie(&mut response, &line);
        response
    });
    visit.reply(answer)
}

/// Asks for what the link is good for.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = ask(&visit).await;
    visit.reply(answer)
}

async fn ask(visit: &Visit) -> Result<Response, Problem> {
    let kept = read(&visit.service, &visit.headers, visit.now()).ok_or(Problem::Link)?;
    let good = visit.service.link(kept.text.expose(), &visit.moment).await?.ok_or(Problem::Link)?;
    Ok(page(visit, &kept, &good, None))
}

/// Uses it.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| spend(visit, posted).await).await
}

async fn spend(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let service = &visit.service;
    let kept = read(service, &visit.headers, visit.now()).ok_or(Problem::Form)?;
    let form = posted.open(service, Door::Link, &kept.secret, visit.now())?;
    let good = service.link(kept.text.expose(), &visit.moment).await?.ok_or(Problem::Link)?;
    let password = good.link.record.purpose.sets_password().then(|| Secret::from(form.get("password").unwrap_or_default()));
    match service.use_link(kept.text.expose(), password.as_ref(), &visit.moment).await {
        Ok(purpose) => {
            // Nobody is signed in by it: they show all that is asked of them where everybody does.
            let to = if purpose.sets_password() { "/signin" } else { "/account" };
            let mut response = see_other(visit.issuer(), &visit.path(to));
            set_cookie(&mut response, &cookies::remove(service.issuer(), &cookies::name(service.issuer(), "link")));
            Ok(seen::with_outcome(response, "link_used"))
        }
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::InvalidRequest => {
            Ok(seen::with_outcome(page(visit, &kept, &good, Some(refusal.detail.into_owned())), "refused"))
        }
        Err(Failure::Refused(_)) => Err(Problem::Link),
        Err(failure) => Err(failure.into()),
    }
}

fn page(visit: &Visit, kept: &Kept, good: &Good, problem: Option<String>) -> Response {
    let form = token(&visit.service, Door::Link, &kept.secret, visit.now());
    let (purpose, username): (Purpose, _) = (good.link.record.purpose, plain::shown(&good.person.record.username));
    view::ask(visit.issuer(), purpose, &username, (visit.path("/link"), form), problem)
}

/// The line that gives a text to the browser.
fn keep(service: &Service, text: &str, moment: &mut Moment) -> Result<String, Problem> {
    if text.is_empty() || text.len() > TEXT_BYTES {
        return Err(Problem::Link);
    }
    let mut state = moment.draw::<16>().to_vec();
    state.extend_from_slice(&moment.now.seconds().to_be_bytes());
    state.extend_from_slice(text.as_bytes());
    let sealed = service.seal_page_state(&state, CONTEXT, moment).ok_or(Problem::Unavailable)?;
    let issuer = service.issuer();
    Ok(cookies::set(issuer, &cookies::name(issuer, "link"), &URL_SAFE_NO_PAD.encode(sealed), KEPT_SECONDS))
}

/// What a browser keeps; `None`: nothing, nothing of ours, or for too long.
fn read(service: &Service, headers: &HeaderMap, now: i64) -> Option<Kept> {
    let value = cookies::find(headers, &cookies::name(service.issuer(), "link"))?;
    let state = service.open_page_state(&URL_SAFE_NO_PAD.decode(value).ok()?, CONTEXT)?;
    let (secret, rest) = state.split_first_chunk::<16>()?;
    let (kept_at, text) = rest.split_first_chunk::<8>()?;
    let kept_at = i64::from_be_bytes(*kept_at);
    let text = Secret::from(std::str::from_utf8(text).ok()?);
    (kept_at <= now && now < kept_at + KEPT_SECONDS).then_some(Kept { secret: *secret, text })
}
