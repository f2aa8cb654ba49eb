//! `POST /keys/import`: keys that were made elsewhere, by the SHA-256 of their text.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use jeton_core::api_key::create::CreateKey;
use jeton_core::api_key::import::{AT_ONCE_MAX, Imported};
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::pasted::masked;
use jeton_core::permission::Permission;
use jeton_core::refusal::{Reason, Refusal};
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::keys::import::KeyToImport;
use jeton_token::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::Rate;
use super::{EnvironmentName, LOOK};
use crate::api::answer::{Answer, ok};
use crate::api::body::{object, objects};
use crate::api::management::Management;
use crate::api::once::Once;
use crate::api::problem::Problem;
use crate::api::rfc3339;
use crate::api::route::{About, Access, Repeats, Route, Verb};

const WRITE: Access = Access::Permission(Permission::KeysWrite);

pub(crate) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/keys/import"),
    WRITE,
    Repeats::Remembered,
    |at| at.on(import),
    About::new("keys", "Takes in keys that were made elsewhere, by the SHA-256 of their text.").takes::<Import>().answers::<Report>(),
)];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ImportKeys")]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// The API that they are for, by audience or id.
    audience: String,
    /// The keys: 100 at most.
    #[serde(deserialize_with = "objects")]
    keys: Vec<Foreign>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// One key as somebody else kept it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ForeignKey")]
#[serde(deny_unknown_fields)]
struct Foreign {
    /// The SHA-256 of its text, in hexadecimal.
    sha256: String,
    /// Whose it is: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`.
    owner: String,
    /// Its name.
    name: String,
    /// A note for people.
    note: Option<String>,
    /// What its owner keeps beside it.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// What it may do: names with spaces between; the default of the API if left out.
    scope: Option<String>,
    /// The networks that it may be used from, as `192.0.2.0/24`; any where there are none.
    #[serde(default)]
    allow_ip: Vec<String>,
    /// How often it may be used.
    #[serde(default, deserialize_with = "object")]
    rate_limit: Option<Rate>,
    /// How often it may be used in all.
    max_uses: Option<i64>,
    /// Where it may be used; `live` if left out.
    environment: Option<EnvironmentName>,
    /// When it ends; as the policy says if left out.
    expires_at: Option<String>,
    /// The client that hands it out to somebody outside, by name or id.
    client: Option<String>,
}

/// What became of all of them.
#[derive(Default, JsonSchema, Serialize)]
#[schemars(rename = "ImportReport")]
struct Report {
    /// Those that are there from now on.
    imported: Vec<Made>,
    /// The places in the request of those that were there before.
    existed: Vec<usize>,
    /// Those that were refused.
    refused: Vec<Refused>,
    /// Whether nothing was written.
    dry_run: bool,
}

