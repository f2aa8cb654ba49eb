//! Keys, of everybody who may own one.

use aws_lc_rs::digest::{SHA256, digest};
use http::Method;
use jeton_store::ledger::merkle::hexadecimal;
use serde_json::{Value, json};

use crate::held::{Fate, Held, end};
use crate::history::{GROUP, History, Limited, ORDERS, OUTSIDE, PEOPLE};

impl History {
    fn some_owner(&mut self) -> (String, Value) {
        match self.below(8) {
            0..=2 => (self.one_of(&OUTSIDE).unwrap().to_owned(), json!({"client": self.caller.id.clone()})),
            3 => (format!("group:{GROUP}"), json!({})),
            4 => {
                let ids: Vec<String> = self.clients.keys().cloned().collect();
                let id = self.one_of(&ids).unwrap_or_else(|| self.caller.id.clone());
                (format!("client:{id}"), json!({}))
            }
            _ => (format!("user:{}", self.one_of(&PEOPLE).unwrap()), json!({})),
        }
    }

    pub(crate) async fn make_key(&mut self) {
        if self.is_once_in(12) {
            return self.import_key().await;
        }
        let (owner, mut body) = self.some_owner();
        let of_people = owner.starts_with("user:") || owner.starts_with("group:");
        let audience = if of_people { ORDERS.to_owned() } else { self.some_audience() };
        let about = [("owner", json!(owner)), ("audience", json!(audience)), ("name", json!("a key"))];
        about.into_iter().for_each(|(name, value)| body[name] = value);
        if self.is_once_in(4) {
            body["expires_in_seconds"] = json!(3_600 + self.below(7_200));
        }
        let uses = self.is_once_in(5).then(|| 4 + self.below(30));
        if let Some(uses) = uses {
            body["max_uses"] = json!(uses);
        }
        if self.is_once_in(6) {
            let ends_at = self.world.now() + i64::try_from(7_200 + self.below(30 * 86_400)).unwrap();
            body["exception"] = json!({"owner": "Ada", "reason": "replaced in May", "ends_at": ends_at});
            body.as_object_mut().unwrap().remove("expires_in_seconds");
        }
        // The owner may be gone, disabled, or have nothing to give any more.
        let Some(made) = self.tries(Method::POST, "/keys", Some(body)).await else { return };
        self.take_down(&made, &owner, uses);
    }

    /// Keeps book of a key that was made.
    pub(crate) fn take_down(&mut self, made: &Value, owner: &str, uses: Option<u64>) {
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (key, id) = (text("key"), text("id"));
        match uses {
            Some(uses) => drop(self.limited.insert(key, Limited { uses, used: 0 })),
            None => {
                self.texts.entry(id.clone()).or_default().push(key.clone());
                self.keys.insert(key, Held::new(owner, &id));
            }
        }
    }

    async fn import_key(&mut self) {
        let text = format!("legacy-{}-of-another-issuer", self.made);
        let sha256 = hexadecimal(&digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap());
        let owner = self.one_of(&OUTSIDE).unwrap();
        let key = json!({"sha256": sha256, "owner": owner, "name": "legacy", "client": self.caller.id});
        let Some(_) = self.tries(Method::POST, "/keys/import", Some(json!({"audience": ORDERS, "keys": [key]}))).await else { return };
        if let Some(found) = self.tries(Method::POST, "/keys/lookup", Some(json!({"key": text}))).await {
            let id = found["id"].as_str().unwrap().to_owned();
            self.texts.entry(id.clone()).or_default().push(text.clone());
            self.keys.insert(text, Held::new(owner, &id));
        }
    }

    /// The id of a key that is not dead.
    pub(crate) fn some_key(&mut self) -> Option<String> {
        let ids: Vec<String> = self.keys.values().filter(|held| held.fate != Fate::Dead).map(|held| held.id.clone()).collect();
        self.one_of(&ids)
    }

    pub(crate) async fn change_key(&mut self) {
        if self.is_once_in(4) {
            return self.use_key().await;
        }
        let Some(id) = self.some_key() else { return };
        match self.below(11) {
            0 => self.end_key(&id).await,
            1 => self.suspend_key(&id).await,
            2 | 3 => self.resume_key().await,
            4 | 5 => self.rotate_key(&id).await,
            6 => self.rotate_itself(&id).await,
            7 => self.end_previous(&id).await,
            8 => self.transfer(&id).await,
            _ => self.narrow_key(&id).await,
        }
    }

    /// Uses a key that may be used so often.
    async fn use_key(&mut self) {
        let texts: Vec<String> = self.limited.keys().cloned().collect();
        let Some(text) = self.one_of(&texts) else { return };
        for _ in 0..=self.below(4) {
            if self.world.key_code(&self.caller, &text).await == "valid" {
                self.limited.get_mut(&text).unwrap().used += 1;
            }
        }
    }

