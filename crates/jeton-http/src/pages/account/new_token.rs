//! `/account/tokens/new`: somebody makes a personal access token for an API; its text is shown once. Who proved long ago who they are does so again
//! first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jeton_core::administrator::Administrator;
use jeton_core::api::Api;
use jeton_core::api::management::is_management;
use jeton_core::api_key::create::CreateKey;
use jeton_core::id::{Actor, PersonId};
use jeton_core::once::Repeatable;
use jeton_core::owner::Owner;
use jeton_core::permission::Permissions;
use jeton_core::plain;
use jeton_core::policy::CredentialKind;
use jeton_core::role::holder::Holder;
use jeton_oauth::Form;
use jeton_oauth::scope::ScopeSet;
use jeton_service::Service;
use jeton_service::failure::Failure;

use super::sign_in_first;
use super::tokens::{PATH, apis_of};
use crate::observe::Observer;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other};
use crate::pages::scope_lines::words_of;
use crate::pages::texts::fill;
use crate::pages::visit::{Here, Visit};
use crate::seen;

const NEW: &str = "/account/tokens/new";
const DAY: i64 = 86_400;
/// Lifetimes to choose from, in days, as far as they are allowed.
const LIFETIMES: [i64; 5] = [1, 7, 30, 90, 365];
/// What the name of a scope's box begins with.
const BOX: &str = "scope:";

#[derive(Template)]
#[template(path = "account_new_token.html")]
struct View {
    frame: Frame,
    lead: String,
    problem: Option<String>,
    /// Each scope, with what it is in words.
    scopes: Vec<(String, String)>,
    /// Each lifetime in days, in words, and whether it is chosen.
    lifetimes: Vec<(i64, String, bool)>,
    action: String,
    form: String,
    once: String,
    back: String,
}

#[derive(Template)]
#[template(path = "account_made_token.html")]
struct MadeView {
    frame: Frame,
    name: String,
    text: String,
    back: String,
}

/// Asks what it is to be.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = ask(&mut visit).await;
    visit.reply(answer)
}

async fn ask(visit: &mut Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let Some(api) = api_asked_for(visit, &here) else { return Ok(see_other(visit.issuer(), &visit.path(PATH))) };
    if !is_fresh(visit, &here) {
        return visit.sign_in_for(format!("{NEW}?api={}", api.id));
    }
    form(visit, &here, &api, None)
}

/// The API that the address names, where they may do anything there.
fn api_asked_for(visit: &Visit, here: &Here) -> Option<Api> {
    let query = Form::parse(visit.query.as_deref().unwrap_or_default().as_bytes()).ok()?;
    let asked = query.get("api")?;
    let apis = apis_of(&visit.service, &here.session.record.person);
    apis.iter().find(|api| api.record.id.as_str() == asked).map(|api| api.record.clone())
}

/// Whether it counts still that they proved who they are.
fn is_fresh(visit: &Visit, here: &Here) -> bool {
    let session = &here.session.record;
    visit.now() <= session.authenticated.at.saturating_add(visit.service.reauthentication_seconds(&session.person))
}

/// What somebody may do there.
fn scopes_at(service: &Service, person: &PersonId, api: &Api) -> ScopeSet {
    service.registry().people.rights(&Holder::Person(person.clone()), api).scopes
}

/// The page that asks. What was typed does not stand there again: it may have been a secret.
fn form(visit: &mut Visit, here: &Here, api: &Api, problem: Option<String>) -> Result<Response, Problem> {
    let frame = Frame::of(visit.issuer());
    let words = &frame.texts.tokens;
    let scopes = scopes_at(&visit.service, &here.session.record.person, api);
    let policies = visit.service.registry().policies();
    let lives = policies.resolve(CredentialKind::PersonalAccessToken, Some(&api.id), None);
    let usual = lives.default_seconds / DAY;
    let mut days: Vec<i64> = LIFETIMES.into_iter().filter(|days| days * DAY <= lives.max_seconds).chain([usual.max(1)]).collect();
    days.sort_unstable();
    days.dedup();
    let lifetime = |days: i64| {
        let text = if days == usual { &words.default } else { &words.days };
        (days, fill(text, &[("days", &days.to_string())]), days == usual)
    };
    let view = View {
        lead: fill(&words.new_lead, &[("api", &plain::shown(&api.audience))]),
        problem,
        scopes: scopes.iter().map(|name| (name.to_owned(), words_of(Some(api), name))).collect(),
        lifetimes: days.into_iter().map(lifetime).collect(),
        action: format!("{}?api={}", visit.path(NEW), api.id),
        form: token(&visit.service, Door::Tokens, here.whose(), visit.now()),
        once: URL_SAFE_NO_PAD.encode(visit.moment.draw::<16>()),
        back: visit.path(PATH),
        frame,
    };
    Ok(visit.seen(Some(here), page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)))
}

/// Makes it.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| make(visit, posted).await).await
}

async fn make(visit: &mut Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let given = posted.open(&visit.service, Door::Tokens, here.whose(), visit.now())?;
    let asked = given.get("name").filter(|name| !name.is_empty()).zip(given.get("once"));
    let (Some(api), Some((name, once))) = (api_asked_for(visit, &here), asked) else {
        return Ok(see_other(visit.issuer(), &visit.path(PATH)));
    };
    if !is_fresh(visit, &here) {
        return visit.sign_in_for(format!("{NEW}?api={}", api.id));
    }
    let person = &here.session.record.person;
    let scopes: Vec<&str> = given.names().filter_map(|name| name.strip_prefix(BOX)).collect();
    let days = given.get("days").and_then(|days| days.parse::<i64>().ok()).filter(|days| (1..=36_500).contains(days));
    let request = CreateKey {
        scopes: Some(scopes.join(" ")),
        expires_in_seconds: days.map(|days| days * DAY),
        ..CreateKey::new(Owner::Person(person.clone()), name)
    };
    let by = themselves(&visit.service, person, &api);
    // Sent again, as by a page that is loaded anew, it makes no other.
    let said = format!("{}\n{name}\n{}\n{days:?}", api.id, scopes.join(" "));
    let repeat = Repeatable::new(once.as_bytes(), &by.actor, NEW, said.as_bytes());
    let Ok(repeat) = repeat else { return Err(Problem::Form) };
    let moment = repeat.begin(visit.moment.clone());
    match visit.service.create_key(&request, (api.id.as_str(), None), &by, &moment).await {
        Ok(made) => {
            let frame = Frame::of(visit.issuer());
            let (name, text) = (plain::shown(&made.key.name), made.clear.0.expose().to_owned());
            let view = MadeView { name, text, back: visit.path(PATH), frame };
            let response = page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view);
            Ok(seen::with_outcome(visit.seen(Some(&here), response), "created"))
        }
        Err(Failure::Refused(refusal)) => {
            let problem = fill(&Frame::of(visit.issuer()).texts.tokens.refused, &[("detail", &refusal.detail)]);
            form(visit, &here, &api, Some(problem))
        }
        Err(Failure::Contended) => {
            let problem = Frame::of(visit.issuer()).texts.tokens.too_many.clone();
            form(visit, &here, &api, Some(problem))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Whoever makes it for themselves gives what they have.
fn themselves(service: &Service, person: &PersonId, api: &Api) -> Administrator {
    let permissions =
        if is_management(&api.id) { Permissions::of_scopes(&scopes_at(service, person, api)) } else { Permissions::default() };
    Administrator { actor: Actor::person(person), permissions }
}
