//! `/account`: who is signed in, and the way out. Below it each page of theirs has a file.

pub(super) mod activity;
pub(super) mod address;
pub(super) mod applications;
pub(super) mod new_token;
pub(super) mod passkeys;
pub(super) mod password;
pub(super) mod providers;
pub(super) mod sessions;
pub(super) mod tokens;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use jeton_core::plain;
use jeton_service::Service;

use super::guard::{Door, token};
use super::problem::Problem;
use super::reply::see_other;
use super::view;
use super::visit::Visit;
use crate::observe::Observer;

/// Shows it; who is not signed in signs in first.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let session = &here.session.record;
    let person = visit.service.registry().people.all.get(session.person.as_str()).ok_or(Problem::Unavailable)?;
    let form = token(&visit.service, Door::SignOut, here.whose(), visit.now());
    let name = plain::shown(&person.record.username);
    let may_confirm = visit.service.sends_links() && person.record.email.is_some() && person.record.email_verified_at.is_none();
    let has = view::Has {
        address_to_confirm: may_confirm,
        providers: !visit.service.providers().is_empty(),
        passkeys: visit.service.relying_party().is_some(),
        password: visit.service.has_password(&session.person).await?,
    };
    let page = view::account(visit.issuer(), &name, session.authenticated.at, &has, (visit.path("/signout"), form));
    Ok(visit.seen(Some(&here), page))
}

/// Who is not signed in signs in, and comes to the account then.
fn sign_in_first(visit: &Visit) -> Response {
    see_other(visit.issuer(), &visit.path("/signin"))
}
