//! Making an access token, whatever it is issued for: its id, its text, its lifetime.

use std::sync::Arc;

use jeton_token::{ClearToken, Environment, Kind, Label, Prefix, TokenId};

use super::held::Held;
use super::{AccessToken, TABLE};
use crate::api::{Api, TokenFormat};
use crate::client::Client;
use crate::commit::Commit;
use crate::id::{CommitId, CredentialId};
use crate::moment::Moment;
use crate::once;
use crate::policy::effective::Policies;
use crate::policy::{CredentialKind, Level};
use crate::refusal::Refusal;
use crate::root_key::RootKeys;

/// What a token is made of.
pub struct Terms<'a> {
    /// The client that it is issued to.
    pub client: &'a Client,
    /// The API that it is for.
    pub api: &'a Api,
    /// The latest cut-off over any of its names, in seconds: it must not lie before it.
    pub not_before_seconds: i64,
    /// How long tokens may live.
    pub policies: &'a Policies,
    /// The first part of opaque tokens.
    pub prefix: &'a Prefix,
    /// Where the hash of an opaque token comes from.
    pub root_keys: &'a RootKeys,
    /// Whose authority it carries, where that is not the client's own, and when that ends, in seconds.
    pub held: Option<(&'a Held, i64)>,
    /// What the secret of an opaque token is derived from, where it must be told again.
    pub salt: Option<&'a [u8; 32]>,
}

/// A token that exists once its commit is durable.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What is kept of it.
    pub token: AccessToken,
    /// The text of an opaque token; a JWT is signed after the commit.
    pub clear: Option<Clear>,
    /// How long it lives, in seconds.
    pub expires_in_seconds: i64,
}

/// The text of a token, which nothing prints.
#[derive(Clone)]
pub struct Clear(pub ClearToken);

impl std::fmt::Debug for Clear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// Makes a token and adds it to a commit, which is found again by its row, so that no index is kept for it.
///
/// # Errors
/// When the root key holds no epoch.
pub fn mint(terms: &Terms<'_>, scope: Arc<str>, mut commit: Commit, moment: &mut Moment) -> Result<(Issued, Commit), Refusal> {
    let id = CredentialId::draw(moment);
    commit.id = CommitId(id.0);
    let (clear, proof) = match terms.api.token_format {
        TokenFormat::Jwt => (None, None),
        TokenFormat::Opaque => {
            let (epoch, Some(keys)) = terms.root_keys.current() else {
                return Err(Refusal::invalid("the root key holds no epoch"));
            };
            let secret = match terms.salt {
                Some(salt) => keys.derive_secret(&secret_context(id), salt),
                None => once::secret(moment, keys, || secret_context(id)),
            };
            let clear = label(*terms.prefix, epoch, id).mint(&secret, &keys.check);
            let hash = keys.hash.hash(clear.expose());
            (Some(Clear(clear)), Some((hash, epoch)))
        }
    };
    let issued_at = moment.now.seconds().max(terms.not_before_seconds);
    let ends_at = terms.held.map_or(i64::MAX, |(_, ends_at)| ends_at);
    let lifetime_seconds = lifetime_seconds(terms).min(ends_at.saturating_sub(issued_at));
    let token = AccessToken {
        id,
        client: terms.client.id.clone(),
        api: terms.api.id.clone(),
        scope,
        issued_at,
        expires_at: issued_at + lifetime_seconds,
        proof,
        held: terms.held.map(|(held, _)| held.clone()),
    };
    let commit = commit.put(&TABLE, token.row());
    Ok((Issued { token, clear, expires_in_seconds: lifetime_seconds }, commit))
}

/// The text of an opaque token from the salt that it was made with; `None`: it was another one.
#[must_use]
pub fn once_more(token: &AccessToken, salt: &[u8; 32], prefix: Prefix, root_keys: &RootKeys) -> Option<Clear> {
    let (hash, epoch) = token.proof.as_ref()?;
    let keys = root_keys.epoch(*epoch)?;
    let clear = label(prefix, *epoch, token.id).mint(&keys.derive_secret(&secret_context(token.id), salt), &keys.check);
    keys.hash.hash(clear.expose()).matches(hash).then(|| Clear(clear))
}

fn label(prefix: Prefix, epoch: u16, id: CredentialId) -> Label {
    Label { prefix, environment: Environment::Live, kind: Kind::AccessToken, epoch, id: TokenId::from_bytes(id.0) }
}

fn secret_context(id: CredentialId) -> String {
    format!("access_token {id}")
}

/// The API's lifetime, within the maximum; a default that is said for this API or client shortens it.
fn lifetime_seconds(terms: &Terms<'_>) -> i64 {
    let Terms { client, api, policies, .. } = terms;
    let allowed = policies.resolve(CredentialKind::AccessToken, Some(&api.id), Some(&client.id));
    let said = allowed.default_from.is_some_and(|level| level != Level::Deployment).then_some(allowed.default_seconds);
    api.access_token_lifetime_seconds.min(allowed.max_seconds).min(said.unwrap_or(i64::MAX))
}
