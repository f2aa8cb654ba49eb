//! `/account/sessions`: where somebody is signed in; they end one, or all but this one. Another person's is as unknown.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::id::{Actor, PersonId, SessionId};
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::sessions::list::LiveSession;

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::dates::minute;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other};
use crate::pages::texts::{Texts, fill};
use crate::pages::visit::Visit;
use crate::seen;

const PATH: &str = "/account/sessions";
/// How many are shown.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "account_sessions.html")]
struct View {
    frame: Frame,
    lines: Vec<Line>,
    has_others: bool,
    action: String,
    form: String,
    back: String,
}

/// One session.
struct Line {
    id: String,
    what: String,
    end_label: String,
    began: String,
    seen: String,
    is_here: bool,
}

/// Shows them.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let (person, this) = (here.session.record.person.clone(), here.session.record.id);
    let read = move |service: &Service, moment: &_| service.list_sessions(Some(&person), None, SHOWN, moment);
    let sessions = visit.read(read).await?.sessions;
    let frame = Frame::of(visit.issuer());
    let view = View {
        lines: sessions.iter().map(|live| Line::of(live, this, frame.texts)).collect(),
        has_others: sessions.iter().any(|live| live.session.id != this),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Sessions, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame,
    };
    Ok(visit.seen(Some(&here), page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)))
}

/// Ends one of them, or all but this one.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| end(visit, posted).await).await
}

async fn end(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Sessions, here.whose(), visit.now())?;
    let session = &here.session.record;
    if form.get("others").is_some() {
        end_others(visit, &session.person, session.id).await?;
    } else if let Some(id) = form.get("session").and_then(SessionId::parse) {
        let own = visit.service.session_of(&session.person, id).await?;
        if own.is_some() {
            end_one(visit, &session.person, id).await?;
        }
    }
    Ok(seen::with_outcome(see_other(visit.issuer(), &visit.path(PATH)), "sessions_ended"))
}

async fn end_others(visit: &Visit, person: &PersonId, this: SessionId) -> Result<(), Problem> {
    loop {
        let own = visit.service.sessions_of(person).await?;
        let others: Vec<SessionId> = own.iter().map(|own| own.record.id).filter(|id| *id != this).collect();
        if others.is_empty() {
            return Ok(());
        }
        for id in others {
            end_one(visit, person, id).await?;
        }
    }
}

async fn end_one(visit: &Visit, person: &PersonId, id: SessionId) -> Result<(), Problem> {
    let moment = visit.service.moments().now();
    match visit.service.end_session(id, &Actor::person(person), &moment).await {
        Ok(_) => Ok(()),
        // It ended meanwhile, which is what was asked for.
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

impl Line {
    fn of(live: &LiveSession, this: SessionId, texts: &Texts) -> Line {
        let (session, words) = (&live.session, &texts.sessions);
        // A class that tells no browser from another tells nothing.
        let agent = session.sender.agent.as_deref().filter(|agent| !matches!(*agent, "other" | "Mozilla/5"));
        let agent = agent.map_or_else(|| words.unknown_agent.clone(), |agent| plain::shown(&agent.replace('/', " ")));
        let what = match session.sender.network.as_deref() {
            Some(network) => fill(&words.agent_from, &[("agent", &agent), ("network", &plain::shown(network))]),
            None => agent,
        };
        Line {
            id: session.id.to_string(),
            end_label: fill(&words.end_label, &[("session", &what)]),
            what,
            began: fill(&words.began, &[("when", &minute(texts, session.created_at))]),
            seen: fill(&words.seen, &[("when", &minute(texts, live.last_seen_at))]),
            is_here: session.id == this,
        }
    }
}
