//! Taking over keys that were made elsewhere.

use std::sync::Arc;

use jeton_core::api_key::create::CreateKey;
use jeton_core::api_key::import::{AT_ONCE_MAX, ImportKey, Imported, import};
use jeton_core::api_key::imported::{self, ImportedKey};
use jeton_core::id::{Actor, ApiKeyId, ClientId};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::record::Value;
use jeton_core::refusal::{Reason, Refusal};
use jeton_token::SecretHash;

use super::owner::Around;
use super::read::damaged;
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

/// One key to take over.
pub struct KeyToImport {
    /// What is asked for; its lifetime is not read.
    pub request: CreateKey,
    /// The client that hands it out to somebody outside, by id or name.
    pub client: Option<String>,
    /// The SHA-256 of its text.
    pub sha256: [u8; 32],
    /// When it ends, in seconds, where that is known.
    pub expires_at: Option<i64>,
}

/// What an import is decided with.
struct Surroundings<'a> {
    api: &'a str,
    keys: &'a [KeyToImport],
    known: Vec<bool>,
}

impl Service {
    /// Takes over keys for an API, named by id or audience: all that can be, in one commit, and says what became of each.
    ///
    /// # Errors
    /// [`Failure`]; none is taken over then.
    pub async fn import_keys(&self, api: &str, keys: &[KeyToImport], actor: &Actor, moment: &Moment) -> Result<Vec<Imported>, Failure> {
        let make = async |moment: Moment| self.import_once(api, keys, actor, &moment).await;
        let again = async |made: Remembered| self.imported_once_more(api, keys, &made, actor, moment).await;
        self.once(moment, make, again).await
    }

    async fn import_once(&self, api: &str, keys: &[KeyToImport], actor: &Actor, moment: &Moment) -> Result<Vec<Imported>, Failure> {
        for _ in 0..ATTEMPTS {
            let around = Surroundings { api, keys, known: self.known_keys(keys).await?.iter().map(Option::is_some).collect() };
            let decided = self
                .attempt(moment, &Arc::from(""), |reading, moment| {
                    self.rely_on_hashes(reading, &around);
                    let outcome = self.decide_import(reading, &around, actor, moment)?;
                    Ok(outcome.remembering(moment, |imported| ids_of(imported).join(" ")))
                })
                .await?;
            if let Some(imported) = decided {
                return Ok(imported);
            }
        }
        Err(Failure::Contended)
    }

    /// What would become of them.
    ///
    /// # Errors
    /// As of [`import_keys`](Self::import_keys).
    pub async fn plan_import(&self, api: &str, keys: &[KeyToImport], actor: &Actor, moment: &Moment) -> Result<Vec<Imported>, Failure> {
        let around = Surroundings { api, keys, known: self.known_keys(keys).await?.iter().map(Option::is_some).collect() };
        let outcome = self.plan(moment, |reading, moment| self.decide_import(reading, &around, actor, moment))?;
        outcome.verdict.map_err(Failure::Refused)
    }

    fn decide_import(
        &self,
        reading: &Reading<'_>,
        around: &Surroundings<'_>,
        actor: &Actor,
        moment: &mut Moment,
    ) -> Result<Outcome<Vec<Imported>>, Failure> {
        let api = self.find_api(around.api)?;
        if api.record.is_management() {
            let detail = "keys of the management API are made here: their text must be one of ours";
            return Err(Refusal::new(Reason::InvalidTarget, detail).into());
        }
        let mut each: Vec<Around> = vec![];
        for key in around.keys {
            let client: Option<ClientId> = match &key.client {
                Some(client) => Some(self.find_client(client)?.client.record.id.clone()),
                None => None,
            };
            each.push(self.around_key(reading, api.clone(), &key.request.owner, client.as_ref()));
        }
        let imports: Vec<ImportKey<'_>> = around
            .keys
            .iter()
            .zip(&each)
            .zip(&around.known)
            .map(|((key, facts), is_known)| ImportKey {
                facts: self.facts(facts),
                request: &key.request,
                sha256: key.sha256,
                expires_at: key.expires_at,
                is_known: *is_known,
            })
            .collect();
        Ok(import(&imports, actor, moment))
    }

    /// Which of them are there already, under whichever epoch.
    async fn known_keys(&self, keys: &[KeyToImport]) -> Result<Vec<Option<ApiKeyId>>, Failure> {
        if keys.len() > AT_ONCE_MAX {
            return Err(Refusal::invalid(format!("at most {AT_ONCE_MAX} keys are imported at a time")).into());
        }
        let root_keys = self.registry.root_keys().clone();
        let mut known = vec![];
        for key in keys {
            let mut found = None;
            for epoch in root_keys.numbers().filter_map(|number| root_keys.epoch(number)).collect::<Vec<_>>() {
                let hash = epoch.hash.wrap(&key.sha256);
                if let Some(row) = self.fetch(&imported::TABLE, hash_value(&hash)).await? {
                    found = Some(ImportedKey::from_row(&row.record).map_err(damaged)?.key);
                }
            }
            known.push(found);
        }
        Ok(known)
    }

    /// What became of them when they were taken over: the ones of this request are told as they are now.
    async fn imported_once_more(
        &self,
        api: &str,
        keys: &[KeyToImport],
        made: &Remembered,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<Vec<Imported>, Failure> {
        let mut left: Vec<ApiKeyId> = made.made.split(' ').filter_map(ApiKeyId::parse).collect();
        let (known, mut planned) = (self.known_keys(keys).await?, self.plan_import(api, keys, actor, moment).await?);
        for (imported, known) in planned.iter_mut().zip(known) {
            // Where a request named the same key twice, the first one made it.
            let place = left.iter().position(|key| Some(*key) == known);
            match (&imported, place.map(|place| left.swap_remove(place))) {
                (_, Some(id)) => *imported = Imported::Made(Box::new(self.find_key(id).await?.key.record.clone())),
                (Imported::Made(_), None) => {
                    let detail = "it was not taken over with this request: with another `Idempotency-Key` it is";
                    *imported = Imported::Refused(Refusal::new(Reason::Conflict, detail));
                }
                _ => {}
            }
        }
        Ok(planned)
    }

    /// Those that were not there must still not be.
    fn rely_on_hashes(&self, reading: &Reading<'_>, around: &Surroundings<'_>) {
        let root_keys = self.registry.root_keys();
        let (_, Some(current)) = root_keys.current() else { return };
        for (key, _) in around.keys.iter().zip(&around.known).filter(|(_, is_known)| !**is_known) {
            reading.rely_on_no_import(&current.hash.wrap(&key.sha256));
        }
    }
}

fn ids_of(imported: &[Imported]) -> Vec<String> {
    let made = |imported: &Imported| match imported {
        Imported::Made(key) => Some(key.id.to_string()),
        Imported::Existed | Imported::Refused(_) => None,
    };
    imported.iter().filter_map(made).collect()
}

fn hash_value(hash: &SecretHash) -> Value {
    Value::Hash(*hash.as_bytes())
}
