//! Keys by their id and by their text: from memory, or one look-up away.

use std::sync::Arc;

use jeton_core::api_key::imported::{self, ImportedKey};
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::{self, ApiKey};
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::record::{Key, Malformed, Row, Table, Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_store::store::{Fault, FaultKind, Fetch};
use jeton_token::{Kind, Token};
use tokio::sync::oneshot;

use super::entry::KeyEntry;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::service::Service;
use crate::text_digest::TextDigest;
use crate::transact::{ATTEMPTS, Reading};

impl Service {
    /// A key by its id; `None`: there is none.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn key(&self, id: ApiKeyId) -> Result<Option<Arc<KeyEntry>>, Failure> {
        if let Some(known) = self.keys.get(id) {
            self.know_last_use(&known).await?;
            return Ok(Some(known));
        }
        self.read_key(id).await
    }

    /// The same of a key that is not in memory.
    async fn read_key(&self, id: ApiKeyId) -> Result<Option<Arc<KeyEntry>>, Failure> {
        let stamp = self.keys.stamp(id);
        let Some(row) = self.fetch(&api_key::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        let read = entry(&row).map_err(damaged)?;
        self.know_last_use(&read).await?;
        self.keys.keep(&read, stamp);
        Ok(Some(read))
    }

    /// A key by its id, for those who administer.
    ///
    /// # Errors
    /// `NotFound`, or [`Failure::Fault`] when the engine cannot read.
    pub async fn find_key(&self, id: ApiKeyId) -> Result<Arc<KeyEntry>, Failure> {
        self.key(id).await?.ok_or_else(|| Refusal::new(Reason::NotFound, "there is no key of this id").into())
    }

    /// The key that a text is a secret of, and which one, whether or not that has ended. `None`: it is none of ours.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub(crate) async fn presented_key(&self, text: &str) -> Result<Option<(Arc<KeyEntry>, Slot)>, Failure> {
        let Some(digest) = TextDigest::of(text) else { return Ok(None) };
        let parsed =
            Token::parse(text, &self.prefix).ok().filter(|parsed| matches!(parsed.kind(), Kind::ApiKey | Kind::PersonalAccessToken));
        // Only what is in memory was proven: nothing is read for a text that was never made here.
        let named = parsed.as_ref().and_then(|parsed| self.keys.get(ApiKeyId(parsed.id().to_bytes())));
        let is_in_memory = named.is_some();
        let known = named.or_else(|| self.keys.get(self.keys.imported(&digest)?));
        if let Some(known) = known
            && let Some(slot) = known.proven(&digest)
        {
            self.know_last_use(&known).await?;
            return Ok(Some((known, slot)));
        }
        // Boxed: checks from memory would carry what a look-up needs.
        Box::pin(self.prove_key(text, digest, parsed, is_in_memory)).await
    }

    /// The same of a text that was not proven yet.
    async fn prove_key(
        &self,
        text: &str,
        digest: TextDigest,
        parsed: Option<Token>,
        is_in_memory: bool,
    ) -> Result<Option<(Arc<KeyEntry>, Slot)>, Failure> {
        let carried = parsed.as_ref().and_then(|parsed| self.key_carried(parsed));
        let id = match carried {
            Some(id) => Some(id),
            None => self.key_imported(&digest).await?,
        };
        let Some(id) = id else { return Ok(None) };
        // It was looked for in memory by the id that its text carries.
        let found = if is_in_memory || carried.is_none() { self.key(id).await? } else { self.read_key(id).await? };
        let Some(found) = found else { return Ok(None) };
        let Some(slot) = found.key.record.slot_of(text, &self.registry.root_keys()) else { return Ok(None) };
        found.note_proven(slot, digest);
        // Also of one that was rotated since: its old text is found by its hash alone as long as it is accepted.
        if carried.is_none() {
            self.keys.note_import(digest, id);
        }
        Ok(Some((found, slot)))
    }

    /// The key that a text names, unproven: its own text carries the id, another's is found by its hash.
    pub(super) async fn key_of_text(&self, text: &str, digest: &TextDigest) -> Result<Option<ApiKeyId>, Failure> {
        let parsed = Token::parse(text, &self.prefix).ok();
        match parsed.and_then(|parsed| self.key_carried(&parsed)) {
            Some(id) => Ok(Some(id)),
            None => self.key_imported(digest).await,
        }
    }

    /// The key whose id a text carries. The keyed check turns away what was never made here without a read.
    fn key_carried(&self, parsed: &Token) -> Option<ApiKeyId> {
        let is_key = matches!(parsed.kind(), Kind::ApiKey | Kind::PersonalAccessToken);
        let is_ours = is_key && self.registry.root_keys().epoch(parsed.epoch()).is_some_and(|keys| parsed.check(&keys.check));
        is_ours.then(|| ApiKeyId(parsed.id().to_bytes()))
    }

    /// The key that was imported by the hash of a text, unproven.
    async fn key_imported(&self, digest: &TextDigest) -> Result<Option<ApiKeyId>, Failure> {
        let root_keys = self.registry.root_keys().clone();
        if !self.keys.knows_imports() {
            return Ok(None);
        }
        for keys in root_keys.numbers().collect::<Vec<_>>().into_iter().rev().filter_map(|number| root_keys.epoch(number)) {
            let hash = keys.hash.wrap(digest.as_bytes());
            if let Some(row) = self.fetch(&imported::TABLE, Value::Hash(*hash.as_bytes())).await? {
                return Ok(Some(ImportedKey::from_row(&row.record).map_err(damaged)?.key));
            }
        }
        Ok(None)
    }

    /// Decides over a key as it is, again while it has changed.
    pub(crate) async fn change_key<R>(
        &self,
        id: ApiKeyId,
        moment: &Moment,
        mut decide: impl FnMut(&Reading<'_>, &Versioned<ApiKey>, &mut Moment) -> Result<Outcome<R>, Failure>,
    ) -> Result<R, Failure> {
        for _ in 0..ATTEMPTS {
            let found = self.find_key(id).await?;
            let decided = self
                .attempt(moment, &Arc::from(""), |reading, moment| {
                    reading.rely_on_key(&found.key);
                    decide(reading, &found.key, moment)
                })
                .await?;
            if let Some(decided) = decided {
                return Ok(decided);
            }
        }
        Err(Failure::Contended)
    }

    pub(crate) async fn fetch(&self, table: &'static Table, key: Value) -> Result<Option<Versioned<Row>>, Failure> {
        self.fetch_row(table, vec![key]).await
    }

    /// The row of a key.
    pub(crate) async fn fetch_row(&self, table: &'static Table, key: Key) -> Result<Option<Versioned<Row>>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.fetches.hand_over(Fetch { table, key, reply });
        let closed = || Fault::new(FaultKind::Closed, "the store is closed");
        Ok(answer.await.map_err(|_| closed())??)
    }
}

pub(crate) fn damaged(malformed: Malformed) -> Failure {
    Fault::new(FaultKind::Damaged, malformed.to_string()).into()
}
