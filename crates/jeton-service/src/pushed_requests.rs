//! Authorization requests that clients hand in first (RFC 9126): kept for a while, and good for one beginning.

use std::sync::Arc;

use jeton_core::authorize::pushed::{self, Pushed, RequestUri};
use jeton_core::commit::Commit;
use jeton_core::moment::Moment;
use jeton_core::record::{Key, Value};
use jeton_core::sender::Sender;
use jeton_core::throttle::{Kind, Wait};
use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::{ErrorCode, ErrorResponse};
use jeton_store::store::{CommitError, Fault, FaultKind, Taken};

use crate::authorizations::{Destination, NoPlace, Unauthorized};
use crate::beside::beside;
use crate::failure::Failure;
use crate::identify::Identified;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::failure;

impl Service {
    /// Counts a request of a client that nobody can tell from others: of those with a proof it is known whose they are.
    ///
    /// # Errors
    /// [`Wait`]: too many came from there.
    pub fn take_request(&self, client: &Identified, sender: &Sender, now: i64) -> Result<(), Wait> {
        if matches!(client, Identified::Proven(_)) {
            return Ok(());
        }
        let network = sender.network.as_deref().unwrap_or_default().as_bytes();
        // Also one that is refused was looked at.
        self.take_try(&[self.bucket(Kind::RequestFrom, network, b"")], now).map(drop)
    }

    /// Keeps what a client handed in, written as a form, once it is what the client may ask.
    ///
    /// # Errors
    /// [`Unauthorized`]: as the application would be told at the authorization endpoint, and where nothing could be told it.
    pub async fn push(&self, client: &Identified, request: &str, moment: &Moment) -> Result<RequestUri, Unauthorized> {
        let mut moments = moment.clone();
        if let Err(refused) = self.check_pushed(request, &moments.split()).await {
            return Err(self.spend_proof_of_refused(client, refused, &moments.split()).await);
        }
        let moment = moments.split();
        let kept = self.transact(&moment, &client.record().id.0, |reading, moment| {
            let entry = self.still_identified(client, reading, moment.now.seconds())?;
            let mut outcome = pushed::push(&entry.client.record, request, &self.registry.policies(), moment);
            outcome.commit.marks.extend(client.mark().cloned());
            Ok(outcome)
        });
        Ok(kept.await?)
    }

    /// Whether it may be asked at all: as if nobody were signed in, since whoever they are, they will be asked.
    async fn check_pushed(&self, request: &str, moment: &Moment) -> Result<(), Unauthorized> {
        let form = AuthorizationForm::parse(request.as_bytes()).map_err(|error| ErrorResponse::invalid_request(error.to_string()))?;
        let (_, redirect_uri) = self.authorization_target(&form).map_err(no_place)?;
        let anybody = jeton_oauth::AuthorizationRequest { prompt: Default::default(), ..form.request()? };
        self.authorize(&anybody, Destination::Address(&redirect_uri), moment.now.seconds(), None, None, moment).await.map(drop)
    }

    /// The request that a `request_uri` stands for, which is spent with it; `None`: it is another client's, was used, is over, or was none.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be known now.
    pub async fn spend_pushed(&self, client: &str, request_uri: &str, moment: &Moment) -> Result<Option<Arc<str>>, Failure> {
        let Some(key) = pushed::key_of(request_uri) else { return Ok(None) };
        let store = self.store.clone();
        let row = beside(move || store.view()?.get(&pushed::TABLE, &Key::from([Value::Hash(key)]))).await;
        let Some(row) = row.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))? else { return Ok(None) };
        let pushed = Pushed::from_row(&row.record).map_err(damaged)?;
        if !pushed.is_good_for(client, self.registry.marks_known_from(), moment.now.seconds()) {
            return Ok(None);
        }
        let mut commit = Commit::new(&mut moment.clone().split());
        commit.marks.push(pushed.mark());
        match self.commit(commit, &pushed.client.0).await {
            Ok(_) => Ok(Some(pushed.request)),
            Err(CommitError::Taken(Taken::Mark)) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }
}

fn no_place(no_place: NoPlace) -> ErrorResponse {
    use jeton_core::authorize::target::NoTarget;
    match no_place {
        NoPlace::UnknownClient => ErrorResponse::new(ErrorCode::InvalidClient, "the client is gone"),
        NoPlace::Target(NoTarget::NotOffered) => {
            ErrorResponse::new(ErrorCode::UnauthorizedClient, "people do not sign in to this client: it lacks the grant authorization_code")
        }
        NoPlace::Target(NoTarget::Unsaid) => {
            ErrorResponse::invalid_request("the parameter redirect_uri is missing: this client has several")
        }
        NoPlace::Target(NoTarget::Unregistered) => ErrorResponse::invalid_request("the redirect_uri is not registered for this client"),
    }
}
