//! `/account/passkeys`: by which passkeys somebody signs in. Whoever adds one, or removes one, showed a moment ago who they are: it is another way
//! in, and whoever finds a browser open makes none.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jeton_core::id::PasskeyId;
use jeton_core::passkey::Passkey;
use jeton_core::passkey::challenge::Asked;
use jeton_core::passkey::registration::{ALGORITHMS, Created};
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::passkeys::AddPasskey;

use crate::observe::Observer;
use crate::pages::dates::minute;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::passkey::{field, open, seal};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page_with_script, see_other};
use crate::pages::texts::{Texts, fill};
use crate::pages::visit::{Here, Visit};
use crate::seen;

const PATH: &str = "/account/passkeys";
/// What the address of the page says of somebody whose passkey was not added, and why.
const REFUSED: &str = "refused";

#[derive(Template)]
#[template(path = "account_passkeys.html")]
struct View {
    frame: Frame,
    problem: Option<String>,
    lines: Vec<Line>,
    action: String,
    form: String,
    back: String,
    /// What is asked of an authenticator, and comes back sealed.
    asked: String,
    challenge: String,
    server: String,
    handle: String,
    user: String,
    algorithms: String,
    known: String,
}

/// One passkey.
struct Line {
    id: String,
    name: String,
    since: String,
    used: String,
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
    if visit.service.relying_party().is_none() {
        return Ok(see_other(visit.issuer(), &visit.path("/account")));
    }
    let query = visit.query.clone().unwrap_or_default();
    let texts = &Frame::of(visit.issuer()).texts.passkeys;
    let problem = Form::parse(query.as_bytes()).ok().and_then(|form| match form.get(REFUSED)? {
        "many" => Some(texts.many.clone()),
        "name" => Some(texts.bad_name.clone()),
        _ => Some(texts.refused.clone()),
    });
    let standing = standing(visit, &here, problem).await?;
    Ok(visit.seen(Some(&here), standing))
}

/// Adds one, or removes one.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn take(visit: &mut Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Passkeys, here.whose(), visit.now())?;
    if !here.is_fresh(visit.now()) {
        return visit.sign_in_for(PATH.to_owned());
    }
    match form.get("remove").map(PasskeyId::parse) {
        Some(Some(id)) => remove(visit, &here, id).await,
        Some(None) => Ok(see_other(visit.issuer(), &visit.path(PATH))),
        None => add(visit, &here, &form).await,
    }
}

async fn add(visit: &Visit, here: &Here, form: &Form<'_>) -> Result<Response, Problem> {
    let refused = |why: &str| {
        let response = see_other(visit.issuer(), &visit.path(&format!("{PATH}?{REFUSED}={why}")));
        Ok(seen::with_outcome(response, "refused"))
    };
    let asked = form.get("asked").and_then(|text| open(&visit.service, text, &context(here)));
    let created = field(form, "client_data").zip(field(form, "attestation"));
    let Some(((asked, handle), (client_data, attestation))) = asked.zip(created) else { return refused("yes") };
    let created = Created { client_data: &client_data, attestation: &attestation };
    let name = form.get("name").unwrap_or_default().trim();
    let added = AddPasskey { asked: &asked, handle: &handle, created, name };
    match visit.service.add_passkey(&here.session, added, &visit.moment).await {
        Ok(_) => Ok(seen::with_outcome(see_other(visit.issuer(), &visit.path(PATH)), "passkey_added")),
        Err(Failure::Refused(refusal)) => match refusal.reason {
            Reason::Conflict => refused("many"),
            Reason::InvalidRequest | Reason::CredentialInText => refused("name"),
            _ => refused("yes"),
        },
        Err(failure) => Err(failure.into()),
    }
}

async fn remove(visit: &Visit, here: &Here, id: PasskeyId) -> Result<Response, Problem> {
    let done = see_other(visit.issuer(), &visit.path(PATH));
    match visit.service.remove_passkey(&here.session, id, &visit.moment).await {
        Ok(()) => Ok(seen::with_outcome(done, "passkey_removed")),
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::Conflict => {
            let problem = Frame::of(visit.issuer()).texts.passkeys.last.clone();
            Ok(seen::with_outcome(standing(visit, here, Some(problem)).await?, "refused"))
        }
        // It is gone already.
        Err(Failure::Refused(_)) => Ok(done),
        Err(failure) => Err(failure.into()),
    }
}

/// The page, and what an authenticator is asked for by which they may add one.
async fn standing(visit: &Visit, here: &Here, problem: Option<String>) -> Result<Response, Problem> {
    let person = &here.session.record.person;
    let known = visit.service.registry().people.all.get(person.as_str()).ok_or(Problem::Unavailable)?;
    let passkeys = visit.service.passkeys_of(person).await?;
    let mut moment = visit.service.moments().now();
    let (asked, handle) = (Asked::draw(&mut moment), Service::passkey_handle(&passkeys, &mut moment));
    let frame = Frame::of(visit.issuer());
    let credentials = passkeys.iter().map(|passkey| URL_SAFE_NO_PAD.encode(&passkey.record.credential));
    let view = View {
        problem,
        lines: passkeys.iter().map(|passkey| Line::of(&passkey.record, frame.texts)).collect(),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Passkeys, here.whose(), visit.now()),
        back: visit.path("/account"),
        asked: seal(&visit.service, &[&asked.to_bytes(), &handle[..]].concat(), &context(here)).ok_or(Problem::Unavailable)?,
        challenge: URL_SAFE_NO_PAD.encode(asked.challenge.0),
        server: visit.issuer().host().to_owned(),
        handle: URL_SAFE_NO_PAD.encode(&handle),
        user: plain::shown(&known.record.username),
        algorithms: ALGORITHMS.map(|algorithm| algorithm.to_string()).join(" "),
        known: credentials.collect::<Vec<_>>().join(" "),
        frame,
    };
    Ok(page_with_script(visit.issuer(), StatusCode::OK, FormsLead::Here, &view))
}

impl Line {
    fn of(passkey: &Passkey, texts: &Texts) -> Line {
        let (name, texts_here) = (plain::shown(&passkey.name), &texts.passkeys);
        let used = passkey.used_at.map(|at| fill(&texts_here.used, &[("when", &minute(texts, at))]));
        Line {
            id: passkey.id.to_string(),
            since: fill(&texts_here.since, &[("when", &minute(texts, passkey.added_at))]),
            used: used.unwrap_or_else(|| texts_here.unused.clone()),
            label: fill(&texts_here.remove_label, &[("passkey", &name)]),
            name,
        }
    }
}

fn context(here: &Here) -> String {
    format!("passkey to be added in {}", here.session.record.id)
}
