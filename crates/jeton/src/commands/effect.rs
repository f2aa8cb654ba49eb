//! What a change of a deployment does to what is out already: counted by the server, or said in words.

use serde_json::{Value, json};

use super::failure::Failure;
use super::percent::segment;
use super::server::Server;
use crate::declared::Noun;
use crate::declared::change::{Change, Step};

/// What becomes of credentials.
#[derive(Default)]
pub(super) struct Effect {
    /// How many end otherwise, as a policy or a lifetime has it.
    consequence: Option<Value>,
    /// How many end with what is removed, by kind.
    fell: Option<Value>,
    /// What is taken away from whatever has it.
    loses: Vec<String>,
    /// Why it could not be counted.
    not_known: Option<String>,
}

impl Effect {
    /// Asks a server what a change would do; it writes nothing. It knows nothing of what the same plan makes, and a policy may be refused that the plan's
    /// other policies make room for.
    ///
    /// # Errors
    /// When the server would refuse the change, whatever comes before it.
    pub(super) fn of(server: &Server, change: &Change, plan: &[Change]) -> Result<Effect, Failure> {
        let made = |name: &String| plan.iter().any(|other| other.step == Step::Make && other.thing.key.first() == Some(name));
        let makes_room = |other: &Change| other.thing.noun == Noun::Policy && other.thing != change.thing;
        let is_alone = !plan.iter().any(makes_room);
        let effect = Effect { loses: loses(change), ..Effect::default() };
        let name = change.thing.key.first().map_or("", String::as_str);
        let look = json!({ "dry_run": true });
        match (change.thing.noun, change.step) {
            (Noun::Policy, _) if change.thing.key.iter().skip(1).any(made) => Ok(effect),
            (Noun::Api, Step::Change) if !change.members.contains_key("access_token_lifetime_seconds") => Ok(effect),
            (Noun::Policy, _) | (Noun::Api, Step::Change) => {
                let request = change.request(None);
                let mut body = request.body.unwrap_or_default();
                if let Some(body) = body.as_object_mut() {
                    body.insert("dry_run".to_owned(), json!(true));
                }
                let send = if change.thing.noun == Noun::Policy { Server::put } else { Server::patch };
                effect.told(send(server, &request.path, &body), is_alone, |effect, told| {
                    effect.consequence = told.get("consequence").cloned()
                })
            }
            (Noun::Api, Step::Remove) => {
                let told = server.delete_with(&format!("/api/v1/apis/{}", segment(name)), &look);
                effect.told(told, true, |effect, told| effect.fell = told.get("fell").cloned())
            }
            (Noun::Client, Step::Remove) => {
                let told = server.post("/api/v1/revocations", &json!({ "client": name, "dry_run": true }));
                effect.told(told, true, |effect, told| effect.fell = told.get("fell").cloned())
            }
            _ => Ok(effect),
        }
    }

    /// What could not be asked is not known; what is refused would be refused later too.
    fn told(mut self, told: Result<Value, Failure>, is_final: bool, take: impl FnOnce(&mut Effect, &Value)) -> Result<Effect, Failure> {
        match told {
            Ok(told) => take(&mut self, &told),
            Err(failure) if !is_final || failure.is_unasked() => self.not_known = Some(failure.sentence().to_owned()),
            Err(failure) => return Err(failure),
        }
        Ok(self)
    }

    /// The members that tell it.
    pub(super) fn members(&self) -> impl Iterator<Item = (String, Value)> {
        let loses = (!self.loses.is_empty()).then(|| json!(self.loses));
        let members = [
            ("consequence", self.consequence.clone()),
            ("fell", self.fell.clone()),
            ("loses", loses),
            ("not_known", self.not_known.as_ref().map(|sentence| json!(sentence))),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

/// The scopes and audiences that a change takes away.
fn loses(change: &Change) -> Vec<String> {
    let names = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(Value::Object(members)) => members.keys().cloned().collect(),
        _ => Vec::new(),
    };
    if change.thing.noun == Noun::Role && change.step == Step::Remove {
        return names(change.thing.members.get("scope"));
    }
    let taken = ["scope", "scopes", "audiences"].iter().filter_map(|name| change.members.get(*name)).flat_map(|(from, to)| {
        let kept = names(to.as_ref());
        names(from.as_ref()).into_iter().filter(move |name| !kept.contains(name))
    });
    taken.collect()
}
