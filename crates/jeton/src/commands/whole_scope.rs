//! What is said where nobody named a scope and all there are were given.

use std::collections::BTreeSet;

use serde_json::Value;

use super::aside::aside;
use super::percent::segment;
use super::server::Server;
use crate::render::text::lines;

/// An API with fewer scopes has nothing to leave out.
const TELLING: usize = 2;

/// Says it of what was made with this scope for these APIs; `narrows` is the command that does. Who may not see an API hears nothing of it.
pub(super) fn say<'a>(server: &Server, audiences: impl Iterator<Item = &'a str>, scope: &str, narrows: &str) {
    let given: BTreeSet<&str> = scope.split(' ').collect();
    for audience in audiences {
        let Ok(api) = server.get(&format!("/api/v1/apis/{}", segment(audience))) else { continue };
        let Some(known) = api.get("scopes").and_then(Value::as_object) else { continue };
        if known.len() >= TELLING && known.keys().all(|name| given.contains(name.as_str())) {
            aside(&lines(&format!("No --scope was named: it may do all that {audience} knows. `{narrows}` narrows it.")));
        }
    }
}
