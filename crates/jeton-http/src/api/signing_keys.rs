//! `/signing-keys`: listed, rotated, revoked in an emergency.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::id::{Actor, KeyId};
use jeton_core::key::SigningKeyRecord;
use jeton_core::permission::Permission;
use jeton_jose::Algorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, no_content, ok};
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::names::{AlgorithmName, PurposeName, SigningKeyState};
use super::once::Once;
use super::page::{Listing, newest_first};
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

const READ: Access = Access::Permission(Permission::SigningKeysRead);
const WRITE: Access = Access::Permission(Permission::SigningKeysWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/signing-keys"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("signing keys", "Lists the signing keys.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/signing-keys/rotate"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(rotate),
        About::new("signing keys", "Lets the next signing key sign.").takes::<Rotate>().answers::<Rotated>(),
    ),
    Route::new(
        (Verb::Delete, "/signing-keys/{key}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(revoke),
        About::new("signing keys", "Revokes a signing key at once.").takes::<End>().only_does(),
    ),
];

const LOOK: &str = "list the signing keys: `jeton signing-key list`";

/// A signing key, as it is answered: its public half and its life.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SigningKey")]
struct Shown {
    /// Its id, as tokens name it.
    #[schemars(with = "String")]
    kid: KeyId,
    /// The algorithm that it signs with.
    #[schemars(with = "AlgorithmName")]
    alg: &'static str,
    /// What it signs.
    #[schemars(with = "PurposeName")]
    purpose: &'static str,
    /// How it stands.
    #[schemars(with = "SigningKeyState")]
    state: &'static str,
    /// The epoch of the root key that it is kept under.
    root_epoch: u16,
    /// When it was made.
    created_at: String,
    /// When it began to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<String>,
    /// When it leaves the key set.
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_at: Option<String>,
    /// Its public half (RFC 7517).
    jwk: serde_json::Value,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RotateSigningKey")]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// The algorithm whose key shall change; `ES256` if left out.
    #[schemars(with = "Option<AlgorithmName>")]
    alg: Option<String>,
    /// Whether not to wait until caches know the next key.
    #[serde(default)]
    force: bool,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RotatedSigningKey")]
struct Rotated {
    /// The algorithm that it signs with.
    #[schemars(with = "AlgorithmName")]
    alg: &'static str,
    /// The `kid` that signs from now on.
    #[schemars(with = "String")]
    current: KeyId,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let place = |key: &SigningKeyRecord| format!("{} {}", key.state as u8, newest_first(key.created_at, key.id.as_str()));
    let mut keys: Vec<_> = service.signing_keys().into_iter().map(|key| key.record).collect();
    keys.sort_by_cached_key(place);
    ok(&listing.sorted(&keys, place, |key| Shown::from(key))?)
}

async fn rotate(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: rotate, repeat }: Once<Rotate>,
) -> Answer {
    let algorithm = algorithm(rotate.alg.as_deref())?;
    let rotated = service.rotate_signing_key(algorithm, rotate.force, &actor, &repeat.moment(&service)).await;
    let early = "try again then; or, if the key that signs now is no longer trusted, do not wait: `jeton signing-key rotate --force`";
    let current = rotated.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, early))?;
    ok(&Rotated { alg: algorithm.name(), current })
}

async fn revoke(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(kid): Target<Arc<str>>,
    Body(end): Body<End>,
) -> Answer {
    let why = end.why()?;
    let revoked = service.revoke_signing_key(&kid, (&actor, &why), &service.moments().now()).await;
    let ledger = "name a key that signs tokens: `jeton signing-key list` says what each one signs";
    revoked.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, ledger))?;
    no_content()
}

fn algorithm(name: Option<&str>) -> Result<Algorithm, Problem> {
    Algorithm::from_name(name.unwrap_or("ES256"))
        .ok_or_else(|| Problem::invalid("`alg` names no signature algorithm", "name one as it stands in a JOSE header, such as ES256"))
}

impl From<&SigningKeyRecord> for Shown {
    fn from(key: &SigningKeyRecord) -> Shown {
        Shown {
            kid: key.id.clone(),
            alg: key.algorithm.name(),
            purpose: key.purpose.name(),
            state: key.state.name(),
            root_epoch: key.epoch,
            created_at: rfc3339::format(key.created_at),
            activated_at: key.activated_at.map(rfc3339::format),
            remove_at: key.remove_at.map(rfc3339::format),
            jwk: serde_json::from_str(&key.public).unwrap_or_default(),
        }
    }
}