/// One that is there from now on; `index` is its place in the request.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ImportedKey")]
struct Made {
    /// Its place in the request, from 0.
    index: usize,
    /// Its id; absent where nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    id: Option<ApiKeyId>,
    /// When it ends: earlier than asked for where it may not live as long.
    expires_at: String,
    /// What it may do.
    scope: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RefusedKey")]
struct Refused {
    /// Its place in the request, from 0.
    index: usize,
    /// Why it was refused: a code that never changes.
    code: &'static str,
    /// The same in a sentence.
    detail: String,
}

async fn import(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Once { body: import, repeat }: Once<Import>,
) -> Answer {
    if import.keys.len() > AT_ONCE_MAX {
        return Err(Problem::invalid(format!("at most {AT_ONCE_MAX} keys are imported at a time"), "send them in several requests"));
    }
    let mut report = Report { dry_run: import.dry_run, ..Report::default() };
    let (mut places, mut keys) = (vec![], vec![]);
    for (index, foreign) in import.keys.into_iter().enumerate() {
        match foreign.read(&service) {
            Ok(key) => {
                places.push(index);
                keys.push(key);
            }
            Err(refusal) => report.refused.push(Refused::of(index, &refusal)),
        }
    }
    let moment = repeat.moment(&service);
    let imported = match import.dry_run {
        true => service.plan_import(&import.audience, &keys, &actor, &moment).await,
        false => service.import_keys(&import.audience, &keys, &actor, &moment).await,
    };
    let imported = imported.map_err(|failure: Failure| Problem::from(failure).look(LOOK))?;
    for (index, imported) in places.into_iter().zip(imported) {
        match imported {
            Imported::Made(key) => report.imported.push(Made {
                index,
                // Without a commit there is none of this id.
                id: (!import.dry_run).then_some(key.id),
                expires_at: rfc3339::format(key.current.expires_at),
                scope: key.scopes.to_string(),
            }),
            Imported::Existed => report.existed.push(index),
            Imported::Refused(refusal) => report.refused.push(Refused::of(index, &refusal)),
        }
    }
    report.refused.sort_by_key(|refused| refused.index);
    ok(&report)
}

impl Foreign {
    fn read(self, service: &Service) -> Result<KeyToImport, Refusal> {
        if let Some(client) = &self.client {
            service.find_client(client)?;
        }
        Ok(KeyToImport {
            sha256: digest(&self.sha256)?,
            expires_at: self.expires_at.as_deref().map(time).transpose()?,
            client: self.client,
            request: CreateKey {
                owner: service.named_owner(&self.owner)?,
                name: self.name,
                note: self.note,
                metadata: self.metadata,
                scopes: self.scope,
                networks: self.allow_ip,
                rate: self.rate_limit.map(Rate::limit).transpose()?,
                max_uses: self.max_uses,
                environment: self.environment.map_or(Environment::Live, Environment::from),
                expires_in_seconds: None,
                exception: None,
                like_seconds: None,
            },
        })
    }
}

impl Refused {
    fn of(index: usize, refusal: &Refusal) -> Refused {
        let code = match refusal.reason {
            Reason::CredentialInText => "credential_in_text",
            Reason::InvalidScope => "invalid_scope",
            Reason::InvalidTarget => "invalid_target",
            Reason::NotFound => "not_found",
            Reason::Conflict => "conflict",
            _ => "invalid_request",
        };
        Refused { index, code, detail: masked(&refusal.detail).into_owned() }
    }
}

fn digest(text: &str) -> Result<[u8; 32], Refusal> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let bytes: Option<Vec<u8>> = digits
        .filter(|digits| digits.len() == 64)
        .map(|digits| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect());
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Refusal::invalid("`sha256` is the SHA-256 of the key's text, 64 hexadecimal digits"))
}

fn time(text: &str) -> Result<i64, Refusal> {
    let detail = || match text {
        text if rfc3339::parse(&format!("{text}T00:00:00Z")).is_some() => "`expires_at` names a day and no time: add T00:00:00Z to it",
        text if text.contains('/') || text.contains('.') && !text.contains('T') => {
            "`expires_at` is a time with its year first, as 2026-01-31T23:59:59Z: what is written is another day elsewhere"
        }
        _ => "`expires_at` is a time as 2026-01-31T23:59:59Z",
    };
    rfc3339::parse(text).ok_or_else(|| Refusal::invalid(detail()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("2027-02-01T00:00:00Z"), Ok(1_801_440_000));
        for (text, expected) in [
            ("2027-02-01", "add T00:00:00Z"),
            ("01/02/2027", "its year first"),
            ("1.2.2027", "its year first"),
            ("soon", "is a time as"),
            ("2027-13-01", "is a time as"),
            ("1801440000", "is a time as"),
        ] {
            assert!(time(text).unwrap_err().detail.contains(expected), "{text}");
        }
    }

    #[test]
    fn digests() {
        let text = format!("{}{}", "00ff".repeat(8), "Ab".repeat(16));
        let read = digest(&text).unwrap();
        assert_eq!((read[0], read[1], read[16], read[31]), (0, 255, 0xab, 0xab));
        for wrong in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
            assert!(digest(wrong).is_err(), "{wrong}");
        }
    }
}
