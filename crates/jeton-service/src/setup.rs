//! The first start of a data folder: who it belongs to, and its first keys.

use std::fmt;
use std::sync::Arc;

use jeton_core::api::management;
use jeton_core::checkpoint::{self, SignedCheckpoint};
use jeton_core::commit::Commit;
use jeton_core::deployment::{self, Deployment};
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::permission::BuiltIn;
use jeton_core::role::Role;
use jeton_jose::Algorithm;

use crate::failure::Failure;
use crate::ownership::{NotOwned, Owner};
use crate::service::Service;

/// Why a data folder cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// It is another's.
    NotOwned(NotOwned),
    /// It could not be read or written.
    Failed(Failure),
}

impl fmt::Display for SetupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::NotOwned(why) => why.fmt(formatter),
            SetupError::Failed(failure) => failure.fmt(formatter),
        }
    }
}

impl std::error::Error for SetupError {}

impl<F: Into<Failure>> From<F> for SetupError {
    fn from(failure: F) -> SetupError {
        SetupError::Failed(failure.into())
    }
}

impl Service {
    /// Claims an empty data folder for this issuer, or checks that it is this issuer's.
    ///
    /// # Errors
    /// [`SetupError`]; nothing is served then.
    pub async fn set_up(&self, moment: &Moment) -> Result<(), SetupError> {
        // Several commits: each with chance of its own, or two keys would be sealed under one nonce.
        let mut moments = moment.clone();
        let known = self.stored(&deployment::TABLE, deployment::KEY)?;
        if let Some(row) = known {
            let root_keys = self.registry.root_keys();
            let owner = Owner { issuer: &self.issuer, prefix: self.prefix, root_keys: &root_keys };
            owner.check_deployment(&row).map_err(SetupError::NotOwned)?;
        } else {
            let deployment = Deployment {
                issuer: Arc::from(self.issuer.as_str()),
                token_prefix: Arc::from(self.prefix.as_str()),
                created_at: moment.now.seconds(),
            };
            self.transact(&moments.split(), &Arc::from(""), |_, moment| {
                let event = Event::DeploymentCreated { actor: Actor::system(), issuer: deployment.issuer.clone() };
                let commit = Commit::new(moment).put(&deployment::TABLE, deployment.row()).tell(event);
                Ok(jeton_core::outcome::Outcome::grant((), commit))
            })
            .await?;
        }
        self.ensure_ledger_key(&Actor::system(), &moments.split()).await?;
        self.ensure_keys(Algorithm::Es256, &Actor::system(), &moments.split()).await?;
        self.keep_management_api(&moments.split()).await?;
        for entry in self.clients() {
            self.prepare_sign_in(&entry.client.record, &Actor::system()).await?;
        }
        if let Some(row) = self.stored(&checkpoint::TABLE, checkpoint::KEY)? {
            let signed =
                SignedCheckpoint::from_row(&row).map_err(|malformed| Failure::Fault(crate::registry::LoadError::from(malformed).into()))?;
            self.remember_checkpoint(signed)?;
        }
        Ok(())
    }

    /// The management API and the roles that are built in, as this program knows them.
    async fn keep_management_api(&self, moment: &Moment) -> Result<(), Failure> {
        let audience = management::audience(self.issuer.as_str());
        if self.registry.api_of_audience(&audience).is_some_and(|api| !api.record.is_management()) {
            tracing::error!(
                audience,
                "an API has the audience of the management API: remove it and start again, until then administrators have the socket alone"
            );
            return Ok(());
        }
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let api = self.registry.api(management::id().as_str());
            if let Some(api) = &api {
                reading.rely_on_api(api);
            }
            let ids = BuiltIn::ALL.map(management::role_id);
            let roles: Vec<_> = ids.iter().filter_map(|id| self.registry.people.roles.all.get(id.as_str())).collect();
            roles.iter().for_each(|role| reading.rely_on_role(role));
            let records: Vec<&Role> = roles.iter().map(|role| &role.record).collect();
            let policies = self.registry.policies();
            Ok(management::keep(self.issuer.as_str(), api.as_ref().map(|api| &api.record), &records, &policies, &Actor::system(), moment))
        })
        .await
    }

    fn stored(
        &self,
        table: &'static jeton_core::record::Table,
        key: jeton_core::record::Value,
    ) -> Result<Option<jeton_core::record::Row>, Failure> {
        Ok(self.store.view()?.get(table, &vec![key])?.map(|row| row.record))
    }
}
