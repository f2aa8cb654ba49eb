//! Load, decide, commit, publish: the way of every change.

use std::cell::RefCell;
use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::imported;
use jeton_core::api_key::uses::{self, Uses};
use jeton_core::commit::{Commit, Premise, Sequence};
use jeton_core::consent::Consent;
use jeton_core::event::Event;
use jeton_core::group::{Group, member, member::Membership};
use jeton_core::id::{ApiKeyId, CommitId, GrantId, GroupId, PersonId, RoleId, SecretId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::password::Password;
use jeton_core::person::Person;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::exception::{self, PolicyException};
use jeton_core::policy::rule::{self, Subject};
use jeton_core::provider::Provider;
use jeton_core::record::{Key, Table, Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::Role;
use jeton_core::role::assign::{self, Assignment};
use jeton_core::role::holder::Holder;
use jeton_core::session::latest;
use jeton_core::{
    api, api_key, client, consent, grant, group, identity, key, notice, passkey, password, person, provider, role, second_factor, session,
};
use jeton_store::store::{CommitError, Submission, Taken};
use jeton_token::SecretHash;
use tokio::sync::oneshot;

use crate::beside::beside;
use crate::durability::Takes;
use crate::failure::Failure;
use crate::registry::Registry;
use crate::registry::clients::ClientEntry;
use crate::registry::keys::KeyRing;
use crate::service::Service;

/// How often a decision is made again when what it read has changed.
pub(crate) const ATTEMPTS: usize = 4;

/// The registry as one decision reads it: what it hands out becomes the commit's premises.
pub(crate) struct Reading<'a> {
    registry: &'a Registry,
    premises: RefCell<Vec<Premise>>,
}

impl Service {
    /// Decides and commits, again while what was read has changed; the verdict is heard only once its commit is durable.
    pub(crate) async fn transact<R>(
        &self,
        moment: &Moment,
        owner: &Arc<str>,
        mut decide: impl FnMut(&Reading<'_>, &mut Moment) -> Result<Outcome<R>, Failure>,
    ) -> Result<R, Failure> {
        for _ in 0..ATTEMPTS {
            if let Some(decided) = self.attempt(moment, owner, &mut decide).await? {
                return Ok(decided);
            }
        }
        Err(Failure::Contended)
    }

    /// Decides and commits once; `None`: what was read has changed since.
    pub(crate) async fn attempt<R>(
        &self,
        moment: &Moment,
        owner: &Arc<str>,
        decide: impl FnOnce(&Reading<'_>, &mut Moment) -> Result<Outcome<R>, Failure>,
    ) -> Result<Option<R>, Failure> {
        let mut attempt = moment.clone().not_before(self.store.head().time);
        let (verdict, commit) = {
            let reading = Reading { registry: &self.registry, premises: RefCell::default() };
            let Outcome { verdict, mut commit } = decide(&reading, &mut attempt)?;
            commit.premises.extend(reading.premises.into_inner());
            (verdict, commit)
        };
        if commit.is_empty() {
            if verdict.is_ok() {
                self.be_durable_by_now().await.map_err(failure)?;
            }
            return verdict.map(Some).map_err(Failure::Refused);
        }
        if commit.grants() && self.posture.is_behind(self.store.head().time, &self.moments) {
            return Err(Failure::ClockBehind);
        }
        match self.commit(commit, owner).await {
            Ok(_) => verdict.map(Some).map_err(Failure::Refused),
            Err(CommitError::Stale) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }

    /// Decides as [`attempt`](Self::attempt) does, and commits nothing.
    pub(crate) fn plan<R>(
        &self,
        moment: &Moment,
        decide: impl FnOnce(&Reading<'_>, &mut Moment) -> Result<Outcome<R>, Failure>,
    ) -> Result<Outcome<R>, Failure> {
        let mut attempt = moment.clone().not_before(self.store.head().time);
        decide(&Reading { registry: &self.registry, premises: RefCell::default() }, &mut attempt)
    }

    /// Commits what needs no decision to be made again.
    pub(crate) async fn commit(&self, commit: Commit, owner: &Arc<str>) -> Result<Sequence, CommitError> {
        let (id, takes, told) = (commit.id, Takes::of(&commit), commit.events.len() as u64);
        // Whoever handed it in was answered, and the next one must not wait for a target that is away.
        let is_of_a_report = commit.events.iter().any(|event| matches!(event, Event::CredentialReported { .. }));
        let (reply, answer) = oneshot::channel();
        self.commits.hand_over(Submission { commit, owner: owner.clone(), reply });
        let sequence = match answer.await.unwrap_or(Err(CommitError::Unknown)) {
            Err(CommitError::Unknown) => self.look_up(id).await,
            answer => answer,
        }?;
        let last = sequence + told.saturating_sub(1);
        if is_of_a_report {
            self.be_durable_later(last);
        } else {
            self.be_durable(takes, last).await?;
        }
        Ok(sequence)
    }

    /// What became of a commit whose answer was lost. Reads, and may wait for a disk: beside the reactor, where there is one.
    async fn look_up(&self, id: CommitId) -> Result<Sequence, CommitError> {
        let store = self.store.clone();
        match beside(move || store.look_up(id)).await {
            Some(Ok(Some(sequence))) => Ok(sequence),
            _ => Err(CommitError::Unknown),
        }
    }
}

pub(crate) fn failure(error: CommitError) -> Failure {
    match error {
        CommitError::Stale => Failure::Contended,
        CommitError::Taken(Taken::Name(index)) => {
            let what = match index {
                "api_by_audience" => "an API with this audience exists already",
                "client_by_name" => "a client of this name exists already",
                "policy_exception_by_credential" => "there is an exception for this credential already",
                "person_by_username" => "somebody has this username already",
                "person_group_by_name" => "a group of this name exists already",
                "provider_by_name" => "a provider of this name exists already",
                "role_by_name" => "this API has a role of this name already",
                _ => "this name is taken",
            };
            let hint = match index {
                "person_by_username" => "`jeton user show USERNAME` shows them; take another username for somebody else",
                "person_group_by_name" => "`jeton group show NAME` shows it; take another name for another group",
                "provider_by_name" => "`jeton provider show NAME` shows it; take another name for another provider",
                "role_by_name" => "`jeton role list` shows it; `jeton role update ROLE` changes it",
                _ => return Failure::Refused(Refusal::new(Reason::Conflict, what)),
            };
            Failure::Refused(Refusal::new(Reason::Conflict, what).hinting(hint))
        }
        CommitError::Taken(Taken::Mark) => {
            Failure::Refused(Refusal::new(Reason::InvalidClient, "this client assertion was used before: each needs a `jti` of its own"))
        }
        CommitError::Busy => Failure::Busy,
        CommitError::Full => Failure::Full,
        CommitError::Fault(fault) => Failure::Fault(fault),
        CommitError::Unknown => Failure::Unknown,
        CommitError::Unshipped => Failure::Unshipped,
    }
}

impl Reading<'_> {
    /// A client that was read before: it must still be what it was.
    pub(crate) fn rely_on_client(&self, entry: &ClientEntry) {
        self.rely(&client::TABLE, Value::Text(entry.client.record.id.0.clone()), Some(entry.client.version));
    }

    /// The secrets of a client must still be what they were.
    pub(crate) fn rely_on_secrets(&self, entry: &ClientEntry) {
        for secret in &entry.secrets {
            self.rely(&client::secret::TABLE, Value::Text(secret.record.id.0.clone()), Some(secret.version));
        }
    }

    /// The secret that a client proved itself with must still be what it was.
    pub(crate) fn rely_on_secret(&self, entry: &ClientEntry, id: &SecretId) {
        for secret in entry.secrets.iter().filter(|secret| secret.record.id == *id) {
            self.rely(&client::secret::TABLE, Value::Text(secret.record.id.0.clone()), Some(secret.version));
        }
    }

    /// An API that was read before: it must still be what it was.
    pub(crate) fn rely_on_api(&self, api: &Versioned<Api>) {
        self.rely(&api::TABLE, Value::Text(api.record.id.0.clone()), Some(api.version));
    }

    /// A key that was read before: it must still be what it was.
    pub(crate) fn rely_on_key(&self, key: &Versioned<ApiKey>) {
        self.rely(&api_key::TABLE, Value::Id(key.record.id.0), Some(key.version));
    }

    /// The uses of a key that were read before must still be what they were, or not there.
    pub(crate) fn rely_on_uses(&self, key: ApiKeyId, known: Option<&Versioned<Uses>>) {
        self.rely(&uses::TABLE, Value::Id(key.0), known.map(|uses| uses.version));
    }

    /// No foreign key of this hash must be there.
    pub(crate) fn rely_on_no_import(&self, hash: &SecretHash) {
        self.rely(&imported::TABLE, Value::Hash(*hash.as_bytes()), None);
    }

    /// The signing keys: all of them.
    pub(crate) fn keys(&self) -> arc_swap::Guard<Arc<KeyRing>> {
        let keys = self.registry.keys();
        for key in keys.records() {
            self.rely(&key::TABLE, Value::Text(key.record.id.0.clone()), Some(key.version));
        }
        keys
    }

    /// The rule of a kind for a subject must still be what it was, or not there.
    pub(crate) fn rely_on_policy(&self, kind: CredentialKind, subject: &Subject) {
        let version = self.registry.policies().rule(kind, subject).map(|rule| rule.version);
        self.rely_on_row(&rule::TABLE, rule::key(kind, subject), version);
    }

    /// An exception that was read before: it must still be there.
    pub(crate) fn rely_on_exception(&self, exception: &Versioned<PolicyException>) {
        self.rely(&exception::TABLE, Value::Text(exception.record.id.0.clone()), Some(exception.version));
    }

    /// A person who was read before: they must still be who they were.
    pub(crate) fn rely_on_person(&self, person: &Versioned<Person>) {
        self.rely(&person::TABLE, Value::Text(person.record.id.0.clone()), Some(person.version));
    }

    /// A password that was read before: it must still be what it was.
    pub(crate) fn rely_on_password(&self, password: &Versioned<Password>) {
        self.rely(&password::TABLE, Value::Text(password.record.person.0.clone()), Some(password.version));
    }

    /// The second factor of a person must still be what it was, or not there.
    pub(crate) fn rely_on_second_factor(&self, person: &PersonId, version: Option<Sequence>) {
        self.rely(&second_factor::TABLE, Value::Text(person.0.clone()), version);
    }

    /// A group that was read before: it must still be what it was.
    pub(crate) fn rely_on_group(&self, group: &Versioned<Group>) {
        self.rely(&group::TABLE, Value::Text(group.record.id.0.clone()), Some(group.version));
    }

    /// What was read before must still be so.
    pub(crate) fn rely_on_premise(&self, premise: Option<&Premise>) {
        self.premises.borrow_mut().extend(premise.cloned());
    }

    /// Whether somebody is in a group must still be as it was.
    pub(crate) fn rely_on_membership(&self, group: &GroupId, person: &PersonId, found: Option<&Versioned<Membership>>) {
        self.rely_on_row(&member::TABLE, member::key(group, person), found.map(|membership| membership.version));
    }

    /// A role that was read before: it must still be what it was.
    pub(crate) fn rely_on_role(&self, role: &Versioned<Role>) {
        self.rely(&role::TABLE, Value::Text(role.record.id.0.clone()), Some(role.version));
    }

    /// Whether somebody holds a role must still be as it was.
    pub(crate) fn rely_on_assignment(&self, role: &RoleId, holder: &Holder, found: Option<&Versioned<Assignment>>) {
        self.rely_on_row(&assign::TABLE, assign::key(role, holder), found.map(|assignment| assignment.version));
    }

    /// A provider that was read before: it must still be what it was.
    pub(crate) fn rely_on_provider(&self, provider: &Versioned<Provider>) {
        self.rely(&provider::TABLE, Value::Text(provider.record.id.0.clone()), Some(provider.version));
    }

    /// Who somebody is at a provider must still be so, or not known.
    pub(crate) fn rely_on_identity(&self, key: Key, version: Option<Sequence>) {
        self.rely_on_row(&identity::TABLE, key, version);
    }

    /// A passkey must still be what it was, or not there.
    pub(crate) fn rely_on_passkey(&self, key: Key, version: Option<Sequence>) {
        self.rely_on_row(&passkey::TABLE, key, version);
    }

    /// A grant must still be what it was, or not there.
    pub(crate) fn rely_on_grant(&self, id: GrantId, version: Option<Sequence>) {
        self.rely(&grant::TABLE, Value::Id(id.0), version);
    }

    /// A session must still be what it was, or not there.
    pub(crate) fn rely_on_session(&self, id: SessionId, version: Option<Sequence>) {
        self.rely(&session::TABLE, Value::Id(id.0), version);
    }

    /// A consent that was read before must still be what it was.
    pub(crate) fn rely_on_consent(&self, consent: &Versioned<Consent>) {
        self.rely_on_row(&consent::TABLE, consent.record.key(), Some(consent.version));
    }

    /// When a person last proved who they are must still be so, or not known.
    pub(crate) fn rely_on_authentication(&self, person: &PersonId, version: Option<Sequence>) {
        self.rely(&latest::TABLE, Value::Text(person.0.clone()), version);
    }

    /// What was told of the end of something must still be what it was, or nothing.
    pub(crate) fn rely_on_notice(&self, key: Key, told: Option<&Versioned<notice::Told>>) {
        self.rely_on_row(&notice::TABLE, key, told.map(|told| told.version));
    }

    fn rely(&self, table: &'static Table, key: Value, version: Option<Sequence>) {
        self.rely_on_row(table, Key::from([key]), version);
    }

    fn rely_on_row(&self, table: &'static Table, key: Key, version: Option<Sequence>) {
        self.premises.borrow_mut().push(Premise::Row { table, key, version });
    }
}
