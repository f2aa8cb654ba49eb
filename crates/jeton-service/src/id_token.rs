//! ID tokens (OpenID Connect Core 1.0 section 2): who signed in, when and how, for the client alone. What else is known of the person is told at
//! userinfo, and here as far as the client declares it.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::api::userinfo;
use jeton_core::client::Client;
use jeton_core::client::asking::ID_TOKEN_ALGORITHM;
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::id::{Actor, SessionId};
use jeton_core::session::proof::Method;
use jeton_jose::Algorithm;
use jeton_jose::jws::Signer;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::grants::GrantedTokens;
use crate::service::Service;

/// How long one is good, in seconds: it says that somebody signed in just now.
const LIFETIME_SECONDS: i64 = 600;

impl Service {
    /// Makes ready for a client that people sign in to: what its tokens are for where it asks for no API, and what its ID tokens are signed with.
    /// After the client, so that a request that is refused writes nothing; a start does it where the process ended in between.
    ///
    /// # Errors
    /// [`Failure`]; nobody signs in to it then.
    pub(crate) async fn prepare_sign_in(&self, client: &Client, actor: &Actor) -> Result<(), Failure> {
        if !client.grant_types.iter().any(|grant| grant.is_of_person()) {
            return Ok(());
        }
        let mut moments = self.moments().now();
        for algorithm in [Some(ID_TOKEN_ALGORITHM), client.id_token_algorithm].into_iter().flatten() {
            self.ensure_keys(algorithm, actor, &moments.split()).await?;
        }
        if self.registry.api(userinfo::id().as_str()).is_some() {
            return Ok(());
        }
        self.transact(&moments.split(), &Arc::from(""), |reading, moment| {
            let known = self.registry.api(userinfo::id().as_str());
            known.iter().for_each(|api| reading.rely_on_api(api));
            let known = known.as_ref().map(|api| &api.record);
            Ok(userinfo::keep(self.issuer.as_str(), known, &self.registry.policies(), actor, moment))
        })
        .await
    }

    /// The ID token that goes with what a code gave; `None`: nobody asked who signed in.
    ///
    /// # Errors
    /// [`Failure::Fault`] when it cannot be signed.
    pub fn id_token(&self, granted: &GrantedTokens) -> Result<Option<Secret>, Failure> {
        let grant = &granted.grant;
        if !grant.identity.has(IdentityScope::OpenId) {
            return Ok(None);
        }
        let issued_at = granted.token.issued_at;
        let registered = self.registry.clients.get(grant.client.as_str()).and_then(|entry| entry.client.record.id_token_algorithm);
        let algorithm = registered.unwrap_or(ID_TOKEN_ALGORITHM);
        let person = self.registry.people.all.get(grant.person.as_str());
        let claims = Claims {
            iss: self.issuer.as_str(),
            sub: grant.person.as_str(),
            aud: grant.client.as_str(),
            azp: grant.client.as_str(),
            iat: issued_at,
            exp: issued_at.saturating_add(LIFETIME_SECONDS),
            auth_time: grant.proof.at,
            acr: grant.proof.acr.name(),
            amr: grant.proof.amr.iter().map(Method::name).collect(),
            nonce: granted.nonce.as_deref(),
            sid: grant.session,
            at_hash: half_of_hash(algorithm, granted.access_token.expose()),
            declared: person.map(|person| self.claims_of_person(&grant.client, &person.record, grant.identity)).unwrap_or_default(),
        };
        let failed = |what: String| Failure::Fault(Fault::new(FaultKind::Engine, what));
        let keys = self.registry.keys();
        let key = keys.signer(algorithm).ok_or_else(|| failed("no key signs ID tokens".to_owned()))?.key().clone();
        let payload = serde_json::to_vec(&claims).map_err(|error| failed(error.to_string()))?;
        let signed = Signer::new(key, "JWT").sign(&payload).map_err(|error| failed(error.to_string()))?;
        Ok(Some(Secret::new(signed)))
    }
}

/// The left half of the hash of an access token, which binds it to the ID token (OpenID Connect Core 1.0 section 3.1.3.6); by the hash of its
/// signature, which of EdDSA is SHA-512 (RFC 8032 section 5.1).
fn half_of_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = if algorithm == Algorithm::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
    let hash = digest::digest(hash, access_token.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}

/// What an ID token says.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    azp: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: &'static str,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    at_hash: String,
    #[serde(flatten)]
    declared: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_access_token_is_bound_by_half_of_its_hash() {
        // OpenID Connect Core 1.0 appendix A.3.
        assert_eq!(
            super::half_of_hash(jeton_jose::Algorithm::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }
}
