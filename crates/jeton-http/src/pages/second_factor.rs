//! `/account/second-factor`: who is signed in sets a second factor, makes another sheet of recovery codes, or removes it. What is to be set is
//! sealed in the form until a code of it was shown: nothing is kept of who looks at the page and goes away.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_core::plain;
use jeton_core::refusal::Reason;
use jeton_core::second_factor::totp::{self, SECRET_BYTES};
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::second_factors::Second;
use jeton_token::Secret;
use zeroize::Zeroizing;

use super::dates::day;
use super::device_cookie;
use super::guard::{Door, Posted, token};
use super::picture::Picture;
use super::problem::Problem;
use super::reply::{FormsLead, Frame, page, see_other, set_cookie};
use super::session_cookie;
use super::texts::fill;
use super::view::too_often;
use super::visit::{Here, Visit};
use crate::observe::Observer;
use crate::seen;

/// How long what is to be set is good, in seconds.
const SEALED_SECONDS: i64 = 3_600;

/// Shows how it stands.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = show(&mut visit).await;
    visit.reply(answer)
}

/// Sets it, removes it, or makes another sheet.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| take(visit, posted).await).await
}

async fn show(visit: &mut Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(see_other(visit.issuer(), &visit.path("/signin"))) };
    let answer = match visit.service.second_factor_of(&here.session.record.person).await? {
        Some(_) => standing(visit, &here, None).await?,
        None if here.is_fresh(visit.now()) => {
            let secret = Zeroizing::new(visit.moment.draw::<SECRET_BYTES>());
            setting(visit, &here, &secret, None)?
        }
        None => return visit.sign_in_for("/account".to_owned()),
    };
    Ok(visit.seen(Some(&here), answer))
}

async fn take(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::SecondFactor, here.whose(), visit.now())?;
    let code = form.get("code").unwrap_or_default();
    let (person, device) = (&here.session.record.person, device_cookie::read(&visit.service, &visit.headers));
    match form.get("do") {
        Some("set") => set(visit, &here, &form, code).await,
        Some("remove") => {
            let removed = visit.service.remove_second_factor(person, code, device.as_ref(), &visit.moment).await;
            done(visit, &here, removed, |()| view_removed(visit)).await
        }
        Some("renew") => {
            let renewed = visit.service.renew_recovery_codes(person, code, device.as_ref(), &visit.moment).await;
            done(visit, &here, renewed, |codes| view_codes(visit, &codes)).await
        }
        _ => Err(Problem::Form),
    }
}

async fn done<R>(
    visit: &Visit,
    here: &Here,
    proved: Result<Second<R>, Failure>,
    shown: impl FnOnce(R) -> Response,
) -> Result<Response, Problem> {
    match proved {
        Ok(Second::Done(done)) => Ok(shown(done)),
        Ok(Second::Wrong) => Ok(seen::with_outcome(standing(visit, here, Some(&Problematic::Refused)).await?, "refused")),
        Ok(Second::Wait(wait)) => {
            Ok(seen::with_outcome(standing(visit, here, Some(&Problematic::TooOften(wait.seconds))).await?, "throttled"))
        }
        // It is gone already.
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound => {
            Ok(see_other(visit.issuer(), &visit.path("/account/second-factor")))
        }
        Err(failure) => Err(failure.into()),
    }
}

async fn set(visit: &Visit, here: &Here, form: &Form<'_>, code: &str) -> Result<Response, Problem> {
    let secret = open(visit, here, form.get("sealed").unwrap_or_default()).ok_or(Problem::Form)?;
    match visit.service.enrol_second_factor(&here.session, &secret, code, &visit.sender, &visit.moment).await {
        Ok(enrolled) => {
            let mut response = view_codes(visit, &enrolled.codes);
            let (text, session) = (Secret::from(enrolled.begun.clear.0.clone()), &enrolled.begun.session);
            set_cookie(&mut response, &session_cookie::set(&visit.service, &text, visit.now(), session.expires_at));
            Ok(response)
        }
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::InvalidRequest => {
            Ok(seen::with_outcome(setting(visit, here, &secret, Some(&Problematic::Refused))?, "refused"))
        }
        Err(Failure::Refused(_)) => Ok(see_other(visit.issuer(), &visit.path("/account/second-factor"))),
        Err(failure) => Err(failure.into()),
    }
}

/// What was wrong with what they sent.
enum Problematic {
    Refused,
    TooOften(i64),
}

#[derive(Template)]
#[template(path = "second_factor_set.html")]
struct SettingPage<'v> {
    frame: Frame,
    problem: Option<String>,
    secret: &'v str,
    address: &'v str,
    picture: Option<&'v Picture>,
    action: String,
    form: String,
    sealed: String,
    back: String,
}

