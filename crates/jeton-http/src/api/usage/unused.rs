//! `/usage/unused`: what is granted and was not used for some days.

use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use jeton_service::usage::unused::Unused;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{Answer, ok};
use crate::api::blocking::blocking;
use crate::api::management::Management;
use crate::api::page::{Listing, Page};
use crate::api::parameter::Parameter;
use crate::api::problem::Problem;
use crate::api::rfc3339;

/// How many days when nobody says, and at most.
const DAYS: u64 = 30;
const DAYS_MAX: u64 = 400;

pub(super) const PARAMETERS: &[Parameter] = &[Parameter::number("days", "Not used for so many days: 30 if left out, 400 at most.")];

/// What is granted and was not used.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Unused")]
pub(super) struct Shown {
    /// Nothing of these was used since.
    since: String,
    /// Whether uses are counted for so long; where not, nothing is listed.
    is_known: bool,
    /// Since when they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_since: Option<String>,
    #[serde(flatten)]
    page: Page<Item>,
}

/// One grant that was not used.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UnusedItem")]
struct Item {
    /// Whose it is: a client, a client secret or a key; of a role, a person or a group.
    subject: String,
    /// Its name; of a secret that of its client.
    name: Arc<str>,
    /// The API at which nothing of the subject was used; of a role, its API.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// The role that was not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Arc<str>>,
    /// The scopes that were not exercised; where neither this nor an API nor a role is named, nothing of the subject was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
}

pub(super) async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let days = listing.query().number("days")?.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::invalid(format!("`days` is between 1 and {DAYS_MAX}"), "ask for 30, or leave it out"));
    }
    let after = listing.after().map(str::to_owned);
    let moment = service.moments().now();
    let since = moment.now.seconds().saturating_sub(i64::try_from(days).unwrap_or_default().saturating_mul(86_400));
    let reading = service.clone();
    let page = blocking(move || reading.unused(since, after.as_deref(), &moment)).await??;
    let is_known = page.is_some();
    let (items, next) = page.map_or((vec![], None), |page| (page.items, page.next));
    let items = items.into_iter().map(Item::from).collect();
    ok(&Shown {
        since: rfc3339::format(since),
        is_known,
        counted_since: service.usage_kept_since().map(rfc3339::format),
        page: listing.page(items, next.as_deref())?,
    })
}

impl From<Unused> for Item {
    fn from(unused: Unused) -> Item {
        Item {
            subject: unused.subject,
            name: unused.name,
            audience: unused.audience,
            role: unused.role,
            scope: unused.scopes.map(|scopes| scopes.join(" ")),
            last_used_at: unused.last_used_at.map(rfc3339::format),
        }
    }
}
