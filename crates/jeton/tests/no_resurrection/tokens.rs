//! Access tokens, and the clients that they are issued to.

use std::sync::Arc;

use http::Method;
use jeton_core::client::create::CreateClient;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_oauth::form::encode;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::manage::jwks_of;
use jeton_testkit::world::registered::Registered;
use serde_json::json;

use crate::held::{Fate, Held, end};
use crate::history::{History, ORDERS};

impl History {
    pub(crate) async fn change_clients(&mut self) {
        match self.below(6) {
            0..=2 => self.make_client().await,
            3 => self.make_signer().await,
            4 => self.narrow_client().await,
            _ => self.end_client().await,
        }
    }

    pub(crate) async fn change_tokens(&mut self) {
        match self.below(10) {
            0..=4 => self.make_token().await,
            5 | 6 => self.sign_in().await,
            7 => self.end_token().await,
            8 => self.suspend_token().await,
            _ => self.report().await,
        }
    }

    async fn make_client(&mut self) {
        let name = format!("client{}", self.made);
        let scopes = self.scopes_of_clients().await;
        let shape = |request: &mut CreateClient| request.scopes = Some(scopes);
        let client = self.world.client_with(&name, &[&self.apis[0], &self.apis[1]], shape).await;
        let ids = self.tries(Method::GET, &format!("/clients/{}/secrets", client.id), None).await.unwrap();
        let id = ids["items"][0]["id"].as_str().unwrap_or_default().to_owned();
        self.secrets.insert(client.secret.clone(), Held::new(&client.id, &id));
        self.clients.insert(client.id.clone(), client);
    }

    async fn make_signer(&mut self) {
        let name = format!("signer{}", self.made);
        let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
        let (scopes, jwks) = (self.scopes_of_clients().await, jwks_of([key.to_jwk().unwrap()]));
        let shape = |request: &mut CreateClient| {
            (request.scopes, request.jwks) = (Some(scopes), Some(jwks));
            request.authentication = Some("private_key_jwt".to_owned());
        };
        let signer = self.world.client_with(&name, &[&self.apis[0], &self.apis[1]], shape).await;
        self.signers.insert(signer.id.clone(), Registered { key: Some(key), ..signer });
    }

    /// All that a client of both APIs may have now.
    async fn scopes_of_clients(&self) -> String {
        let of_both = |scope: &String| scope.starts_with("orders:") || scope.starts_with("mail:");
        self.scopes().await.into_iter().filter(of_both).collect::<Vec<_>>().join(" ")
    }

    /// A client that signs proves itself: what it signed is good for once.
    async fn sign_in(&mut self) {
        let ids: Vec<String> = self.signers.keys().cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let (world, signer) = (&self.world, &self.signers[&id]);
        let lives = world.now() + 3_000;
        let assertion = Assertion::of(&id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), &format!("jti-{}", self.made));
        let assertion = assertion.with("exp", lives);
        let parameters = if self.dice.below(3) == 0 { assertion.without("iat") } else { assertion }.parameters();
        let answer = self.world.post("/oauth/token", None, signing_in(&parameters)).await;
        if answer.status == 200 {
            self.tokens.insert(answer.json()["access_token"].as_str().unwrap().to_owned(), Held::new(&id, ""));
            self.spent.push((id, parameters));
        }
    }

    async fn narrow_client(&mut self) {
        let ids: Vec<String> = self.clients.keys().chain(self.signers.keys()).cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let body = match self.below(4) {
            0 => json!({"audiences": [ORDERS]}),
            1 => json!({"scope": "orders:read mail:read"}),
            2 => json!({"scope": "orders:read", "may_introspect": false}),
            _ => json!({"audiences": [ORDERS, "https://mail.example"]}),
        };
        self.tries(Method::PATCH, &format!("/clients/{id}"), Some(body)).await;
    }

    async fn end_client(&mut self) {
        let ids: Vec<String> = self.clients.keys().chain(self.signers.keys()).cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        self.world.done(Method::DELETE, &format!("/clients/{id}"), None).await;
        let size = self.world.ledger_size();
        self.clients.remove(&id);
        self.signers.remove(&id);
        end(&mut self.tokens, size, |_, held| held.of == id);
        end(&mut self.secrets, size, |_, held| held.of == id);
    }

    async fn make_token(&mut self) {
        let ids: Vec<String> = self.clients.keys().cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let audience = self.some_audience();
        let answer = self.world.ask(&self.clients[&id], &[("resource", &audience)]).await;
        if answer.status == 200 {
            self.tokens.insert(answer.json()["access_token"].as_str().unwrap().to_owned(), Held::new(&id, ""));
        }
    }

    fn some_token(&mut self) -> Option<String> {
        let tokens: Vec<String> = self.tokens.keys().cloned().collect();
        self.one_of(&tokens)
    }

    /// By its text, by its id, or by its client.
    async fn end_token(&mut self) {
        let Some(token) = self.some_token() else { return };
        let is_done = match self.below(3) {
            0 => self.tries(Method::POST, "/revocations", Some(json!({"token": token}))).await.is_some(),
            1 => match self.id_of_token(&token).await {
                Some(id) => self.tries(Method::POST, "/revocations", Some(json!({"id": id}))).await.is_some(),
                None => false,
            },
            _ => match self.clients.get(&self.tokens[&token].of) {
                // What is none of its own, or gone, is answered with 200 too.
                Some(client) => self.world.is_active(&self.caller, &token).await && self.world.revoke(client, &token).await.status == 200,
                None => false,
            },
        };
        let size = self.world.ledger_size();
        if is_done {
            self.tokens.get_mut(&token).unwrap().die(size);
        }
    }

    async fn id_of_token(&self, token: &str) -> Option<String> {
        let found = self.tries(Method::POST, "/tokens/introspect", Some(json!({"token": token}))).await?;
        found["jti"].as_str().map(str::to_owned)
    }

    async fn suspend_token(&mut self) {
        let Some(token) = self.some_token() else { return };
        let path = if self.is_once_in(2) { "/suspensions" } else { "/resumptions" };
        let is_done = self.tries(Method::POST, path, Some(json!({"token": token}))).await.is_some();
        let held = self.tokens.get_mut(&token).unwrap();
        if is_done && held.fate != Fate::Dead {
            held.fate = if path == "/suspensions" { Fate::Waits } else { Fate::Lives };
        }
    }
}

/// The request of a client that signs.
pub(crate) fn signing_in(parameters: &[(&'static str, String); 2]) -> String {
    let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
    encode([("grant_type", "client_credentials"), ("resource", ORDERS)].into_iter().chain(parameters))
}
