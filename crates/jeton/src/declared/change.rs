use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Noun, Thing};
use crate::commands::percent::segment;

/// One thing that is to be made, changed or removed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) step: Step,
    pub(crate) thing: Thing,
    /// By name, what is now and what is to be.
    pub(crate) members: BTreeMap<String, (Option<Value>, Option<Value>)>,
}

/// What becomes of a thing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Make,
    Change,
    Remove,
}

/// What is asked of the management API.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// What the management API calls a list of names with spaces between.
const JOINED: [&str; 2] = ["scope", "default_scope"];

impl Step {
    /// As answers name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::Make => "make",
            Step::Change => "change",
            Step::Remove => "remove",
        }
    }
}

impl Change {
    /// What makes it so. `role` is the id of the role that it is about, where it is about one that there is.
    pub(crate) fn request(&self, role: Option<&str>) -> Request {
        let part = |place: usize| self.thing.key.get(place).map_or("", String::as_str);
        let (nouns, name) = match self.thing.noun {
            Noun::Api => ("apis", segment(part(0))),
            Noun::Client => ("clients", segment(part(0))),
            Noun::Group => ("groups", segment(part(0))),
            Noun::Role => ("roles", segment(role.unwrap_or_else(|| part(1)))),
            Noun::Assignment => return self.assignment(role.unwrap_or_else(|| part(1)), part(2)),
            Noun::Policy => return self.policy(),
        };
        let one = format!("/api/v1/{nouns}/{name}");
        match self.step {
            Step::Make => {
                let mut body = self.body();
                let key = self.thing.noun.key().iter().zip(&self.thing.key);
                body.extend(key.map(|(name, value)| ((*name).to_owned(), json!(value))));
                Request { method: Method::POST, path: format!("/api/v1/{nouns}"), body: Some(Value::Object(body)) }
            }
            Step::Change => Request { method: Method::PATCH, path: one, body: Some(Value::Object(self.body())) },
            Step::Remove => Request { method: Method::DELETE, path: one, body: None },
        }
    }

    fn assignment(&self, role: &str, group: &str) -> Request {
        let path = format!("/api/v1/roles/{}/assignments/{}", segment(role), segment(&format!("group:{group}")));
        match self.step {
            Step::Remove => Request { method: Method::DELETE, path, body: None },
            Step::Make | Step::Change => Request { method: Method::PUT, path, body: Some(json!({})) },
        }
    }

    /// A policy is set as a whole: what the files do not say is sent as it is; one that says nothing is none.
    fn policy(&self) -> Request {
        let mut body = if self.step == Step::Remove { Map::new() } else { self.thing.members.clone() };
        let part = |place: usize| self.thing.key.get(place).filter(|name| !name.is_empty());
        body.extend(part(1).map(|api| ("api".to_owned(), json!(api))));
        body.extend(part(2).map(|client| ("client".to_owned(), json!(client))));
        let kind = self.thing.key.first().map_or("", String::as_str);
        Request { method: Method::PUT, path: format!("/api/v1/policies/{}", segment(kind)), body: Some(Value::Object(body)) }
    }

    /// What is to be, as the management API takes it.
    fn body(&self) -> Map<String, Value> {
        let wanted = self.members.iter().filter_map(|(name, (_, to))| Some((name, to.as_ref()?)));
        wanted.map(|(name, value)| (name.clone(), if JOINED.contains(&name.as_str()) { joined(value) } else { value.clone() })).collect()
    }
}

fn joined(value: &Value) -> Value {
    let names: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    json!(names.join(" "))
}
