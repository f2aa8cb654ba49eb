//! `/signin`: somebody shows who they are. A name that nobody has, a wrong password, and somebody who may not sign in are answered alike, in
//! words, status and time, and tried too often alike.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use jeton_core::plain;
use jeton_core::session::begin::Begun;
use jeton_core::session::proof::Authenticated;
use jeton_core::trusted_device::TrustedDevice;
use jeton_oauth::RedirectUri;
use jeton_oauth::authorization::AuthorizationForm;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::passwords::Proven;
use jeton_service::sessions::{By, Proof};
use jeton_service::sign_ins::SignIn as Outcome;
use jeton_token::Secret;

use super::choices::choices;
use super::device_cookie;
use super::flow::{About, Flow};
use super::guard::{Door, Posted, token};
use super::passkey;
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::session_cookie;
use super::view::{SignIn, Why};
use super::visit::Visit;
use crate::observe::Observer;
use crate::seen;

/// The longest name that is looked at, in characters.
const NAME_CHARACTERS: usize = 256;

/// Asks; begins a flow where the address names none.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = ask(&mut visit).await;
    visit.reply(answer)
}

async fn ask(visit: &mut Visit) -> Result<Response, Problem> {
    let here = visit.here().await?;
    if visit.flow_id().is_none() {
        return match here {
            Some(_) => Ok(see_other(visit.issuer(), &visit.path("/account"))),
            None => visit.sign_in_for("/account".to_owned()),
        };
    }
    let flow = visit.flow()?;
    let why = if here.is_some() { Why::Again } else { Why::First };
    page(visit, &flow, None, why)
}

/// Takes a name and a password.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::SignIn, &flow.secret, visit.now())?;
    let (username, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    let device = device_cookie::read(&visit.service, &visit.headers);
    let from = (&visit.sender, device.as_ref());
    let (person, set_at) = match visit.service.prove_password(username, &Secret::from(password), from, &visit.moment).await {
        Ok(Proven::Somebody(person, set_at)) => (person, set_at),
        Ok(Proven::Nobody) => return refuse(visit, &flow, username, Why::Refused),
        Ok(Proven::Wait(wait)) => return refuse(visit, &flow, username, Why::TooOften(wait.seconds)),
        Err(Failure::Busy) => return refuse(visit, &flow, username, Why::Busy),
        Err(Failure::Fenced) => return refuse(visit, &flow, username, Why::Fenced),
        Err(failure) => return Err(failure.into()),
    };
    // Hashing took its time: what is begun now begins now.
    let moment = visit.service.moments().now();
    // What was typed is of when it was sent.
    let by = By::Password { set_at };
    match visit.service.first_factor(&person.record.id, by.clone(), visit.now()).await {
        Ok(Some(first)) => return second_step(visit, Flow { first: Some(first), ..flow }),
        Ok(None) => {}
        Err(failure) => return Err(failure.into()),
    }
    let before = visit.here().await?;
    let proof = Proof { authenticated: Authenticated::by_password(moment.now.seconds()), by: Some(by) };
    let before = before.as_ref().map(|here| &here.session);
    let begun = match visit.service.begin_session(&person.record.id, proof, before, &visit.sender, &moment).await {
        Ok(begun) => begun,
        // Disabled meanwhile, or of another password: nothing else refuses whoever proved who they are.
        Err(Failure::Refused(_)) => return refuse(visit, &flow, username, Why::Refused),
        Err(failure) => return Err(failure.into()),
    };
    signed_in(visit, flow, device, &begun, moment.now.seconds())
}

/// Somebody has a second factor: what they proved is kept by their browser, and they are signed in by nothing yet.
pub(super) fn second_step(visit: &Visit, flow: Flow) -> Result<Response, Problem> {
    let mut response = see_other(visit.issuer(), &visit.path_in("/signin/second-factor", &flow));
    keep(visit, &flow, &mut response)?;
    Ok(seen::with_outcome(response, "second_factor"))
}

/// Gives a flow to the browser as it is now.
fn keep(visit: &Visit, flow: &Flow, response: &mut Response) -> Result<(), Problem> {
    let lines = flow.keep(&visit.service, &visit.headers, &mut visit.service.moments().now()).ok_or(Problem::Unavailable)?;
    lines.iter().for_each(|line| set_cookie(response, line));
    Ok(())
}

