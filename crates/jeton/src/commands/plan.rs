use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};

use super::failure::Failure;
use super::server::Server;
use crate::declared::Noun;
use crate::declared::change::{Change, Step};
use crate::declared::difference::difference;
use crate::declared::file;
use crate::declared::held::Held;

/// What `diff` tells and `apply` does.
pub(crate) struct Plan {
    changes: Vec<Planned>,
}

struct Planned {
    change: Change,
    /// What a policy does to what is out already.
    consequence: Option<Value>,
}

impl Plan {
    /// Compares files with a server.
    ///
    /// # Errors
    /// When the files say nothing sensible, the server does not answer, or something cannot be changed.
    pub(crate) fn make(server: &Server, files: &[PathBuf], prune: bool) -> Result<Plan, Failure> {
        let declared = file::read(files)?;
        let held = Held::by(server)?;
        let mut changes = Vec::new();
        for change in difference(&declared, &held.declared, prune) {
            check(&change)?;
            changes.push(Planned { consequence: consequence(server, &change), change });
        }
        Ok(Plan { changes })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How much there is to do.
    pub(crate) fn in_words(&self) -> String {
        match self.changes.len() {
            1 => "this change".to_owned(),
            count => format!("these {count} changes"),
        }
    }

    /// As it is shown.
    pub(crate) fn to_json(&self) -> Value {
        let items: Vec<Value> = self.changes.iter().map(Planned::to_json).collect();
        json!({ "items": items })
    }

    /// Makes the changes one after another; each answer is handed on.
    ///
    /// # Errors
    /// At the first that cannot be made, with how far it went.
    pub(crate) fn carry_out(&self, server: &Server, mut answered: impl FnMut(Value)) -> Result<usize, Failure> {
        let mut roles = None;
        for (place, Planned { change, .. }) in self.changes.iter().enumerate() {
            let went = || format!("{place} of {} changes are made", self.changes.len());
            let stopped = |failure: Failure| failure.after(&went(), "put right what is wrong and apply again: it goes on from there");
            // Assignments come after the roles: those that were just made are looked up too.
            let is_about_a_role =
                matches!((change.thing.noun, change.step), (Noun::Assignment, _) | (Noun::Role, Step::Change | Step::Remove));
            if is_about_a_role && (roles.is_none() || change.thing.noun == Noun::Assignment) {
                roles = Some(Held::by(server).map_err(stopped)?.role_ids);
            }
            let key = (change.thing.key.first().cloned().unwrap_or_default(), change.thing.key.get(1).cloned().unwrap_or_default());
            let role = roles.as_ref().and_then(|roles| roles.get(&key)).map(String::as_str);
            let request = change.request(role);
            let nothing = json!({});
            let body = request.body.as_ref().unwrap_or(&nothing);
            let answer = match request.method {
                Method::POST => server.post(&request.path, body),
                Method::PATCH => server.patch(&request.path, body),
                Method::PUT => server.put(&request.path, body),
                _ => server.delete(&request.path),
            };
            answered(answer.map_err(stopped)?);
        }
        Ok(self.changes.len())
    }
}

impl Planned {
    fn to_json(&self) -> Value {
        let Change { step, thing, members } = &self.change;
        let members: serde_json::Map<_, _> =
            members.iter().map(|(name, (from, to))| (name.clone(), json!({ "from": from, "to": to }))).collect();
        let mut item = json!({ "change": step.name(), "noun": thing.noun.name(), "name": thing.name(), "members": members });
        if let (Some(item), Some(consequence)) = (item.as_object_mut(), &self.consequence) {
            item.insert("consequence".to_owned(), consequence.clone());
        }
        item
    }
}

/// Refuses what nobody can change, before anything is changed.
fn check(change: &Change) -> Result<(), Failure> {
    if change.thing.noun == Noun::Client && change.step == Step::Change && change.members.contains_key("grant_types") {
        return Err(Failure::no(
            format!("the grant types of the client {} cannot be changed", change.thing.name()),
            "leave grant_types out of the file, or remove the client and make it anew",
        ));
    }
    Ok(())
}

/// How many credentials a policy ends. It is told where the server can count it: for an API that is not made yet there is nothing.
fn consequence(server: &Server, change: &Change) -> Option<Value> {
    if change.thing.noun != Noun::Policy {
        return None;
    }
    let request = change.request(None);
    let mut body = request.body?;
    body.as_object_mut()?.insert("dry_run".to_owned(), json!(true));
    server.put(&request.path, &body).ok()?.get("consequence").cloned()
}
