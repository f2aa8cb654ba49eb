//! `/account/providers`: by which providers somebody signs in. Whoever connects one, or takes one back, showed a moment ago who they are: it is
//! another way in, and whoever finds a browser open makes none.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::identity::Identity;
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;

use crate::observe::Observer;
use crate::pages::choices::choices;
use crate::pages::dates::minute;
use crate::pages::flow::{About, Flow};
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other, set_cookie};
use crate::pages::texts::{Texts, fill};
use crate::pages::visit::{Here, Visit};
use crate::seen;

pub(in crate::pages) const PATH: &str = "/account/providers";
/// What the address of the page says of somebody who was not connected.
pub(in crate::pages) const REFUSED: &str = "refused";

#[derive(Template)]
#[template(path = "account_providers.html")]
struct View {
    frame: Frame,
    problem: Option<String>,
    lines: Vec<Line>,
    /// Those that may be connected: where each begins, and what it is called.
    choices: Vec<(String, String)>,
    action: String,
    form: String,
    back: String,
}

/// One that is connected.
struct Line {
    identity: String,
    title: String,
    since: String,
    label: String,
}

/// Shows them.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = show(&mut visit).await;
    visit.reply(answer)
}

async fn show(visit: &mut Visit) -> Result<Response, Problem> {
    let here = match visit.here().await? {
        Some(here) if here.is_fresh(visit.now()) => here,
        _ => return visit.sign_in_for(PATH.to_owned()),
    };
    let query = visit.query.clone().unwrap_or_default();
    let is_refused = Form::parse(query.as_bytes()).is_ok_and(|form| form.get(REFUSED).is_some());
    let problem = is_refused.then(|| Frame::of(visit.issuer()).texts.providers.refused.clone());
    let standing = standing(visit, &here, problem).await?;
    Ok(visit.seen(Some(&here), standing))
}

/// Takes one back.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| disconnect(visit, posted).await).await
}

async fn disconnect(visit: &mut Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Providers, here.whose(), visit.now())?;
    if !here.is_fresh(visit.now()) {
        return visit.sign_in_for(PATH.to_owned());
    }
    let done = see_other(visit.issuer(), &visit.path(PATH));
    let Some(identity) = form.get("identity").and_then(|text| text.split_once(' ')) else { return Ok(done) };
    match visit.service.disconnect(identity, &here.session.record.person, &visit.moment).await {
        Ok(()) => Ok(seen::with_outcome(done, "disconnected")),
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::Conflict => {
            let problem = Frame::of(visit.issuer()).texts.providers.last.clone();
            Ok(seen::with_outcome(standing(visit, &here, Some(problem)).await?, "refused"))
        }
        // It is gone already.
        Err(Failure::Refused(_)) => Ok(done),
        Err(failure) => Err(failure.into()),
    }
}

/// The page, and a flow by which they may connect one.
async fn standing(visit: &mut Visit, here: &Here, problem: Option<String>) -> Result<Response, Problem> {
    let person = &here.session.record.person;
    let identities = visit.service.identities_of(person).await?;
    let flow = Flow::begin(About::Connect(person.to_string()), &mut visit.moment);
    let is_connected = |name: &str| {
        let provider = visit.service.find_provider(name);
        let by_session = identities.iter().map(|identity| &identity.record).filter(|identity| !identity.is_by_word_alone);
        provider.is_ok_and(|provider| by_session.clone().any(|identity| identity.provider == provider.record.id))
    };
    let frame = Frame::of(visit.issuer());
    let words = |title: &str| fill(&frame.texts.providers.connect, &[("provider", title)]);
    let choices = choices(visit, &flow).into_iter().filter(|choice| !is_connected(&choice.name));
    let view = View {
        problem,
        lines: identities.iter().map(|identity| Line::of(&identity.record, visit, frame.texts)).collect(),
        choices: choices.map(|choice| (choice.to, words(&choice.title))).collect(),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Providers, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame,
    };
    let mut response = page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view);
    let lines = flow.keep(&visit.service, &visit.headers, &mut visit.moment).ok_or(Problem::Unavailable)?;
    lines.iter().for_each(|line| set_cookie(&mut response, line));
    Ok(response)
}

impl Line {
    fn of(identity: &Identity, visit: &Visit, texts: &Texts) -> Line {
        let provider = visit.service.find_provider(identity.provider.as_str());
        let title = provider.map_or_else(|_| identity.provider.to_string(), |provider| plain::shown(&provider.record.title));
        Line {
            identity: format!("{} {}", identity.provider, identity.subject),
            since: fill(&texts.providers.since, &[("when", &minute(texts, identity.linked_at))]),
            label: fill(&texts.providers.disconnect_label, &[("provider", &title)]),
            title,
        }
    }
}