/// The page that shows what is to be set.
fn setting(visit: &Visit, here: &Here, secret: &[u8; SECRET_BYTES], problem: Option<&Problematic>) -> Result<Response, Problem> {
    let person = visit.service.registry().people.all.get(here.session.record.person.as_str()).ok_or(Problem::Unavailable)?;
    let frame = Frame::of(visit.issuer());
    let text = Zeroizing::new(totp::shown(secret));
    let address = Zeroizing::new(address(&frame.service, &plain::shown(&person.record.username), &text));
    let (grouped, picture) = (Zeroizing::new(grouped(&text)), Picture::of(&address));
    let view = SettingPage {
        problem: problem.map(|_| frame.texts.second_factor.refused.clone()),
        secret: &grouped,
        address: &address,
        picture: picture.as_ref(),
        action: visit.path("/account/second-factor"),
        form: token(&visit.service, Door::SecondFactor, here.whose(), visit.now()),
        sealed: seal(visit, here, secret).ok_or(Problem::Unavailable)?,
        back: visit.path("/account"),
        frame,
    };
    Ok(page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view))
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct StandingPage {
    frame: Frame,
    problem: Option<String>,
    since: String,
    left: String,
    action: String,
    form: String,
    back: String,
}

/// The page that says that it is set.
async fn standing(visit: &Visit, here: &Here, problem: Option<&Problematic>) -> Result<Response, Problem> {
    let factor = visit.service.second_factor_of(&here.session.record.person).await?.ok_or(Problem::Form)?.record;
    let frame = Frame::of(visit.issuer());
    let texts = &frame.texts.second_factor;
    let (status, told) = match problem {
        None => (StatusCode::OK, None),
        Some(Problematic::Refused) => (StatusCode::OK, Some(texts.refused.clone())),
        Some(Problematic::TooOften(seconds)) => (StatusCode::TOO_MANY_REQUESTS, Some(too_often(&frame.texts.sign_in, *seconds))),
    };
    let view = StandingPage {
        problem: told,
        since: fill(&texts.since, &[("date", &day(frame.texts, factor.set_at))]),
        left: fill(&texts.left, &[("count", &factor.recovery.left.len().to_string())]),
        action: visit.path("/account/second-factor"),
        form: token(&visit.service, Door::SecondFactor, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame,
    };
    let mut response = page(visit.issuer(), status, FormsLead::Here, &view);
    if let Some(Problematic::TooOften(seconds)) = problem {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "second_factor_codes.html")]
struct CodesPage<'v> {
    frame: Frame,
    codes: Vec<&'v str>,
    back: String,
}

/// The page that shows a sheet, once.
fn view_codes(visit: &Visit, codes: &[Secret]) -> Response {
    let frame = Frame::of(visit.issuer());
    let view = CodesPage { codes: codes.iter().map(Secret::expose).collect(), back: visit.path("/account"), frame };
    page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)
}

#[derive(Template)]
#[template(path = "second_factor_removed.html")]
struct RemovedPage {
    frame: Frame,
    back: String,
}

fn view_removed(visit: &Visit) -> Response {
    let view = RemovedPage { back: visit.path("/account"), frame: Frame::of(visit.issuer()) };
    page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)
}

/// What is to be set, for this session alone.
fn seal(visit: &Visit, here: &Here, secret: &[u8; SECRET_BYTES]) -> Option<String> {
    let state = Zeroizing::new([&visit.now().to_be_bytes()[..], secret].concat());
    let sealed = visit.service.seal_page_state(&state, &context(here), &mut visit.service.moments().now())?;
    Some(URL_SAFE_NO_PAD.encode(sealed))
}

fn open(visit: &Visit, here: &Here, sealed: &str) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    let state = visit.service.open_page_state(&URL_SAFE_NO_PAD.decode(sealed).ok()?, &context(here))?;
    let (at, secret) = state.split_first_chunk::<8>()?;
    let at = i64::from_be_bytes(*at);
    let is_good = (at..at.saturating_add(SEALED_SECONDS)).contains(&visit.now());
    Some(Zeroizing::new(secret.try_into().ok()?)).filter(|_| is_good)
}

fn context(here: &Here) -> String {
    format!("second factor to be set in {}", here.session.record.id)
}

/// A secret in groups of four letters, as it is typed.
fn grouped(text: &str) -> String {
    let (groups, _) = text.as_bytes().as_chunks::<4>();
    let groups: Vec<&str> = groups.iter().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// The address by which an application on the same telephone takes it.
fn address(service: &str, username: &str, secret: &str) -> String {
    let (service, username) = (encoded(service), encoded(username));
    format!("otpauth://totp/{service}:{username}?secret={secret}&issuer={service}&algorithm=SHA1&digits=6&period=30")
}

/// A text within an address (RFC 3986 section 2.1); a space is no plus there.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whose_secret_it_is() {
        assert_eq!(
            address("id.example:8443", "ada lovelace&x", "GEZA"),
            "otpauth://totp/id.example%3A8443:ada%20lovelace%26x?secret=GEZA&issuer=id.example%3A8443&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(grouped("ABCDEFGH"), "ABCD EFGH");
    }
}
