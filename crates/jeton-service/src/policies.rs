//! The lifetimes of credentials: set, shown, explained, and the exceptions from them.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::except::{end_exception, except};
use jeton_core::client::secret::ClientSecret;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ApiKeyId, SecretId};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::policy::change::ChangePolicy;
use jeton_core::policy::effective::{Effective, Policies};
use jeton_core::policy::exception::PolicyException;
use jeton_core::policy::exception::create::{CreateException, create};
use jeton_core::policy::exception::end::end;
use jeton_core::policy::rule::Subject;
use jeton_core::policy::set::{Facts, set};
use jeton_core::policy::{CredentialKind, Level};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};

use crate::failure::Failure;
use crate::once::gone;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::Reading;

/// How many rules of APIs a rule of a client stands on: with more, one that is set in the same moment may be overlooked.
const RULES_MAX: usize = 256;

impl Service {
    /// What an API or a client, by id or name, or neither of them, is to policies.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn policy_subject(&self, api: Option<&str>, client: Option<&str>) -> Result<Subject, Refusal> {
        match (api, client) {
            (Some(api), _) => Ok(Subject::Api(self.find_api(api)?.record.id.clone())),
            (None, Some(client)) => Ok(Subject::Client(self.find_client(client)?.client.record.id.clone())),
            (None, None) => Ok(Subject::Deployment),
        }
    }

    /// Sets what a level says of a kind, or changes some of it, and answers what holds there then.
    ///
    /// # Errors
    /// [`Failure`]; nothing is set then.
    pub async fn set_policy(
        &self,
        kind: CredentialKind,
        subject: &Subject,
        request: impl Into<ChangePolicy>,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<Effective, Failure> {
        let (owner, request) = (Arc::from(""), request.into());
        let set = self
            .transact(moment, &owner, |reading, moment| Ok(self.decide_policy(Some(reading), (kind, subject, request), actor, moment)?));
        Ok(set.await?.0)
    }

    /// What would hold, and the policies as they would be, if this were set.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn plan_policy(
        &self,
        kind: CredentialKind,
        subject: &Subject,
        request: impl Into<ChangePolicy>,
        moment: &Moment,
    ) -> Result<(Effective, Policies), Refusal> {
        self.decide_policy(None, (kind, subject, request.into()), &Actor::system(), &mut moment.clone())?.verdict
    }

    fn decide_policy(
        &self,
        reading: Option<&Reading<'_>>,
        (kind, subject, request): (CredentialKind, &Subject, ChangePolicy),
        actor: &Actor,
        moment: &mut Moment,
    ) -> Result<Outcome<(Effective, Policies)>, Refusal> {
        let gone = || Refusal::new(Reason::NotFound, "there is no such API or client");
        let (apis, client): (Vec<Arc<Versioned<Api>>>, Option<Arc<ClientEntry>>) = match subject {
            Subject::Deployment => (self.registry.apis(), None),
            Subject::Api(api) => (vec![self.registry.api(api.as_str()).ok_or_else(gone)?], None),
            Subject::Client(client) => (vec![], Some(self.registry.clients.get(client.as_str()).ok_or_else(gone)?)),
        };
        if let Some(reading) = reading {
            // The level above too: it says how far this one may go.
            reading.rely_on_policy(kind, &Subject::Deployment);
            if *subject != Subject::Deployment {
                reading.rely_on_policy(kind, subject);
            }
            apis.iter().for_each(|api| reading.rely_on_api(api));
            client.iter().for_each(|client| reading.rely_on_client(client));
            self.rely_on_rules_beside(reading, kind, subject);
        }
        let records: Vec<&Api> = apis.iter().map(|api| &api.record).collect();
        let policies = self.registry.policies();
        let client = client.as_ref().map(|entry| &entry.client.record);
        let latest_cut_off = |subject: CutOffSubject, name: &str| self.registry.latest_cut_off(subject, name);
        let facts = Facts { policies: &policies, apis: &records, client, latest_cut_off: &latest_cut_off };
        let request = request.of(policies.rule(kind, subject).map(|rule| &rule.record));
        Ok(set(kind, subject, request, &facts, actor, moment))
    }

    /// What a client says for itself hides what is said for APIs: whether it is stricter without it depends on those.
    fn rely_on_rules_beside(&self, reading: &Reading<'_>, kind: CredentialKind, subject: &Subject) {
        let policies = self.registry.policies();
        let beside = policies.rules_of(kind).map(|rule| &rule.record.subject).filter(|other| other.level() == Level::Api);
        if subject.level() == Level::Client {
            beside.take(RULES_MAX).for_each(|other| reading.rely_on_policy(kind, other));
        }
    }

    /// The secret that an exception is for, where it is one and is there.
    fn excepted_secret(&self, reading: &Reading<'_>, exception: &PolicyException) -> Option<ClientSecret> {
        let id = SecretId(exception.credential.clone());
        let of_it = |entry: &ClientEntry| entry.secrets.iter().find(|secret| secret.record.id == id).map(|secret| secret.record.clone());
        let clients = self.clients();
        let (entry, secret) = clients.iter().find_map(|entry| Some((entry, of_it(entry)?)))?;
        reading.rely_on_secret(entry, &id);
        Some(secret)
    }

    /// Every exception, by when it ends.
    #[must_use]
    pub fn policy_exceptions(&self) -> Vec<PolicyException> {
        let mut exceptions: Vec<_> = self.registry.policies().exceptions().map(|exception| exception.record.clone()).collect();
        exceptions.sort_by(|one, other| (one.ends_at, &one.id).cmp(&(other.ends_at, &other.id)));
        exceptions
    }

    /// Lets a secret of a client live beyond its maximum, until the exception ends.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn create_policy_exception(
        &self,
        client: &str,
        secret: &str,
        request: &CreateException,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<PolicyException, Failure> {
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let entry = self.find_client(client)?;
                reading.rely_on_secrets(&entry);
                let found = entry.secrets.iter().find(|candidate| candidate.record.id.as_str() == secret);
                let found = found.ok_or_else(|| Refusal::new(Reason::NotFound, "this client has no secret of that id"))?;
                let outcome = create(&found.record, request, &self.registry.policies(), actor, moment);
                Ok(outcome.remembering(moment, |exception| exception.id.to_string()))
            })
            .await
        };
        self.once(moment, make, async |made: Remembered| self.exception_once_more(&made)).await
    }

    /// Lets a key live beyond its maximum, until the exception ends.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn create_key_exception(
        &self,
        key: ApiKeyId,
        request: &CreateException,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<PolicyException, Failure> {
        let make = async |moment: Moment| {
            let decide = |key: &Versioned<ApiKey>, moment: &mut Moment| {
                let outcome = except(key, request, &self.registry.policies(), actor, moment);
                outcome.remembering(moment, |exception| exception.id.to_string())
            };
            self.change_key(key, &moment, |_, key, moment| Ok(decide(key, moment))).await
        };
        self.once(moment, make, async |made: Remembered| self.exception_once_more(&made)).await
    }

    fn exception_once_more(&self, made: &Remembered) -> Result<PolicyException, Failure> {
        let policies = self.registry.policies();
        let found = policies.exceptions().find(|exception| exception.record.id.as_str() == &*made.made);
        Ok(found.ok_or_else(gone)?.record.clone())
    }

    /// Ends an exception at once: the maximum holds again.
    ///
    /// # Errors
    /// `NotFound`, or any other [`Failure`]; it goes on then.
    pub async fn end_policy_exception(&self, id: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let known = self.registry.policies().exceptions().find(|exception| exception.record.id.as_str() == id).cloned();
        if let Some(exception) = known
            && matches!(exception.record.kind, CredentialKind::ApiKey | CredentialKind::PersonalAccessToken)
            && let Some(key) = ApiKeyId::parse(&exception.record.credential)
            && self.key(key).await?.is_some()
        {
            let end = |reading: &Reading<'_>, key: &Versioned<ApiKey>, moment: &mut Moment| {
                reading.rely_on_exception(&exception);
                Ok(end_exception(key, &exception.record, &self.registry.policies(), actor, moment))
            };
            return self.change_key(key, moment, end).await;
        }
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let policies = self.registry.policies();
            let found = policies.exceptions().find(|exception| exception.record.id.as_str() == id);
            let found = found.ok_or_else(|| Refusal::new(Reason::NotFound, "there is no exception of this id"))?;
            reading.rely_on_exception(found);
            let secret = self.excepted_secret(reading, &found.record);
            Ok(end(&found.record, secret.as_ref(), &policies, actor, moment))
        })
        .await
    }
}
