//! `/account/tokens`: somebody's personal access tokens; they revoke one. Another person's is as unknown.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::api::Api;
use jeton_core::api_key::secret::Slot;
use jeton_core::id::{Actor, ApiKeyId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::plain;
use jeton_core::record::Versioned;
use jeton_core::role::holder::Holder;
use jeton_core::usage::Subject;
use jeton_core::why::Why;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::filter::{KeyFilter, StandingKind};

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::dates::minute;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other};
use crate::pages::texts::{Texts, fill};
use crate::pages::visit::Visit;
use crate::seen;

pub(super) const PATH: &str = "/account/tokens";
/// How many are shown.
const SHOWN: usize = 1_000;

#[derive(Template)]
#[template(path = "account_tokens.html")]
struct View {
    frame: Frame,
    lines: Vec<Line>,
    /// Where one is made for each API: the address, and the words.
    makes: Vec<(String, String)>,
    action: String,
    form: String,
    back: String,
}

/// One token.
struct Line {
    id: String,
    name: String,
    api: Option<String>,
    scope: String,
    made: String,
    ends: String,
    used: String,
    is_suspended: bool,
    revoke_label: String,
}

/// Shows them.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let person = here.session.record.person.clone();
    let frame = Frame::of(visit.issuer());
    let texts = frame.texts;
    let whose = person.clone();
    let lines = visit.read(move |service, moment| lines(service, &whose, texts, moment)).await?;
    let make = |api: &Api| {
        let words = fill(&texts.tokens.make_for, &[("api", &plain::shown(&api.audience))]);
        (format!("{}?api={}", visit.path("/account/tokens/new"), api.id), words)
    };
    let view = View {
        lines,
        makes: apis_of(&visit.service, &person).iter().map(|api| make(&api.record)).collect(),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Tokens, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame,
    };
    Ok(visit.seen(Some(&here), page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)))
}

/// The APIs where somebody may do anything, by audience.
pub(super) fn apis_of(service: &Service, person: &PersonId) -> Vec<Arc<Versioned<Api>>> {
    let holder = Holder::Person(person.clone());
    let may = |api: &Arc<Versioned<Api>>| !service.registry().people.rights(&holder, &api.record).scopes.is_empty();
    let mut apis: Vec<_> = service.registry().apis().into_iter().filter(may).collect();
    apis.sort_by(|one, other| one.record.audience.cmp(&other.record.audience));
    apis
}

fn lines(service: &Service, person: &PersonId, texts: &'static Texts, moment: &Moment) -> Result<Vec<Line>, Failure> {
    let filter = KeyFilter { owner: Some(Owner::Person(person.clone())), ..KeyFilter::default() };
    let (uses, mut lines, mut after) = (service.subject_uses()?, Vec::new(), None);
    loop {
        let found = service.list_keys(&filter, after.as_deref(), SHOWN, moment)?;
        for entry in &found.keys {
            let stands = StandingKind::from(service.key_standing(entry, Slot::Current, moment).0);
            if matches!(stands, StandingKind::Active | StandingKind::Suspended) {
                let used = uses.of(&Subject::Key(entry.key.record.id))?.and_then(|used| used.last_used_at);
                lines.push(Line::of(entry, service, texts, (used, stands == StandingKind::Suspended)));
            }
        }
        after = found.next;
        if after.is_none() || lines.len() >= SHOWN {
            return Ok(lines);
        }
    }
}

/// Revokes one of them.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| revoke(visit, posted).await).await
}

async fn revoke(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Tokens, here.whose(), visit.now())?;
    if let Some(id) = form.get("token").and_then(ApiKeyId::parse)
        && let Some(entry) = visit.service.key(id).await?
    {
        let person = &here.session.record.person;
        if entry.key.record.owner == Owner::Person(person.clone()) {
            match visit.service.revoke_key(id, Why::NoLongerNeeded, &Actor::person(person), &visit.moment).await {
                // It is over already, which is what was asked for.
                Ok(()) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }
    Ok(seen::with_outcome(see_other(visit.issuer(), &visit.path(PATH)), "revoked"))
}

impl Line {
    fn of(entry: &KeyEntry, service: &Service, texts: &Texts, (used, is_suspended): (Option<i64>, bool)) -> Line {
        let (key, words) = (&entry.key.record, &texts.tokens);
        let (name, scope) = (plain::shown(&key.name), key.scopes.to_string());
        let api = service.registry().api(key.api.as_str());
        let at = |text: &str, at: i64| fill(text, &[("when", &minute(texts, at))]);
        Line {
            id: key.id.to_string(),
            api: api.map(|api| fill(&words.of_api, &[("api", &plain::shown(&api.record.audience))])),
            scope: if scope.is_empty() { words.nothing.clone() } else { fill(&words.scope, &[("scope", &scope)]) },
            made: at(&words.made, key.created_at),
            ends: at(&words.ends, key.ends_at(&key.current, &service.registry().policies())),
            used: used.map_or_else(|| words.unused.clone(), |used| at(&words.used, used)),
            is_suspended,
            revoke_label: fill(&words.revoke_label, &[("token", &name)]),
            name,
        }
    }
}
