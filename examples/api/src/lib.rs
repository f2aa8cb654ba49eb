//! An API of orders that `jeton-verify` protects: what to copy into one of your own.
//!
//! Each token is checked here, without asking anybody: who issued it, that it was made for this API, that it is not over, and that nobody
//! revoked it, of which the verifier hears within milliseconds. A request that may not pass never reaches a handler.

use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::routing::{get, post};
use axum::{Extension, Router};
use jeton_verify::{Authentication, VerifiedToken, Verifier};
use serde_json::json;

/// The audience: what a token must have been made for.
pub const AUDIENCE: &str = "https://orders.example";

/// Scopes let applications read and write orders. Paying out needs more: a person who proved by two factors who they are, and typed their
/// password within the last five minutes. Whoever has not is told what to ask for (RFC 9470).
pub fn router(verifier: &Verifier) -> Router {
    let read = Router::new().route("/orders", get(list)).layer(verifier.layer().require("orders:read"));
    let write = Router::new().route("/orders", post(add)).layer(verifier.layer().require("orders:write"));
    let proof = Authentication::by("urn:jeton:2fa").and_within_seconds(300);
    let pay = Router::new().route("/payouts", post(pay_out)).layer(verifier.layer().require("orders:write").require_authentication(proof));
    read.merge(write).merge(pay)
}

type Json = ([(HeaderName, &'static str); 1], String);

async fn list() -> Json {
    answer(&json!([{ "order": 1, "item": "tea" }]))
}

async fn add() -> Json {
    answer(&json!({ "order": 2 }))
}

/// Who asks is in the token: the subject is a person, or an application that acts for itself.
async fn pay_out(Extension(token): Extension<VerifiedToken>) -> Json {
    answer(&json!({ "paid": true, "by": token.subject() }))
}

fn answer(value: &serde_json::Value) -> Json {
    ([(CONTENT_TYPE, "application/json")], value.to_string())
}
