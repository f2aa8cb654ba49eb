//! Everything of a subject: cut off before a time, suspended, resumed.

use http::Method;
use serde_json::{Value, json};

use crate::held::{Fate, end};
use crate::history::{GROUP, History, OUTSIDE, PEOPLE};

impl History {
    pub(crate) async fn change_subjects(&mut self) {
        let (name, value) = self.some_subject();
        let mut body = json!({name: value});
        let path = match self.below(5) {
            0 | 1 => "/revocations",
            2 => "/suspensions",
            _ => "/resumptions",
        };
        let is_now = !self.is_once_in(3);
        if path == "/revocations" && !is_now {
            body["before"] = json!(self.world.now() - i64::try_from(self.below(10)).unwrap());
        }
        let is_done = self.tries(Method::POST, path, Some(body)).await.is_some();
        if is_done && path == "/resumptions" && name == "owner" {
            // It reaches each suspended key of theirs, whatever it was suspended for.
            let theirs = self.keys.values_mut().filter(|held| held.fate == Fate::Waits && Some(held.of.as_str()) == value.as_str());
            theirs.for_each(|held| held.fate = Fate::Lives);
        }
        if is_done && path == "/revocations" && is_now {
            let size = self.world.ledger_size();
            let (all, value) = (name == "everything", value.as_str().unwrap_or_default());
            end(&mut self.tokens, size, |_, held| all || (name == "client" && held.of == value));
            end(&mut self.keys, size, |_, held| all || (name == "owner" && held.of == value && !self.owners.contains_key(&held.id)));
        }
    }

    fn some_subject(&mut self) -> (&'static str, Value) {
        let clients: Vec<String> = self.clients.keys().chain(self.signers.keys()).chain(&self.visits.applications).cloned().collect();
        match self.below(12) {
            0..=3 => match self.one_of(&clients) {
                Some(id) => ("client", json!(id)),
                None => ("group", json!(GROUP)),
            },
            4 | 5 => ("user", json!(self.one_of(&PEOPLE).unwrap())),
            6 => ("group", json!(GROUP)),
            7 | 8 => ("owner", json!(self.one_of(&OUTSIDE).unwrap())),
            9 | 10 => ("api", json!(self.some_audience())),
            // A resumption and a suspension of everything is refused.
            _ => ("everything", json!(true)),
        }
    }
}
