//! Making a key.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api_key::create::{CreateKey, CreatedKey, create};
use jeton_core::moment::Moment;

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
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let api = self.find_api(api)?;
            let client = client.map(|client| self.find_client(client)).transpose()?.map(|entry| entry.client.record.id.clone());
            let around = self.around_key(reading, api, &request.owner, client.as_ref());
            let outcome = create(&self.facts(&around), request, by, moment);
            if let Ok(created) = &outcome.verdict {
                by.check_gives_key(&created.key)?;
            }
            Ok(outcome)
        })
        .await
    }
}
