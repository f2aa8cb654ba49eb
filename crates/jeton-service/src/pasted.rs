//! Credentials of every kind, named by their text or their id: found, changed, and counted by kind.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api_key::rotate::asking_again;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing as KeyStanding;
use jeton_core::api_key::{ApiKey, ApiKeyKind};
use jeton_core::client::secret::ClientSecret;
use jeton_core::id::{ApiKeyId, CredentialId};
use jeton_core::moment::Moment;
use jeton_core::pasted::alone;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::AccessToken;
use jeton_core::token::standing::Standing;
use jeton_core::why::{Because, Why};
use jeton_token::{Kind, Token};
use jeton_verify::negatives::Subject;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::keys::lookup::Which;
use crate::keys::owner::subjects_over;
use crate::revoke::TokenChange;
use crate::service::Service;

/// How a credential is named.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// By its text.
    Text(&'a str),
    /// By its id, which an access token or a key may have.
    Id([u8; 16]),
    /// By the id of a key.
    Key(ApiKeyId),
}

/// A credential that was found.
pub enum Credential {
    /// An access token.
    Token(Arc<Proven>),
    /// An API key or a personal access token.
    Key(Arc<KeyEntry>),
    /// A text that a key had before it was rotated, and that is dead: the key may go on with another one. To change the key is more than whoever
    /// hands in this text asks for.
    DeadText(Arc<KeyEntry>),
    /// A client's secret.
    ClientSecret(Versioned<ClientSecret>),
}

/// How many of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByKind {
    /// Access tokens.
    pub access_tokens: u64,
    /// API keys.
    pub keys: u64,
    /// Personal access tokens.
    pub personal_access_tokens: u64,
    /// Client secrets.
    pub client_secrets: u64,
    /// Sessions of people.
    pub sessions: u64,
    /// Authorization codes that were not exchanged.
    pub authorization_codes: u64,
    /// Refresh tokens: one of each family.
    pub refresh_tokens: u64,
}

impl Credential {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Credential::Token(_) => Kind::AccessToken,
            Credential::Key(entry) | Credential::DeadText(entry) => entry.key.record.kind.token_kind(),
            Credential::ClientSecret(_) => Kind::ClientSecret,
        }
    }
}

impl ByKind {
    pub(crate) fn add_key(&mut self, kind: ApiKeyKind) {
        match kind {
            ApiKeyKind::Key => self.keys += 1,
            ApiKeyKind::Personal => self.personal_access_tokens += 1,
        }
    }

    pub(crate) fn add(&mut self, more: ByKind) {
        self.access_tokens += more.access_tokens;
        self.keys += more.keys;
        self.personal_access_tokens += more.personal_access_tokens;
        self.client_secrets += more.client_secrets;
        self.sessions += more.sessions;
        self.authorization_codes += more.authorization_codes;
        self.refresh_tokens += more.refresh_tokens;
    }
}

impl Service {
    /// A credential as it is named.
    ///
    /// # Errors
    /// `NotFound` when there is none, `InvalidRequest` where a text has several.
    pub async fn find_credential(&self, named: Named<'_>, moment: &Moment) -> Result<Credential, Failure> {
        let found = match named {
            Named::Text(text) => match self.named_by_text(text, moment).await? {
                Some(found) => Some(found),
                // As a whole it is none: what it has in it may be one.
                None => match alone(text)? {
                    one if one == text => None,
                    one => self.named_by_text(one, moment).await?,
                },
            },
            Named::Id(id) => match self.find(CredentialId(id)).await? {
                Some(token) => Some(Credential::Token(token)),
                None => self.key(ApiKeyId(id)).await?.map(Credential::Key),
            },
            Named::Key(id) => self.key(id).await?.map(Credential::Key),
        };
        let none = "there is no such token, key or secret: it was never made here, or it has left with its time";
        found.ok_or_else(|| Refusal::new(Reason::NotFound, none).into())
    }

    /// What whoever hands in a text wants changed; `None`: it is none of ours.
    async fn named_by_text(&self, text: &str, moment: &Moment) -> Result<Option<Credential>, Failure> {
        if let Some(found) = self.token_or_secret_of(text).await? {
            return Ok(Some(found));
        }
        let Some((entry, which)) = self.key_of_whole(text).await? else { return Ok(None) };
        let is_dead = match which {
            Which::Current => false,
            Which::Previous => self.is_previous_dead(&entry, moment),
            Which::Replaced => true,
        };
        Ok(Some(if is_dead { Credential::DeadText(entry) } else { Credential::Key(entry) }))
    }

    /// Whether the secret that a key had before neither speaks for it any more nor is told the new one.
    fn is_previous_dead(&self, entry: &KeyEntry, moment: &Moment) -> bool {
        let standing = self.key_standing(entry, Slot::Previous, moment).0;
        matches!(standing, KeyStanding::Expired | KeyStanding::Revoked(_))
            && asking_again(&entry.key.record, self.ledger_time(moment).seconds()).is_none()
    }

