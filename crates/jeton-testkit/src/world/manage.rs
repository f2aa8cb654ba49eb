//! What an administrator does in a world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api::Api;
use jeton_core::api::create::CreateApi;
use jeton_core::client::create::CreateClient;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, CredentialId};
use jeton_core::moment::Time;
use jeton_core::why::Why;
use jeton_jose::jwk::{Jwk, JwkSet, SigningKey};
use jeton_jose::{Algorithm, jws};
use jeton_service::failure::Failure;
use jeton_service::revoke::TokenChange;

use super::World;
use super::registered::Registered;

/// Who administers a world.
#[must_use]
pub fn administrator() -> Administrator {
    Administrator::of_everything(Actor::from("unix:1000"))
}

impl World {
    /// Declares an API `https://NAME.example` with the scopes `NAME:read`, granted when nothing is asked, and `NAME:write`.
    pub async fn api(&self, name: &str) -> Api {
        self.api_with(name, |_| {}).await
    }

    /// The same, with opaque tokens.
    pub async fn opaque_api(&self, name: &str) -> Api {
        self.api_with(name, |request| request.token_format = Some("opaque".to_owned())).await
    }

    /// The same, with a word about it.
    pub async fn api_with(&self, name: &str, shape: impl FnOnce(&mut CreateApi)) -> Api {
        let scopes = ["read", "write"].map(|what| (format!("{name}:{what}"), format!("{what} {name}")));
        let mut request = CreateApi {
            audience: format!("https://{name}.example"),
            scopes: BTreeMap::from(scopes),
            default_scope: Some(format!("{name}:read")),
            ..CreateApi::default()
        };
        shape(&mut request);
        self.service.create_api(&request, &administrator(), &self.moment()).await.expect("an API")
    }

    /// Registers a client for these APIs; it may introspect.
    pub async fn client(&self, name: &str, apis: &[&Api]) -> Registered {
        self.client_with(name, apis, |_| {}).await
    }

    /// The same, with a word about it.
    pub async fn client_with(&self, name: &str, apis: &[&Api], shape: impl FnOnce(&mut CreateClient)) -> Registered {
        let mut request = CreateClient { name: name.to_owned(), may_introspect: true, ..CreateClient::default() };
        shape(&mut request);
        // It asks for tokens, too: all scopes, where nobody says.
        let all = || apis.iter().flat_map(|api| api.scopes.keys().map(String::as_str)).collect::<BTreeSet<_>>();
        request.scopes = request.scopes.or_else(|| Some(all().into_iter().collect::<Vec<_>>().join(" ")));
        let apis: Vec<String> = apis.iter().map(|api| api.id.to_string()).collect();
        let created = self.service.create_client(&request, &apis, &administrator(), &self.moment()).await;
        let (client, secret) = created.expect("a client");
        let secret = secret.map(|secret| secret.clear.0.expose().to_owned()).unwrap_or_default();
        Registered { id: client.id.to_string(), secret, key: None }
    }

    /// Registers a client that signs with a fresh key of this algorithm.
    pub async fn signing_client(&self, name: &str, apis: &[&Api], algorithm: Algorithm) -> Registered {
        let key = Arc::new(SigningKey::generate(algorithm).expect("a key"));
        let jwks = jwks_of([key.to_jwk().expect("a JWK")]);
        let client = self
            .client_with(name, apis, |request| {
                request.authentication = Some("private_key_jwt".to_owned());
                request.jwks = Some(jwks);
            })
            .await;
        Registered { key: Some(key), ..client }
    }

    /// Suspends, resumes or revokes a token by its text.
    ///
    /// # Errors
    /// Why not.
    pub async fn change(&self, token: &str, change: TokenChange) -> Result<(), Failure> {
        self.service.change_token_text(token, (change, &Why::Unspecified.into()), &administrator(), &self.moment()).await.map(drop)
    }

    /// Suspends, resumes or revokes a token by its id.
    ///
    /// # Errors
    /// Why not.
    pub async fn change_by_id(&self, id: CredentialId, change: TokenChange) -> Result<(), Failure> {
        self.service.change_token(id, (change, &Why::Unspecified.into()), &administrator(), &self.moment()).await.map(drop)
    }

    /// Cuts off now; answers the second from which tokens live.
    pub async fn cut_off(&self, subject: CutOffSubject, name: &str) -> i64 {
        self.cut_off_before(subject, name, None).await.expect("a cut-off")
    }

    /// Cuts off before a time; answers the second from which tokens live.
    ///
    /// # Errors
    /// Why not.
    pub async fn cut_off_before(&self, subject: CutOffSubject, name: &str, before: Option<Time>) -> Result<i64, Failure> {
        self.service.cut_off(subject, name, before, &administrator(), &self.moment()).await.map(Time::seconds)
    }

    /// The key that signs tokens with this algorithm now: whoever holds it can forge.
    #[must_use]
    pub fn stolen_key(&self, algorithm: Algorithm) -> Arc<SigningKey> {
        self.service.registry().keys().signer(algorithm).expect("a key that signs").key().clone()
    }
}

/// A JWK Set.
#[must_use]
pub fn jwks_of(keys: impl IntoIterator<Item = Jwk>) -> String {
    serde_json::to_string(&JwkSet::new(keys.into_iter().collect())).expect("a JWK Set")
}

/// The `kid` that a JWT names.
#[must_use]
pub fn key_id_of(token: &str) -> String {
    let unverified = jws::Unverified::parse(token, jws::MAX_TOKEN_BYTES).expect("a JWT");
    unverified.header().key_id.clone().unwrap_or_default()
}

/// What a JWT says, unchecked.
#[must_use]
pub fn claims_of(token: &str) -> serde_json::Value {
    let unverified = jws::Unverified::parse(token, jws::MAX_TOKEN_BYTES).expect("a JWT");
    serde_json::from_slice(unverified.untrusted_payload()).expect("claims")
}
