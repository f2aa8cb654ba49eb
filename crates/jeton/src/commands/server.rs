//! The management API as commands use it: JSON in, JSON or a failure out.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::connection::{Connection, Reply};
use super::failure::Failure;
use super::flags::in_flags;
use crate::dice::seed;

/// The most items of a page.
const PAGE: usize = 1_000;

/// The server of a data folder, or one elsewhere.
pub(crate) struct Server(Connection);

impl Server {
    /// The server behind this connection.
    pub(crate) fn new(connection: Connection) -> Server {
        Server(connection)
    }

    /// Reads.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, None)
    }

    /// Makes, or lets something happen.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, Some(body))
    }

    /// Makes something, once for each text that a request is recognised by.
    pub(crate) fn post_once(&self, path: &str, body: &Value, key: Option<&str>) -> Result<Value, Failure> {
        no_empty_name(path)?;
        value(&self.0.ask_once(Method::POST, path, Some(Bytes::from(body.to_string())), key)?)
    }

    /// Makes something by a text that is drawn for it: where the answer is lost, it is asked for once more, and made once.
    pub(crate) fn post_surely(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let key: String = seed().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let ask = || self.0.ask_once(Method::POST, path, Some(Bytes::from(body.to_string())), Some(&key));
        value(&ask().or_else(|_| ask())?)
    }

    /// Reads what a key asks of itself.
    pub(crate) fn get_as_key(&self, path: &str) -> Result<Value, Failure> {
        as_key(&self.0.ask(Method::GET, path, None)?)
    }

    /// Lets something happen that a key asks for itself and that a repeat answers alike: where the answer is lost, it is asked once more.
    pub(crate) fn post_as_key(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let ask = || self.0.ask(Method::POST, path, Some(Bytes::from(body.to_string())));
        let lost = |failure: Failure| failure.after("what holds the key is as it was", "run it again: a lost answer is told once more");
        as_key(&ask().or_else(|_| ask()).map_err(lost)?)
    }

    /// Changes.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PATCH, path, Some(body))
    }

    /// Sets, as a whole.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PUT, path, Some(body))
    }

    /// Removes, or ends.
    pub(crate) fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::DELETE, path, None)
    }

    /// Removes, or ends, and says more about it.
    pub(crate) fn delete_with(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::DELETE, path, Some(body))
    }

    /// Reads a list, page after page.
    pub(crate) fn get_all(&self, path: &str) -> Result<Value, Failure> {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let (more, next) = self.get_page(path, cursor.as_deref(), PAGE)?;
            items.extend(more);
            cursor = next;
            if cursor.is_none() {
                return Ok(json!({ "items": items }));
            }
        }
    }

    /// Reads a page of a list: its items, at most so many, and the cursor of the next page, where there is one.
    pub(crate) fn get_page(&self, path: &str, cursor: Option<&str>, most: usize) -> Result<(Vec<Value>, Option<String>), Failure> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let place = cursor.map(|cursor| format!("&cursor={}", super::percent::segment(cursor))).unwrap_or_default();
        let mut page = self.get(&format!("{path}{joint}limit={}{place}", most.min(PAGE)))?;
        let items = page.get_mut("items").map(Value::take);
        let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
        Ok((if let Some(Value::Array(items)) = items { items } else { vec![] }, next))
    }

    /// Lets something happen that takes long; `progress` hears how much is done, of how much.
    pub(crate) fn post_watched(&self, path: &str, body: &Value, mut progress: impl FnMut(u64, u64)) -> Result<Value, Failure> {
        let mut result = None;
        let reply = self.0.ask_lines(path, Bytes::from(body.to_string()), |line| {
            let Ok(mut line) = serde_json::from_slice::<Value>(line) else { return };
            let number = |name: &str| line.pointer(name).and_then(Value::as_u64).unwrap_or(0);
            if line.get("progress").is_some() {
                progress(number("/progress/done"), number("/progress/total"));
            } else if let Some(problem) = line.get("problem") {
                result = Some(Err(failure(503, problem)));
            } else {
                result = line.get_mut("report").map(|report| Ok(report.take()));
            }
        })?;
        match result {
            Some(result) => result,
            None => value(&reply).and_then(|_| {
                Err(Failure::could_not("the server stopped before it was done", "look into its log, start it, and try again"))
            }),
        }
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        no_empty_name(path)?;
        value(&self.0.ask(method, path, body.map(|body| Bytes::from(body.to_string())))?)
    }
}

/// Refuses a path in which a name is empty: it would be another path.
fn no_empty_name(path: &str) -> Result<(), Failure> {
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with('/') || path.contains("//") {
        return Err(Failure::usage("a name or an id is empty", "look at what was given: a variable of the shell may have nothing in it"));
    }
    Ok(())
}

/// What a key hears: where it is refused, the answer is no.
fn as_key(reply: &Reply) -> Result<Value, Failure> {
    if reply.status != StatusCode::UNAUTHORIZED {
        return value(reply);
    }
    let problem = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let sentence = said(&problem, "detail").unwrap_or_else(|| "this key is not accepted".to_owned());
    Err(Failure::no(sentence, said(&problem, "hint").unwrap_or_default()))
}

fn value(reply: &Reply) -> Result<Value, Failure> {
    let value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    if reply.status.is_success() { Ok(value) } else { Err(failure(reply.status.as_u16(), &value)) }
}

/// What a problem (RFC 9457) says.
fn failure(status: u16, problem: &Value) -> Failure {
    let sentence =
        said(problem, "detail").or_else(|| said(problem, "error_description")).unwrap_or_else(|| format!("the server answered {status}"));
    let hint = match status {
        // What the server says is for those who write a header.
        401 => {
            "look at what JETON_TOKEN or --token-file holds: `jeton admin create` on the server's machine makes another token".to_owned()
        }
        _ => said(problem, "hint").unwrap_or_default(),
    };
    let code = problem.get("code").and_then(Value::as_str).unwrap_or_default();
    let hint = match (status, code) {
        (404, "") => "this is no answer of Jeton's: look at --server, and at what stands before it".to_owned(),
        (404, "no_such_path") => {
            format!("{hint}; with --server, look whether the management API is there: `admin_listen` gives it a listener of its own")
        }
        _ => hint,
    };
    Failure::of_answer(status, code, sentence, hint)
}

/// A member of a problem, for people.
fn said(problem: &Value, name: &str) -> Option<String> {
    problem.get(name).and_then(Value::as_str).map(|text| in_flags(&crate::render::text::shown(text)))
}
