//! Who a request comes from where a client need not prove it: at the token and revocation endpoints, and nowhere else (RFC 6749 section
//! 3.2.1). What a public client presents proves what it may, not its name.

use std::sync::Arc;

use jeton_core::client::Client;
use jeton_core::commit::Mark;
use jeton_core::moment::Moment;
use jeton_core::refusal::{Reason, Refusal};
use jeton_oauth::ClientAuthentication;
use jeton_verify::negatives::Subject;

use crate::authenticate::Authenticated;
use crate::authorizations::Unauthorized;
use crate::failure::Failure;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::Reading;
use crate::usage::marks::Marks;

/// A client, as far as it is known to be one.
pub enum Identified {
    /// It proved who it is.
    Proven(Authenticated),
    /// It named itself, and has nothing to prove it with.
    Public(Arc<ClientEntry>),
}

impl From<Authenticated> for Identified {
    fn from(client: Authenticated) -> Identified {
        Identified::Proven(client)
    }
}

impl Identified {
    /// The client, as it was when it asked.
    #[must_use]
    pub fn record(&self) -> &Client {
        &self.entry().client.record
    }

    /// The same with what proves it.
    #[must_use]
    pub fn entry(&self) -> &Arc<ClientEntry> {
        match self {
            Identified::Proven(client) => &client.entry,
            Identified::Public(entry) => entry,
        }
    }

    /// What must be written for its proof to count.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        match self {
            Identified::Proven(client) => client.mark.as_ref(),
            Identified::Public(_) => None,
        }
    }
}

impl Service {
    /// Authenticates a client, or takes a public one at its word. What is seen of the request is noted of whoever proves itself.
    ///
    /// # Errors
    /// `invalid_client`, the same for an unknown client and for one that has to prove itself.
    pub fn identify(&self, presented: &ClientAuthentication, marks: &Marks<'_>, moment: &Moment) -> Result<Identified, Refusal> {
        let ClientAuthentication::None { client_id } = presented else {
            return self.authenticate(presented, marks, moment).map(Identified::Proven);
        };
        let entry = self.registry.clients.get(client_id).filter(|entry| entry.client.record.is_public()).ok_or_else(unknown)?;
        if self.registry.negatives.is_subject_suspended(Subject::Client, entry.client.record.id.as_str()) {
            return Err(Refusal::new(Reason::InvalidClient, "this client is suspended: nothing of it counts until it is resumed"));
        }
        Ok(Identified::Public(entry))
    }

    /// The client as it is now, if it would still be taken for itself.
    pub(crate) fn still_identified(
        &self,
        client: &Identified,
        reading: &Reading<'_>,
        now_seconds: i64,
    ) -> Result<Arc<ClientEntry>, Refusal> {
        match client {
            Identified::Proven(client) => self.still(client, reading, now_seconds),
            Identified::Public(before) => {
                let entry = self.registry.clients.get(before.client.record.id.as_str());
                let entry = entry.filter(|entry| entry.client.record.is_public()).ok_or_else(unknown)?;
                reading.rely_on_client(&entry);
                Ok(entry)
            }
        }
    }

    /// Spends the proof of a client whose request changes nothing else.
    ///
    /// # Errors
    /// [`Failure`]; an assertion that was used before is refused.
    pub(crate) async fn spend_proof(&self, client: &Identified, moment: &Moment) -> Result<(), Failure> {
        match client {
            Identified::Proven(client) => self.spend(client, moment).await,
            Identified::Public(_) => Ok(()),
        }
    }
}

impl Service {
    /// The same for a request that is refused before anything of it is written; what cannot be decided now spends nothing.
    pub(crate) async fn spend_proof_of_refused(&self, client: &Identified, refused: Unauthorized, moment: &Moment) -> Unauthorized {
        match refused {
            Unauthorized::Denied(_) | Unauthorized::Failed(Failure::Refused(_)) => match self.spend_proof(client, moment).await {
                Ok(()) => refused,
                Err(failure) => failure.into(),
            },
            Unauthorized::Failed(_) => refused,
        }
    }
}

fn unknown() -> Refusal {
    Refusal::new(Reason::InvalidClient, "the client is unknown, or has to prove who it is")
}
