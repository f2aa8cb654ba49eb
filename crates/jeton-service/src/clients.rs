//! Clients and their secrets: registered, changed, removed, listed.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api::Api;
use jeton_core::client::create::{CreateClient, create};
use jeton_core::client::delete::delete;
use jeton_core::client::secret::{self, ClientSecret, CreateSecret, CreatedSecret, change};
use jeton_core::client::update::{UpdateClient, update};
use jeton_core::client::{AuthenticationMethod, Client};
use jeton_core::commit::Commit;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_core::policy::rule::Subject;
use jeton_core::policy::set::forget;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::why::Because;

use crate::failure::Failure;
use crate::once::gone;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::Reading;

impl Service {
    /// Every client, by name.
    #[must_use]
    pub fn clients(&self) -> Vec<Arc<ClientEntry>> {
        let mut clients = self.registry.clients.all();
        clients.sort_by(|one, other| one.client.record.name.cmp(&other.client.record.name));
        clients
    }

    /// A client by its id or its name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find_client(&self, name: &str) -> Result<Arc<ClientEntry>, Refusal> {
        let clients = &self.registry.clients;
        clients
            .get(name)
            .or_else(|| clients.named(name))
            .ok_or_else(|| Refusal::new(Reason::NotFound, "there is no client of this id or name"))
    }

    /// Registers a client for the APIs named by id or audience; with a secret at once, where it authenticates with one.
    ///
    /// # Errors
    /// [`Failure`]; nothing is registered then.
    pub async fn create_client(
        &self,
        request: &CreateClient,
        apis: &[String],
        by: &Administrator,
        moment: &Moment,
    ) -> Result<(Client, Option<CreatedSecret>), Failure> {
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let outcome = self.decide_client(reading, request, apis, by, moment)?;
                Ok(outcome.remembering(moment, |(client, _)| client.id.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| {
            let entry = self.registry.clients.get(&made.made).ok_or_else(gone)?;
            by.check_gives_client(&entry.client.record)?;
            let client = entry.client.record.clone();
            let secret = match client.authentication {
                AuthenticationMethod::PrivateKeyJwt | AuthenticationMethod::None => None,
                _ => Some(self.secret_once_more(&entry, &made)?),
            };
            Ok((client, secret))
        };
        let made = self.once(moment, make, again).await?;
        self.prepare_sign_in(&made.0, by).await?;
        Ok(made)
    }

    fn decide_client(
        &self,
        reading: &Reading<'_>,
        request: &CreateClient,
        apis: &[String],
        by: &Administrator,
        moment: &mut Moment,
    ) -> Result<Outcome<(Client, Option<CreatedSecret>)>, Failure> {
        let apis = self.named_apis(reading, apis)?;
        let records: Vec<&Api> = apis.iter().map(|api| &api.record).collect();
        self.rely_on_owner(reading, request.owner.as_ref())?;
        let mut outcome = create(request, &records, by, moment);
        outcome.verdict.iter().try_for_each(|client| by.check_gives_client(client))?;
        let mut created = None;
        if let Ok(client) = &outcome.verdict
            && !matches!(client.authentication, AuthenticationMethod::PrivateKeyJwt | AuthenticationMethod::None)
        {
            let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
            let secret = secret::create(client, &[], CreateSecret::default(), &policies, (&self.prefix, &root_keys), by, moment);
            created = Some(secret.verdict?);
            outcome.commit.writes.extend(secret.commit.writes);
            outcome.commit.events.extend(secret.commit.events);
        }
        Ok(Outcome { verdict: outcome.verdict.map(|client| (client, created)), commit: outcome.commit })
    }

    /// Who answers for a client must be there when that is written.
    fn rely_on_owner(&self, reading: &Reading<'_>, owner: Option<&Owner>) -> Result<(), Refusal> {
        match owner {
            Some(Owner::Person(id)) => {
                let person = self.find_user(id.as_str())?;
                reading.rely_on_person(&person);
            }
            Some(Owner::Group(id)) => {
                let group = self.find_group(id.as_str())?;
                reading.rely_on_group(&group);
            }
            Some(Owner::Client(_) | Owner::External(_)) | None => {}
        }
        Ok(())
    }

    /// The secret that a request made, as it was told then.
    fn secret_once_more(&self, entry: &ClientEntry, made: &Remembered) -> Result<CreatedSecret, Failure> {
        let root_keys = self.registry.root_keys();
        let mut secrets = entry.secrets.iter().map(|secret| &secret.record);
        let found = secrets.find_map(|secret| {
            let clear = secret::once_more(secret, &made.salt, self.prefix, &root_keys)?;
            Some(CreatedSecret { secret: secret.clone(), clear })
        });
        found.ok_or_else(gone)
    }

    /// Changes a client; `apis`, where given, are all it may ask for from now on.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_client(
        &self,
        name: &str,
        request: &UpdateClient,
        apis: Option<&[String]>,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Client, Failure> {
        let nobody = Arc::from("");
        let updated = self.transact(moment, &nobody, |reading, moment| {
            let entry = self.find_client(name)?;
            reading.rely_on_client(&entry);
            if apis.is_none() && *request == UpdateClient::default() {
                // Who asks for nothing changes nothing: what an API that is gone has left behind stays until a change.
                return Ok(Outcome::grant(entry.client.record.clone(), Commit::new(moment)));
            }
            let names: Vec<String> = match apis {
                Some(names) => names.to_vec(),
                None => {
                    entry.client.record.apis.iter().filter(|id| self.registry.api(id.as_str()).is_some()).map(ToString::to_string).collect()
                }
            };
            let apis = self.named_apis(reading, &names)?;
            let records: Vec<&Api> = apis.iter().map(|api| &api.record).collect();
            // Its key set may be another from then on: also what it keeps is given.
            by.check_gives_client(&entry.client.record)?;
            self.rely_on_owner(reading, request.owner.as_ref().and_then(Option::as_ref))?;
            let outcome = update(&entry.client.record, request, &records, by, moment);
            outcome.verdict.iter().try_for_each(|client| by.check_gives_client(client))?;
            Ok(outcome)
        });
        let updated = updated.await?;
        self.prepare_sign_in(&updated, by).await?;
        Ok(updated)
    }

    /// Removes a client with its secrets; its tokens die with it.
    ///
    /// # Errors
    /// [`Failure`]; nothing is removed then.
    pub async fn delete_client(&self, name: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let entry = self.find_client(name)?;
            reading.rely_on_client(&entry);
            let latest = self.registry.latest_cut_off(CutOffSubject::Client, entry.client.record.id.as_str());
            let mut outcome = delete(&entry.client.record, &secrets_of(&entry), latest, actor, moment);
            outcome.commit = forget(outcome.commit, &self.registry.policies(), &Subject::Client(entry.client.record.id.clone()));
            Ok(outcome)
        })
        .await
    }

    /// Makes another secret for a client.
    ///
    /// # Errors
    /// [`Failure`]; there is none then.
    pub async fn create_client_secret(
        &self,
        name: &str,
        request: CreateSecret,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<CreatedSecret, Failure> {
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let entry = self.find_client(name)?;
                // Its row is put again, so that of two secrets made at once the second sees the first.
                reading.rely_on_client(&entry);
                reading.rely_on_secrets(&entry);
                let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
                let (client, secrets) = (&entry.client.record, secrets_of(&entry));
                by.check_gives_client(client)?;
                let mut outcome = secret::create(client, &secrets, request, &policies, (&self.prefix, &root_keys), by, moment);
                if outcome.verdict.is_ok() {
                    outcome.commit = outcome.commit.put(&jeton_core::client::TABLE, client.row());
                }
                Ok(outcome.remembering(moment, |created| created.secret.client.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| {
            let entry = self.registry.clients.get(&made.made).ok_or_else(gone)?;
            by.check_gives_client(&entry.client.record)?;
            self.secret_once_more(&entry, &made)
        };
        self.once(moment, make, again).await
    }

    /// Ends a secret of a client at once.
    ///
    /// # Errors
    /// [`Failure`]; it is not ended then.
    pub async fn revoke_client_secret(
        &self,
        named: (&str, &str),
        why: impl Into<Because>,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<(), Failure> {
        let why = why.into();
        self.change_client_secret(named, moment, |_, secret, moment| Ok(change::revoke(secret, why.clone(), actor, moment))).await
    }

    /// Refuses a secret of a client until it is resumed.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to be suspended then.
    pub async fn suspend_client_secret(
        &self,
        named: (&str, &str),
        why: impl Into<Because>,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<(), Failure> {
        let why = why.into();
        self.change_client_secret(named, moment, |_, secret, moment| {
            Ok(change::suspend(secret, &self.registry.policies(), self.secret_used(secret), (why.clone(), actor), moment))
        })
        .await
    }

    /// Accepts a suspended secret of a client again.
    ///
    /// # Errors
    /// [`Failure`]; it stays suspended then.
    pub async fn resume_client_secret(&self, named: (&str, &str), by: &Administrator, moment: &Moment) -> Result<(), Failure> {
        self.change_client_secret(named, moment, |client, secret, moment| {
            by.check_gives_client(client)?;
            Ok(change::resume(secret, &self.registry.policies(), self.secret_used(secret), by, moment))
        })
        .await
    }

    async fn change_client_secret(
        &self,
        (client, secret): (&str, &str),
        moment: &Moment,
        decide: impl Fn(&Client, &ClientSecret, &mut Moment) -> Result<Outcome<()>, Refusal>,
    ) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let entry = self.find_client(client)?;
            reading.rely_on_secrets(&entry);
            let found = entry.secrets.iter().find(|candidate| candidate.record.id.as_str() == secret);
            let found = found.ok_or_else(|| Refusal::new(Reason::NotFound, "this client has no secret of that id"))?;
            Ok(decide(&entry.client.record, &found.record, moment)?)
        })
        .await
    }

    fn named_apis(&self, reading: &Reading<'_>, names: &[String]) -> Result<Vec<Arc<Versioned<Api>>>, Refusal> {
        let mut apis: Vec<Arc<Versioned<Api>>> = vec![];
        for name in names {
            let api = self.find_api(name)?;
            reading.rely_on_api(&api);
            if !apis.iter().any(|known| known.record.id == api.record.id) {
                apis.push(api);
            }
        }
        Ok(apis)
    }
}

fn secrets_of(entry: &ClientEntry) -> Vec<ClientSecret> {
    entry.secrets.iter().map(|secret| secret.record.clone()).collect()
}
