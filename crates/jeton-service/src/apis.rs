//! APIs: declared, changed, removed, listed.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api::create::{CreateApi, create};
use jeton_core::api::delete::delete;
use jeton_core::api::management::check_changeable;
use jeton_core::api::update::{UpdateApi, update};
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::policy::rule::Subject;
use jeton_core::policy::set::forget;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_jose::Algorithm;

use crate::failure::Failure;
use crate::once::gone;
use crate::service::Service;

impl Service {
    /// Every API that was declared, by audience: all but the management API.
    #[must_use]
    pub fn apis(&self) -> Vec<Arc<Versioned<Api>>> {
        let mut apis = self.registry.apis();
        apis.retain(|api| !api.record.is_management());
        apis.sort_by(|one, other| one.record.audience.cmp(&other.record.audience));
        apis
    }

    /// An API by its id or its audience.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find_api(&self, name: &str) -> Result<Arc<Versioned<Api>>, Refusal> {
        let registry = &self.registry;
        registry
            .api(name)
            .or_else(|| registry.api_of_audience(name))
            .ok_or_else(|| Refusal::new(Reason::NotFound, "there is no API of this id or audience"))
    }

    /// Declares an API, with the keys that its tokens are signed with.
    ///
    /// # Errors
    /// [`Failure`]; nothing is declared then.
    pub async fn create_api(&self, request: &CreateApi, actor: &Actor, moment: &Moment) -> Result<Api, Failure> {
        let make = async |mut moment: Moment| {
            self.ensure_named_keys(request.signing_algorithm.as_deref(), actor, &moment.split()).await?;
            self.transact(&moment, &Arc::from(""), |_, moment| {
                let outcome = create(request, &self.registry.policies(), actor, moment);
                Ok(outcome.remembering(moment, |api| api.id.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| Ok(self.registry.api(&made.made).ok_or_else(gone)?.record.clone());
        self.once(moment, make, again).await
    }

    /// Changes an API.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_api(&self, name: &str, request: &UpdateApi, actor: &Actor, moment: &Moment) -> Result<Api, Failure> {
        let mut moment = moment.clone();
        self.ensure_named_keys(request.signing_algorithm.as_deref(), actor, &moment.split()).await?;
        self.transact(&moment, &Arc::from(""), |reading, moment| {
            let api = self.find_api(name)?;
            reading.rely_on_api(&api);
            check_changeable(&api.record)?;
            let latest = self.registry.latest_cut_off(CutOffSubject::Api, &api.record.audience);
            Ok(update(&api.record, request, &self.registry.policies(), latest, actor, moment))
        })
        .await
    }

    /// An API as a change would leave it. Nothing is written.
    ///
    /// # Errors
    /// As of [`update_api`](Self::update_api).
    pub fn plan_api(&self, name: &str, request: &UpdateApi, actor: &Actor, moment: &Moment) -> Result<Api, Refusal> {
        let api = self.find_api(name)?;
        check_changeable(&api.record)?;
        let latest = self.registry.latest_cut_off(CutOffSubject::Api, &api.record.audience);
        update(&api.record, request, &self.registry.policies(), latest, actor, &mut moment.clone()).verdict
    }

    /// Removes an API with its roles; its tokens die with it.
    ///
    /// # Errors
    /// [`Failure`]; nothing is removed then.
    pub async fn delete_api(&self, name: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let api = self.find_api(name)?;
            reading.rely_on_api(&api);
            check_changeable(&api.record)?;
            let latest = self.registry.latest_cut_off(CutOffSubject::Api, &api.record.audience);
            let mut outcome = delete(&api.record, latest, actor, moment);
            outcome.commit = forget(outcome.commit, &self.registry.policies(), &Subject::Api(api.record.id.clone()));
            outcome.commit = self.forget_roles(reading, outcome.commit, &api.record, actor);
            Ok(outcome)
        })
        .await
    }

    /// An unknown name is left to the decision, which says what is allowed.
    async fn ensure_named_keys(&self, name: Option<&str>, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        match name.and_then(Algorithm::from_name).filter(|algorithm| !algorithm.is_symmetric()) {
            Some(algorithm) => self.ensure_keys(algorithm, actor, moment).await,
            None => Ok(()),
        }
    }
}
