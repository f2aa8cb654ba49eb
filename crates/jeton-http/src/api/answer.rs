//! What a handler answers when all went well.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::problem::Problem;
use super::response::response;

/// Most answers that are no lists are shorter, and written without growing.
const ANSWER_BYTES: usize = 512;

/// What a handler answers.
pub(super) type Answer = Result<Response, Problem>;

/// 200 and this.
pub(super) fn ok(value: &impl Serialize) -> Answer {
    json(StatusCode::OK, value)
}

/// 201 and what was made.
pub(super) fn created(value: &impl Serialize) -> Answer {
    json(StatusCode::CREATED, value)
}

/// 204.
pub(super) fn no_content() -> Answer {
    Ok(response(StatusCode::NO_CONTENT, Body::empty(), None))
}

/// 200 and a body that comes line by line, each line a JSON value.
pub(super) fn lines(body: Body) -> Response {
    response(StatusCode::OK, body, Some("application/jsonl"))
}

/// 200 and a JSON value that was written.
pub(super) fn ok_written(body: Bytes) -> Response {
    response(StatusCode::OK, Body::from(body), Some("application/json"))
}

/// A value as JSON.
pub(super) fn written(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut body, value).map_err(|error| Problem::internal(&error))?;
    Ok(body)
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    Ok(response(status, Body::from(written(value)?), Some("application/json")))
}
