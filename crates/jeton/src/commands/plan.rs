use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};

use super::effect::Effect;
use super::failure::Failure;
use super::server::Server;
use crate::declared::Noun;
use crate::declared::change::{Change, Step};
use crate::declared::difference::difference;
use crate::declared::file;
use crate::declared::held::Held;
use crate::declared::references::dangling;

/// What `diff` tells and `apply` does.
pub(crate) struct Plan {
    changes: Vec<Planned>,
}

struct Planned {
    change: Change,
    effect: Effect,
}

/// The members of an answer that are told once.
const ONCE: [&str; 2] = ["client_id", "client_secret"];

impl Plan {
    /// Compares files with a server.
    ///
    /// # Errors
    /// When the files say nothing sensible, the server does not answer, or something cannot be changed.
    pub(crate) fn make(server: &Server, files: &[PathBuf], prune: bool) -> Result<Plan, Failure> {
        let declared = file::read(files)?;
        let held = Held::by(server)?;
        if let Some(sentence) = dangling(&declared, &held.declared, &held.management) {
            return Err(Failure::usage(sentence, "put it into the files, or mend its name; nothing was changed"));
        }
        let differing = difference(&declared, &held.declared, prune);
        let effects: Vec<Effect> = differing.iter().map(|change| effect(server, change, &differing)).collect::<Result<_, Failure>>()?;
        let changes = differing.into_iter().zip(effects).map(|(change, effect)| Planned { change, effect }).collect();
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

    /// What was done, by the answers to it: the first changes.
    pub(crate) fn done(&self, answers: &[Value]) -> Value {
        let items = self.changes.iter().zip(answers).map(|(planned, answer)| {
            let mut item = planned.to_json();
            if let Some(item) = item.as_object_mut() {
                item.insert("done".to_owned(), json!(true));
                if answer.get("client_secret").is_some() {
                    item.extend(ONCE.iter().filter_map(|name| Some(((*name).to_owned(), answer.get(*name)?.clone()))));
                }
            }
            item
        });
        json!({ "items": items.collect::<Vec<_>>() })
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
                Method::POST => server.post_surely(&request.path, body),
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
        if let Some(item) = item.as_object_mut() {
            item.extend(self.effect.members());
        }
        item
    }
}

fn effect(server: &Server, change: &Change, plan: &[Change]) -> Result<Effect, Failure> {
    check(change)?;
    let refused = |failure: Failure| {
        let what = format!("so the {} {} cannot be as the files say", change.thing.noun.name(), change.thing.name());
        failure.after(&what, "nothing was changed")
    };
    Effect::of(server, change, plan).map_err(refused)
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
