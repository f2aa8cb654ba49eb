//! `/tokens/{token}/explanation` and `/tokens/explain`: why a token stands as it does.

use std::sync::Arc;

use axum::extract::State;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_service::Service;
use jeton_service::explain::text::Pasted;
use jeton_service::token_state::TokenState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::Body;
use super::counting::count;
use super::explanation::{Decided, Ends, NotOurs, SEARCHING, Told};
use super::management::Management;
use super::problem::Problem;
use super::route::{About, Repeats, Route, Verb};
use super::secret_text::SecretText;
use super::target::Target;
use super::token_state::Shown;
use super::tokens::{LOOK, READ, credential};

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/tokens/{token}/explanation"),
        READ,
        Repeats::Reads,
        |at| at.on(by_id),
        About::new("tokens", "Explains a token: why it stands as it does.").answers::<Explained>(),
    ),
    Route::new(
        (Verb::Post, "/tokens/explain"),
        READ,
        Repeats::Reads,
        |at| at.on(by_text),
        About::new("tokens", "Explains a token that is pasted, or says what the text is.").takes::<Explain>().answers::<ExplainedText>(),
    ),
];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ExplainToken")]
#[serde(deny_unknown_fields)]
pub(super) struct Explain {
    /// The text.
    #[schemars(with = "String")]
    token: SecretText,
}

/// A token, explained.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExplainedToken")]
struct Explained {
    /// `true`: it is known here.
    is_ours: bool,
    /// Whether what was pasted is proven to be that token; absent where its id was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_proven: Option<bool>,
    /// The text of a token.
    #[serde(flatten)]
    token: Shown,
    /// Who issued it to its client, where that was not the client itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    issued_by: Option<Actor>,
    /// Where the ledger tells that it was issued; absent once its row has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// The rule that decides how it stands.
    decided_by: Decided,
    /// When it ends, and why then.
    ends_by: Ends,
    /// What was said of it and of what it belongs to.
    statements: Vec<Told>,
    /// Whether all of that was found: what takes too long is left out.
    is_complete: bool,
}

/// What is answered of a text. Only its shape is used, for the document.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "ExplainedTokenText")]
#[expect(dead_code, reason = "only its shape is used")]
enum ExplainedText {
    Ours(Box<Explained>),
    Other(NotOurs),
}

async fn by_id(State(Management { service, .. }): State<Management>, Target(id): Target<String>) -> Answer {
    let moment = service.moments().now();
    let state = service.token_state(credential(&id)?, &moment).await.map_err(|failure| Problem::from(failure).look(LOOK))?;
    explained(&service, state, None, &moment).await
}

async fn by_text(State(Management { service, .. }): State<Management>, Body(explain): Body<Explain>) -> Answer {
    let moment = service.moments().now();
    match service.token_of_pasted(explain.token.0.expose(), &moment).await? {
        Pasted::Token(state) => explained(&service, *state, Some(true), &moment).await,
        Pasted::Unproven(state) => explained(&service, *state, Some(false), &moment).await,
        Pasted::Other(look) => ok(&NotOurs::from(&look)),
    }
}

async fn explained(service: &Arc<Service>, state: TokenState, is_proven: Option<bool>, moment: &Moment) -> Answer {
    let (state, reading) = (Arc::new(state), service.clone());
    let searched = state.clone();
    let past = count(SEARCHING, move |goes_on| reading.token_past(&searched, goes_on)).await?;
    let why = service.explain_token(&state, past.as_ref(), moment);
    let is_complete = past.is_some();
    let (issued_by, sequence) = past.as_ref().map_or((None, None), |past| (past.issued_by.clone(), past.sequence));
    ok(&Explained {
        is_ours: true,
        is_proven,
        issued_by,
        sequence,
        decided_by: Decided::from(&why.rule).called(service),
        ends_by: Ends::from(&why.end),
        statements: past.iter().flat_map(|past| &past.statements).map(|statement| Told::from(statement).called(service)).collect(),
        is_complete,
        token: Shown::from(&*state),
    })
}
