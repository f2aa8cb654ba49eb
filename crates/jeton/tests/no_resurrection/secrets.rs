//! Secrets of clients.

use http::Method;
use serde_json::json;

use crate::held::{Fate, Held, end};
use crate::history::History;

impl History {
    pub(crate) async fn change_secrets(&mut self) {
        match self.below(5) {
            0 | 1 => self.make_secret().await,
            2 => self.end_secret().await,
            3 => self.suspend_secret("suspend", Fate::Waits).await,
            _ => self.suspend_secret("resume", Fate::Lives).await,
        }
    }

    async fn make_secret(&mut self) {
        let ids: Vec<String> = self.clients.keys().cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let body = match self.below(4) {
            0 => json!({"overlap_seconds": 0}),
            1 => json!({"overlap_seconds": 3_600}),
            2 => json!({"expires_in_seconds": 3_600 + self.below(7_200)}),
            _ => json!({}),
        };
        // A client has two at most.
        let Some(made) = self.tries(Method::POST, &format!("/clients/{id}/secrets"), Some(body.clone())).await else { return };
        if body["overlap_seconds"] == 0 {
            let size = self.world.ledger_size();
            end(&mut self.secrets, size, |_, held| held.of == id);
        }
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        self.secrets.insert(text("client_secret"), Held::new(&id, &text("client_secret_id")));
    }

    fn some_secret(&mut self) -> Option<(String, String)> {
        let living = self.secrets.values().filter(|held| held.fate != Fate::Dead && !held.id.is_empty());
        let ids: Vec<(String, String)> = living.map(|held| (held.of.clone(), held.id.clone())).collect();
        self.one_of(&ids)
    }

    async fn end_secret(&mut self) {
        let Some((client, id)) = self.some_secret() else { return };
        if self.tries(Method::DELETE, &format!("/clients/{client}/secrets/{id}"), None).await.is_some() {
            let size = self.world.ledger_size();
            end(&mut self.secrets, size, |_, held| held.id == id);
        }
    }

    async fn suspend_secret(&mut self, how: &str, fate: Fate) {
        let Some((client, id)) = self.some_secret() else { return };
        if self.tries(Method::POST, &format!("/clients/{client}/secrets/{id}/{how}"), None).await.is_some() {
            self.secrets.values_mut().filter(|held| held.id == id && held.fate != Fate::Dead).for_each(|held| held.fate = fate);
        }
    }
}
