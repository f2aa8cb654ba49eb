//! `/account/activity`: what the ledger tells of somebody, the newest first, in words.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::id::PersonId;
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::plain;
use jeton_oauth::Form;
use jeton_service::Service;
use jeton_service::audit::EntryFilter;
use jeton_service::failure::Failure;
use jeton_service::keys::filter::KeyFilter;
use serde_json::Value;

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::dates::minute;
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page};
use crate::pages::texts::{Activity, fill};
use crate::pages::visit::Visit;

const PATH: &str = "/account/activity";
/// How many entries a page has, and how many are looked at for it.
const SHOWN: usize = 50;
const LOOKED_MAX: u64 = 2_000;
/// Of how many of their keys it is told what became of them.
const KEYS: usize = 100;

#[derive(Template)]
#[template(path = "account_activity.html")]
struct View {
    frame: Frame,
    lines: Vec<Line>,
    /// Where what lies further back is shown.
    more: Option<String>,
    back: String,
}

/// One thing that happened.
struct Line {
    words: String,
    when: String,
    by: String,
}

/// Shows it.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let person = here.session.record.person.clone();
    let before = before(visit.query.as_deref());
    let whose = person.clone();
    let read = move |service: &Service, moment: &Moment| {
        let ids = ids_of(service, &whose, moment)?;
        let filter = EntryFilter { naming: vec![ids.clone()], looked_max: LOOKED_MAX, ..EntryFilter::default() };
        Ok((service.find_last_entries(&filter, before, SHOWN)?, ids))
    };
    let (found, ids) = visit.read(read).await?;
    let frame = Frame::of(visit.issuer());
    let lines = found.entries.iter().rev().filter_map(|entry| {
        let told: Value = serde_json::from_slice(&entry.content.as_ref()?.payload).ok()?;
        let (words, by) =
            Told { kind: &entry.kind, told: &told, ids: &ids, person: &person }.words(&visit.service, &frame.texts.activity)?;
        Some(Line { words, by, when: minute(frame.texts, entry.time.seconds()) })
    });
    let view = View {
        lines: lines.collect(),
        more: found.has_more.then(|| format!("{}?before={}", visit.path(PATH), found.from)),
        back: visit.path("/account"),
        frame,
    };
    Ok(visit.seen(Some(&here), page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)))
}

/// Before which entry, as the address says.
fn before(query: Option<&str>) -> Option<u64> {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).ok()?;
    form.get("before")?.parse().ok()
}

/// What stands for somebody in entries: their id, and those of their keys.
fn ids_of(service: &Service, person: &PersonId, moment: &Moment) -> Result<BTreeSet<String>, Failure> {
    let filter = KeyFilter { owner: Some(Owner::Person(person.clone())), ..KeyFilter::default() };
    let keys = service.list_keys(&filter, None, KEYS, moment)?.keys;
    Ok(keys.iter().map(|entry| entry.key.record.id.to_string()).chain([person.to_string()]).collect())
}

/// An entry that names somebody.
struct Told<'t> {
    kind: &'t str,
    told: &'t Value,
    ids: &'t BTreeSet<String>,
    person: &'t PersonId,
}

impl Told<'_> {
    /// What it tells them, and who did it; `None`: nothing that they need to know.
    fn words(&self, service: &Service, texts: &Activity) -> Option<(String, String)> {
        // Of what they did to somebody else, that other one is told.
        let concerns = |name: &str| self.text(name).is_some_and(|id| self.ids.contains(id.strip_prefix("user:").unwrap_or(id)));
        if !["user", "owner", "name", "subject", "key", "credential"].into_iter().any(concerns) {
            return None;
        }
        let client = self.text("client").map(|id| match service.find_client(id) {
            Ok(entry) => plain::shown(&entry.client.record.name),
            Err(_) => plain::shown(id),
        });
        let network = self.text("network").map(plain::shown);
        let with = [("client", client.as_deref().unwrap_or_default()), ("network", network.as_deref().unwrap_or_default())];
        let words = words_of(texts, self.kind, network.is_some())?;
        Some((fill(words, &with), by(texts, self.text("actor"), self.person)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.told.get(name).and_then(Value::as_str)
    }
}

fn by(texts: &Activity, actor: Option<&str>, person: &PersonId) -> String {
    let is_them = actor.and_then(|actor| actor.strip_prefix("user:")).is_some_and(|id| id == person.as_str());
    let who = match actor {
        _ if is_them => &texts.by_you,
        // An application acts for them.
        Some(actor) if actor.starts_with("client:") => &texts.by_you,
        Some("system") | None => &texts.by_server,
        Some(_) => &texts.by_other,
    };
    who.clone()
}

fn words_of<'t>(texts: &'t Activity, kind: &str, has_network: bool) -> Option<&'t str> {
    Some(match kind {
        "session.created" if has_network => &texts.session_created_from,
        "session.created" => &texts.session_created,
        "session.renewed" => &texts.session_renewed,
        "session.ended" => &texts.session_ended,
        "user.password_set" => &texts.password_set,
        "tokens.cut_off" => &texts.cut_off,
        "subject.suspended" => &texts.suspended,
        "subject.resumed" => &texts.resumed,
        "consent.given" => &texts.consent_given,
        "consent.withdrawn" => &texts.consent_withdrawn,
        "grant.created" => &texts.grant_created,
        "grant.ended" => &texts.grant_ended,
        "grant.reused" => &texts.grant_reused,
        "code.replayed" => &texts.code_replayed,
        "api_key.created" => &texts.key_created,
        "api_key.revoked" => &texts.key_revoked,
        "api_key.rotated" => &texts.key_rotated,
        "credential.expiring" => &texts.key_expiring,
        "user.created" => &texts.user_created,
        "user.updated" => &texts.user_updated,
        "user.disabled" => &texts.user_disabled,
        "user.enabled" => &texts.user_enabled,
        "user.unlocked" => &texts.user_unlocked,
        "user.second_factor_set" => &texts.second_factor_set,
        "user.second_factor_removed" => &texts.second_factor_removed,
        "user.recovery_codes_set" => &texts.recovery_codes_set,
        "user.recovery_code_used" => &texts.recovery_code_used,
        "passkey.added" => &texts.passkey_added,
        "passkey.removed" => &texts.passkey_removed,
        "link.made" => &texts.link_made,
        "link.used" => &texts.link_used,
        "identity.linked" => &texts.identity_linked,
        "identity.unlinked" => &texts.identity_unlinked,
        "membership.added" => &texts.membership_added,
        "membership.removed" => &texts.membership_removed,
        "role.assigned" => &texts.role_assigned,
        "role.unassigned" => &texts.role_unassigned,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_an_entry() {
        fn check(query: Option<&str>, expected: Option<u64>) {
            assert_eq!(before(query), expected, "{query:?}");
        }
        check(None, None);
        check(Some("before=7"), Some(7));
        check(Some("before=-1"), None);
        check(Some("before=x"), None);
        check(Some("before=18446744073709551616"), None);
        check(Some("before=1&before=2"), None);
    }

    #[test]
    fn only_kinds_of_the_ledger_have_words() {
        let texts = &crate::pages::texts::texts().activity;
        let known = jeton_core::event::kinds::KINDS.iter().filter(|kind| words_of(texts, kind, false).is_some()).count();
        assert_eq!(known, 36, "each that has words is a kind of the ledger");
    }
}
