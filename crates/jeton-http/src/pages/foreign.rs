//! What pages read of browsers, for whoever hands them anything: the fuzz targets.

use http::HeaderMap;

use super::flow::{About, Flow, FlowId};
use super::{cookies, session_cookie};

/// The value of the cookie of this name, of all that a browser sends.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies::find(headers, name)
}

/// Text, time and tag of the cookie of a session, before anybody looks whether they were written here.
#[must_use]
pub fn session(value: &str) -> Option<(&str, i64, [u8; 16])> {
    session_cookie::split(value)
}

/// The name of the flow that a query names.
#[must_use]
pub fn flow_id(query: &str) -> Option<String> {
    FlowId::of_query(Some(query)).map(|id| id.as_str().to_owned())
}

/// What a flow keeps, written anew, and what an application asked for; `None`: it is none. `query` names it.
#[must_use]
pub fn flow(query: &str, state: &[u8]) -> Option<(Vec<u8>, Option<String>)> {
    let flow = Flow::from_bytes(&FlowId::of_query(Some(query))?, state)?;
    let bytes = flow.to_bytes();
    let asked = if let About::Application(asked) = flow.about { Some(asked) } else { None };
    Some((bytes, asked))
}