/// Somebody is signed in: they go on to what they were about, and what they proved first is used up.
pub(super) fn signed_in(visit: &Visit, flow: Flow, device: Option<TrustedDevice>, begun: &Begun, now: i64) -> Result<Response, Problem> {
    let (to, is_over) = match &flow.about {
        About::Application(_) => (visit.path_in("/oauth/authorize", &flow), false),
        About::Typed(_) | About::Device(_) => (visit.path_in("/device", &flow), false),
        About::Account(page) => (visit.path(page), true),
        // Nobody is sent to sign in for them.
        About::Logout(_) | About::Connect(_) => (visit.path("/account"), true),
    };
    let mut response = see_other(visit.issuer(), &to);
    let text = Secret::from(begun.clear.0.clone());
    set_cookie(&mut response, &session_cookie::set(&visit.service, &text, now, begun.session.expires_at));
    if let Some(line) = device_cookie::trust(&visit.service, device, &begun.session.person, &mut visit.service.moments().now()) {
        set_cookie(&mut response, &line);
    }
    if is_over {
        set_cookie(&mut response, &flow.end(&visit.service));
    } else if flow.first.is_some() {
        keep(visit, &Flow { first: None, ..flow }, &mut response)?;
    }
    visit.service.count_sign_in(Outcome::SignedIn);
    Ok(seen::with_outcome(response, Outcome::SignedIn.name()))
}

/// The page once more, with what was wrong.
pub(super) fn refuse(visit: &Visit, flow: &Flow, username: &str, why: Why) -> Result<Response, Problem> {
    let outcome = match why {
        Why::TooOften(_) => Outcome::Throttled,
        Why::Busy => Outcome::Busy,
        Why::Fenced | Why::ProviderFenced | Why::PasskeyFenced => Outcome::Fenced,
        Why::First | Why::Again | Why::Refused | Why::Passkey => Outcome::Refused,
    };
    visit.service.count_sign_in(outcome);
    page(visit, flow, Some(username), why).map(|page| seen::with_outcome(page, outcome.name()))
}

/// The page that asks. What was typed as a name stands there again; a password never does.
fn page(visit: &Visit, flow: &Flow, username: Option<&str>, why: Why) -> Result<Response, Problem> {
    let form = form_of(flow)?;
    let (client, leads_to) = whereto(visit, form.as_ref())?;
    let hint = form.as_ref().and_then(|form| form.request().ok()?.login_hint.map(str::to_owned));
    let username = username.map(str::to_owned).or(hint).unwrap_or_default();
    let page = SignIn {
        action: visit.path_in("/signin", flow),
        form: token(&visit.service, Door::SignIn, &flow.secret, visit.now()),
        client: client.as_deref(),
        is_for_device: matches!(flow.about, About::Typed(_) | About::Device(_)),
        username: if username.chars().count() > NAME_CHARACTERS { String::new() } else { plain::shown(&username) },
        why,
        leads_to: leads_to.as_ref(),
        forgot: visit.service.writes_letters().then(|| visit.path_in("/forgot", flow)),
        providers: choices(visit, flow).into_iter().map(|choice| (choice.to, choice.title)).collect(),
        passkey: passkey::form_in(visit, flow),
    };
    Ok(page.reply(visit.issuer()))
}

/// The request of an application that a flow is about, if it is about one.
fn form_of(flow: &Flow) -> Result<Option<AuthorizationForm<'_>>, Problem> {
    match &flow.about {
        About::Application(text) => AuthorizationForm::parse(text.as_bytes()).map(Some).map_err(Problem::Request),
        About::Account(_) | About::Typed(_) | About::Device(_) | About::Logout(_) | About::Connect(_) => Ok(None),
    }
}

/// What the application is called to which somebody goes on, and where that is.
fn whereto(visit: &Visit, form: Option<&AuthorizationForm<'_>>) -> Result<(Option<String>, Option<RedirectUri>), Problem> {
    let target = form.map(|form| visit.service.authorization_target(form)).transpose().map_err(|_| Problem::Redirect)?;
    Ok(target.map_or((None, None), |(client, to)| (Some(plain::shown(&client.client.record.name)), Some(to))))
}

/// The same of a flow.
pub(super) fn leads(visit: &Visit, flow: &Flow) -> Result<(Option<String>, Option<RedirectUri>), Problem> {
    whereto(visit, form_of(flow)?.as_ref())
}
