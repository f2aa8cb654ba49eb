//! What holds for many at once: lifetimes, exceptions, APIs, and the keys that sign.

use http::Method;
use jeton_testkit::world::manage::key_id_of;
use serde_json::json;

use crate::held::end;
use crate::history::{History, ORDERS, Passing};

impl History {
    pub(crate) async fn change_rules(&mut self) {
        match self.below(12) {
            0..=2 => self.set_policy().await,
            3 => self.make_exception().await,
            4 => self.end_exception().await,
            5 | 6 => self.change_api().await,
            7 | 8 => self.make_api().await,
            9 => self.end_api().await,
            10 => drop(self.tries(Method::POST, "/signing-keys/rotate", Some(json!({"force": true}))).await),
            _ => self.revoke_signing_key().await,
        }
    }

    async fn set_policy(&mut self) {
        let seconds = 3_600 + self.below(7_200);
        let ids: Vec<String> = self.clients.keys().cloned().collect();
        let client = self.one_of(&ids);
        let (kind, body) = match (self.below(6), client) {
            (0, _) => ("api_key", json!({"max_seconds": seconds})),
            (1, _) => ("personal_access_token", json!({"max_seconds": seconds})),
            (2, _) => ("access_token", json!({"api": ORDERS, "max_seconds": seconds / 4})),
            (3, Some(client)) => ("client_secret", json!({"client": client, "max_seconds": seconds})),
            (4, Some(client)) => ("access_token", json!({"client": client, "max_seconds": seconds / 4})),
            // With no length the level says nothing any more.
            (5, _) => (self.one_of(&["api_key", "personal_access_token"]).unwrap(), json!({})),
            _ => ("api_key", json!({"idle_seconds": 86_400, "max_seconds": 40 * 86_400})),
        };
        self.tries(Method::PUT, &format!("/policies/{kind}"), Some(body)).await;
    }

    async fn make_exception(&mut self) {
        let ids: Vec<String> = self.keys.values().map(|held| held.id.clone()).collect();
        let Some(id) = self.one_of(&ids) else { return };
        let ends_at = self.world.now() + i64::try_from(3_600 + self.below(86_400)).unwrap();
        let body = json!({"key": id, "owner": "Ada", "reason": "replaced in May", "ends_at": ends_at});
        self.tries(Method::POST, "/policies/exceptions", Some(body)).await;
    }

    async fn end_exception(&mut self) {
        let Some(all) = self.tries(Method::GET, "/policies/exceptions", None).await else { return };
        let ids: Vec<String> = all["items"].as_array().unwrap().iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
        let Some(id) = self.one_of(&ids) else { return };
        self.tries(Method::DELETE, &format!("/policies/exceptions/{id}"), None).await;
    }

    async fn change_api(&mut self) {
        let both = json!({"orders:read": "read orders", "orders:write": "write orders"});
        let body = match self.below(4) {
            0 => json!({"scopes": {"orders:read": "read orders"}}),
            1 => json!({"scopes": both}),
            2 => json!({"access_token_lifetime_seconds": 60 + self.below(3_000)}),
            _ => json!({"scopes": {"orders:read": "read orders"}, "access_token_lifetime_seconds": 3_600}),
        };
        self.tries(Method::PATCH, &format!("/apis/{}", self.apis[0].id), Some(body)).await;
    }

    async fn make_api(&mut self) {
        let audience = format!("https://passing{}.example", self.made);
        let body = json!({"audience": audience, "scopes": {"read": "read"}, "token_format": "opaque"});
        self.world.done(Method::POST, "/apis", Some(body)).await;
        self.passing.push(Passing { audience: audience.clone() });
        let mut audiences: Vec<String> = self.apis.iter().map(|api| api.audience.to_string()).collect();
        audiences.extend(self.passing.iter().map(|api| api.audience.clone()));
        let body = json!({"audiences": audiences, "scope": self.scopes().await.join(" ")});
        self.world.done(Method::PATCH, &format!("/clients/{}", self.caller.id), Some(body)).await;
        let body = json!({"owner": "external:acme", "audience": audience, "name": "a key", "scope": "read", "client": self.caller.id});
        if let Some(made) = self.tries(Method::POST, "/keys", Some(body)).await {
            self.take_down(&made, &audience, None);
        }
    }

    async fn end_api(&mut self) {
        if self.passing.is_empty() {
            return;
        }
        let place = usize::try_from(self.below(self.passing.len() as u64)).unwrap();
        let Passing { audience } = self.passing.remove(place);
        let path = format!("/apis/{}", audience.replace(':', "%3A").replace('/', "%2F"));
        self.world.done(Method::DELETE, &path, None).await;
        let size = self.world.ledger_size();
        end(&mut self.keys, size, |_, held| held.of == audience);
    }

    async fn revoke_signing_key(&mut self) {
        let all = self.world.done(Method::GET, "/signing-keys", None).await;
        let items = all["items"].as_array().unwrap();
        let ids: Vec<String> = items.iter().filter_map(|item| Some(item["kid"].as_str()?.to_owned())).collect();
        let Some(id) = self.one_of(&ids) else { return };
        if self.tries(Method::DELETE, &format!("/signing-keys/{id}"), None).await.is_some() {
            let size = self.world.ledger_size();
            end(&mut self.tokens, size, |text, _| text.starts_with("eyJ") && key_id_of(text) == id);
        }
    }
}