    fn set_fate(&mut self, id: &str, fate: Fate) {
        let size = self.world.ledger_size();
        if fate == Fate::Dead {
            return end(&mut self.keys, size, |_, held| held.id == id);
        }
        self.keys.values_mut().filter(|held| held.id == id && held.fate != Fate::Dead).for_each(|held| held.fate = fate);
    }

    /// By its id, by its text, by what it is, or at its own path.
    async fn end_key(&mut self, id: &str) {
        let text = self.texts[id].last().unwrap().clone();
        let (method, path, body) = match self.below(4) {
            0 => (Method::POST, "/revocations".to_owned(), json!({"id": id})),
            1 => (Method::POST, "/revocations".to_owned(), json!({"key": id})),
            2 => (Method::POST, "/revocations".to_owned(), json!({"token": text})),
            _ => (Method::DELETE, format!("/keys/{id}"), json!({"why": "leaked"})),
        };
        // One that is over by now is refused.
        if self.tries(method, &path, Some(body)).await.is_some() {
            self.set_fate(id, Fate::Dead);
        }
    }

    async fn suspend_key(&mut self, id: &str) {
        let (path, body) =
            if self.is_once_in(2) { ("/suspensions".to_owned(), json!({"id": id})) } else { (format!("/keys/{id}/suspend"), json!({})) };
        if self.tries(Method::POST, &path, Some(body)).await.is_some() {
            self.set_fate(id, Fate::Waits);
        }
    }

    async fn resume_key(&mut self) {
        let waiting: Vec<String> = self.keys.values().filter(|held| held.fate == Fate::Waits).map(|held| held.id.clone()).collect();
        let Some(id) = self.one_of(&waiting) else { return };
        if self.tries(Method::POST, "/resumptions", Some(json!({"id": id}))).await.is_some() {
            self.set_fate(&id, Fate::Lives);
        }
    }

    /// The secret before ends at once, or goes on for a while.
    async fn rotate_key(&mut self, id: &str) {
        let overlap = self.one_of(&[0, 0, 60, 86_400]).unwrap();
        let rotated = self.tries(Method::POST, &format!("/keys/{id}/rotate"), Some(json!({"overlap_seconds": overlap}))).await;
        let Some(rotated) = rotated else { return };
        let held = self.keys.values().find(|held| held.id == id && held.fate != Fate::Dead).cloned();
        if overlap == 0 {
            self.set_fate(id, Fate::Dead);
        }
        self.next_text(id, &rotated, held);
    }

    fn next_text(&mut self, id: &str, rotated: &Value, before: Option<Held>) {
        let (text, before) = (rotated["key"].as_str().unwrap().to_owned(), before.unwrap());
        let mut held = Held::new(&before.of, id);
        held.fate = before.fate;
        self.texts.entry(id.to_owned()).or_default().push(text.clone());
        self.keys.insert(text, held);
    }

    async fn rotate_itself(&mut self, id: &str) {
        let text = self.texts[id].last().unwrap().clone();
        let (bearer, body) = (format!("Bearer {text}"), json!({"overlap_seconds": 60}));
        let answer = self.world.manage(Some(&bearer), Method::POST, "/keys/self/rotate", Some(&body)).await;
        if answer.status == 200 {
            let before = self.keys.get(&text).cloned();
            self.next_text(id, &answer.json(), before);
        }
    }

    async fn end_previous(&mut self, id: &str) {
        if self.tries(Method::DELETE, &format!("/keys/{id}/secrets/previous"), None).await.is_some() {
            let (size, last) = (self.world.ledger_size(), self.texts[id].last().unwrap().clone());
            end(&mut self.keys, size, |text, held| held.id == id && text != last);
        }
    }

    async fn transfer(&mut self, id: &str) {
        let (owner, mut body) = self.some_owner();
        body["owner"] = json!(owner);
        if self.tries(Method::POST, &format!("/keys/{id}/transfer"), Some(body)).await.is_some() {
            self.keys.values_mut().filter(|held| held.id == id).for_each(|held| owner.clone_into(&mut held.of));
            self.transferred.insert(id.to_owned());
        }
    }

    /// Takes a scope, a network or time of a key away, or gives it back: what it may then is asked of the deployment.
    async fn narrow_key(&mut self, id: &str) {
        let body = match self.below(6) {
            0 => json!({"scope": "orders:read"}),
            1 => json!({"allow_ip": ["10.0.0.0/8"]}),
            2 => json!({"allow_ip": ["192.0.2.0/24"]}),
            3 => json!({"expires_in_seconds": 3_600 + self.below(3_600)}),
            4 => json!({"allow_ip": ["10.0.0.0/8"], "scope": "orders:read orders:write"}),
            _ => json!({"scope": "orders:read orders:write"}),
        };
        // A key of another API has no such scope.
        self.tries(Method::PATCH, &format!("/keys/{id}"), Some(body)).await;
    }
}
