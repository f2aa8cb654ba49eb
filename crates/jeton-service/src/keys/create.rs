//! Making a key.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api_key::create::{CreateKey, CreatedKey, create};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::permission::Permission;

use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Makes a key for an API, named by id or audience; `client`, by id or name, is who hands it out to somebody outside.
    ///
    /// # Errors
    /// [`Failure`]; there is none then.
    pub async fn create_key(
        &self,
        request: &CreateKey,
        (api, client): (&str, Option<&str>),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<CreatedKey, Failure> {
        // It is the same exception as one for a key that is there.
        if request.exception.is_some() {
            by.check_has(Permission::PoliciesWrite)?;
        }
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let api = self.find_api(api)?;
                let client = client.map(|client| self.find_client(client)).transpose()?.map(|entry| entry.client.record.id.clone());
                let around = self.around_key(reading, api, &request.owner, client.as_ref());
                let outcome = create(&self.facts(&around), request, by, moment);
                if let Ok(created) = &outcome.verdict {
                    by.check_gives_key(&created.key)?;
                }
                Ok(outcome.remembering(moment, |created| created.key.id.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| {
            let (key, clear) = self.key_once_more(&made, by).await?;
            let exception = self.registry.policies().exception_of(key.kind.credential_kind(), &key.id.to_string()).cloned();
            Ok(CreatedKey { key, clear, exception: exception.map(|exception| exception.record) })
        };
        self.once(moment, make, again).await
    }
}