    /// The credential of a text, whether or not it has ended; `None`: it is none of ours.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub(crate) async fn credential_of_text(&self, text: &str) -> Result<Option<Credential>, Failure> {
        match self.token_or_secret_of(text).await? {
            Some(found) => Ok(Some(found)),
            None => Ok(self.presented_key(text).await?.map(|(entry, _)| Credential::Key(entry))),
        }
    }

    async fn token_or_secret_of(&self, text: &str) -> Result<Option<Credential>, Failure> {
        if let Some(token) = self.prove_once(text).await? {
            return Ok(Some(Credential::Token(token)));
        }
        Ok(self.client_secret_of(text).map(Credential::ClientSecret))
    }

    /// The client's secret that a text is. Its text names no client: each is looked at, all in memory.
    fn client_secret_of(&self, text: &str) -> Option<Versioned<ClientSecret>> {
        let parsed = Token::parse(text, &self.prefix).ok().filter(|parsed| parsed.kind() == Kind::ClientSecret)?;
        let root_keys = self.registry.root_keys();
        let keys = root_keys.epoch(parsed.epoch()).filter(|keys| parsed.check(&keys.check))?;
        let hash = keys.hash.hash(text);
        let is_it = |secret: &&Versioned<ClientSecret>| secret.record.epoch == parsed.epoch() && hash.matches(&secret.record.hash);
        self.clients().iter().find_map(|entry| entry.secrets.iter().find(is_it).cloned())
    }

    /// What a change of one credential would end, suspend or resume.
    #[must_use]
    pub fn would_change(&self, credential: &Credential, change: TokenChange, moment: &Moment) -> ByKind {
        let mut counted = ByKind::default();
        match credential {
            Credential::Token(proven) => {
                let standing = self.stand(proven, moment).0;
                let is_over = proven.signing_key.is_none() && self.died_with_its_key(&proven.token, moment);
                counted.access_tokens = u64::from(match change {
                    _ if is_over => false,
                    TokenChange::Revoke => standing.can_fall(),
                    TokenChange::Suspend => standing == Standing::Active,
                    TokenChange::Resume => standing == Standing::Suspended && !self.is_of_suspended_subject(&proven.token),
                });
            }
            Credential::Key(entry) => {
                let standing = self.key_standing(entry, Slot::Current, moment).0;
                let changes = match change {
                    TokenChange::Revoke => matches!(standing, KeyStanding::Live | KeyStanding::Suspended(_)),
                    TokenChange::Suspend => standing == KeyStanding::Live,
                    TokenChange::Resume => {
                        let is_its_own = matches!(standing, KeyStanding::Suspended(why) if why != Why::OwnerLeft);
                        is_its_own && !self.is_owned_by_suspended_subject(&entry.key.record)
                    }
                };
                if changes {
                    counted.add_key(entry.key.record.kind);
                }
            }
            Credential::DeadText(_) => {}
            Credential::ClientSecret(secret) => {
                let changes = self.would_change_secret(&secret.record, change, self.ledger_time(moment).seconds());
                counted.client_secrets = u64::from(changes);
            }
        }
        counted
    }

    /// Whether the client of a token, or its API, is suspended: to resume the token alone gives it back to nobody.
    fn is_of_suspended_subject(&self, token: &AccessToken) -> bool {
        let api = self.registry.api(token.api.as_str());
        let subjects =
            [Some((Subject::Client, token.client.as_str())), api.as_ref().map(|api| (Subject::Api, &*api.record.audience)), None];
        self.is_any_suspended(subjects, None)
    }

    /// The same of a key.
    fn is_owned_by_suspended_subject(&self, key: &ApiKey) -> bool {
        let api = self.registry.api(key.api.as_str());
        let audience = api.as_ref().map_or("", |api| &*api.record.audience);
        self.is_any_suspended(subjects_over(&key.owner, key.client.as_ref(), audience), None)
    }

    /// Changes one credential, and says what that ended, suspended or resumed.
    ///
    /// # Errors
    /// `Conflict` where it cannot be changed like this; any other [`Failure`]: it is not known to have changed.
    pub async fn change_credential(
        &self,
        credential: &Credential,
        (change, why): (TokenChange, &Because),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<ByKind, Failure> {
        let changes = self.would_change(credential, change, moment);
        match (credential, change) {
            (Credential::Token(proven), change) => {
                let is_of_gone = self.registry.api(proven.token.api.as_str()).is_none();
                if !is_of_gone || change != TokenChange::Revoke {
                    self.change_proven(proven, (change, why), by, moment).await?;
                }
            }
            (Credential::Key(entry), TokenChange::Revoke) => {
                self.revoke_key(entry.key.record.id, why.clone(), by, moment).await?;
            }
            (Credential::Key(entry), TokenChange::Suspend) => {
                self.suspend_key(entry.key.record.id, why.clone(), by, moment).await?;
            }
            (Credential::Key(entry), TokenChange::Resume) => self.resume_key(entry.key.record.id, by, moment).await?,
            (Credential::DeadText(_), _) => {}
            (Credential::ClientSecret(found), change) => {
                let named = (found.record.client.as_str(), found.record.id.as_str());
                match change {
                    TokenChange::Revoke => self.revoke_client_secret(named, why.clone(), by, moment).await?,
                    TokenChange::Suspend => self.suspend_client_secret(named, why.clone(), by, moment).await?,
                    TokenChange::Resume => self.resume_client_secret(named, by, moment).await?,
                }
            }
        }
        Ok(changes)
    }
}
