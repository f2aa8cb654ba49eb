//! `/keys/{key}/explanation` and `/keys/explain`: why a key stands as it does, and all that happened to it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use jeton_core::api_key::secret::Slot;
use jeton_core::explain::scope::TakenBy;
use jeton_core::explain::text::Look;
use jeton_core::pasted::alone;
use jeton_core::usage::bucket::Bucket;
use jeton_service::Service;
use jeton_service::explain::key::KeyPast;
use jeton_service::explain::text::Pasted;
use jeton_service::failure::Failure;
use jeton_service::keys::entry::KeyEntry;
use jeton_token::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shown::Shown;
use super::{READ, found, id, over};
use crate::api::answer::{Answer, ok};
use crate::api::body::Body;
use crate::api::counting::count;
use crate::api::explanation::{Decided, Ends, NotOurs, SEARCHING, Told};
use crate::api::management::Management;
use crate::api::names::{OutcomeName, SlotName, TakerName};
use crate::api::parameter::Parameter;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::rfc3339;
use crate::api::route::{About, Repeats, Route, Verb};
use crate::api::secret_text::SecretText;
use crate::api::target::Target;

pub(in crate::api) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/keys/{key}/explanation"),
        READ,
        Repeats::Reads,
        |at| at.on(by_id),
        About::new("keys", "Explains a key: why it stands as it does, and what happened to it.").asks(&[CLIENT_IP]).answers::<Explained>(),
    ),
    Route::new(
        (Verb::Post, "/keys/explain"),
        READ,
        Repeats::Reads,
        |at| at.on(by_text),
        About::new("keys", "Explains a key that is pasted, or says what the text is.").takes::<Explain>().answers::<ExplainedText>(),
    ),
];

const CLIENT_IP: Parameter = Parameter::text("client_ip", "Where it is presented from: whether its networks have that address.");

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ExplainKey")]
#[serde(deny_unknown_fields)]
pub(super) struct Explain {
    /// The text.
    #[schemars(with = "String")]
    key: SecretText,
    /// Where it is presented from: whether its networks have that address.
    client_ip: Option<IpAddr>,
}

/// A key, explained.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExplainedKey")]
struct Explained {
    /// `true`: it is known here.
    is_ours: bool,
    /// Which of its secrets was pasted: `current` or `previous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SlotName>")]
    pasted: Option<&'static str>,
    #[serde(flatten)]
    key: Shown,
    /// The rule that decides how it stands.
    decided_by: Decided,
    /// When it ends, and why then.
    ends_by: Ends,
    /// What it was given and does not have now.
    taken_scope: Vec<Taken>,
    /// What was said of what it belongs to.
    statements: Vec<Told>,
    /// What happened to it, in the order in which it did.
    timeline: Vec<Step>,
    /// Whether more happened, before that.
    timeline_has_more: bool,
    /// Whether some of it is told no longer: it was erased with somebody whom it named, or is too long ago.
    timeline_was_erased: bool,
    /// Its uses of the last day, by hour.
    last_day: Vec<Hour>,
    /// Whether all of that was found: what takes too long is left out.
    is_complete: bool,
}

/// A scope, and what took it away.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TakenScope")]
struct Taken {
    /// The scope.
    scope: String,
    /// What took it away.
    #[schemars(with = "TakerName")]
    by: &'static str,
}

/// Something that happened.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TimelineStep")]
struct Step {
    /// Its number in the ledger.
    sequence: u64,
    /// When.
    at: String,
    /// What kind of event it is.
    event: String,
    /// What the ledger tells of it; absent once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

/// So many uses that went so.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "HourOfUse")]
struct Hour {
    /// When the hour began.
    start: String,
    /// How they went.
    #[schemars(with = "OutcomeName")]
    outcome: &'static str,
    /// How many.
    count: u64,
}

/// What is answered of a text. Only its shape is used, for the document.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "ExplainedKeyText")]
#[expect(dead_code, reason = "only its shape is used")]
enum ExplainedText {
    Ours(Box<Explained>),
    Other(NotOurs),
}

async fn by_id(State(Management { service, .. }): State<Management>, Target(key): Target<String>, uri: Uri) -> Answer {
    let no_address = || Problem::invalid("the parameter `client_ip` is no address", "write it as 192.0.2.7 or 2001:db8::7");
    let client_ip = Query::parse(&uri)?.text("client_ip").map(|text| text.parse().map_err(|_| no_address())).transpose()?;
    let entry = service.find_key(id(&key)?).await.map_err(over)?;
    explained(&service, &entry, (Slot::Current, client_ip), None).await
}

async fn by_text(State(Management { service, .. }): State<Management>, Body(explain): Body<Explain>) -> Answer {
    let text = explain.key.0;
    match service.key_of_pasted(text.expose()).await.map_err(over)? {
        Some((entry, slot)) => explained(&service, &entry, (slot, explain.client_ip), Some(slot_name(slot))).await,
        None => ok(&NotOurs::from(&look(&service, text.expose()).await.map_err(over)?)),
    }
}

/// What a text is that is no key. Of a JWT its signature says whether it is one of ours.
async fn look(service: &Service, text: &str) -> Result<Look, Failure> {
    match service.token_of_pasted(text, &service.moments().now()).await? {
        Pasted::Token(state) => Ok(Look::Left(Kind::AccessToken, state.token.id)),
        Pasted::Unproven(_) => Ok(service.look_at(alone(text)?)),
        Pasted::Other(look) => Ok(look),
    }
}

async fn explained(
    service: &Arc<Service>,
    entry: &Arc<KeyEntry>,
    presented: (Slot, Option<IpAddr>),
    pasted: Option<&'static str>,
) -> Answer {
    let moment = service.moments().now();
    let (reading, searched, then) = (service.clone(), entry.clone(), moment.clone());
    let past = count(SEARCHING, move |goes_on| reading.key_past(&searched, &then, goes_on)).await.map_err(over)?;
    let why = service.explain_key(entry, presented, past.as_ref(), &moment);
    let taken = |(scope, by): (String, TakenBy)| Taken { scope, by: by.name() };
    let mut explained = Explained {
        is_ours: true,
        pasted,
        key: found(service, entry, &moment).await?,
        decided_by: Decided::from(&why.rule).called(service),
        ends_by: Ends::from(&why.end),
        taken_scope: why.taken.into_iter().map(taken).collect(),
        statements: vec![],
        timeline: vec![],
        timeline_has_more: true,
        timeline_was_erased: false,
        last_day: vec![],
        is_complete: past.is_some(),
    };
    if let Some(KeyPast { timeline, has_more, was_erased, statements, last_day }) = past {
        (explained.timeline_has_more, explained.timeline_was_erased) = (has_more, was_erased);
        let steps = timeline.into_iter().map(|entry| Step {
            sequence: entry.sequence,
            at: rfc3339::format(entry.time.seconds()),
            data: entry.content.and_then(|content| serde_json::from_slice(&content.payload).ok()),
            event: entry.kind,
        });
        explained.timeline = steps.collect();
        explained.statements = statements.iter().map(|statement| Told::from(statement).called(service)).collect();
        explained.last_day = last_day.iter().map(Hour::from).collect();
    }
    ok(&explained)
}

fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::Current => "current",
        Slot::Previous => "previous",
    }
}

impl From<&Bucket> for Hour {
    fn from(bucket: &Bucket) -> Hour {
        Hour { start: rfc3339::format(bucket.start), outcome: bucket.cell.outcome.name(), count: bucket.count }
    }
}
