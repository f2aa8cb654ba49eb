//! Devices without a browser (RFC 8628): they ask, somebody says yes or no elsewhere, and they come for the answer.

use jeton_core::authorize::device::{self, Begun, DeviceRequest};
use jeton_core::client::GrantType;
use jeton_core::grant::code::{self, Sent};
use jeton_core::id::GrantId;
use jeton_core::moment::Moment;
use jeton_core::record::Value;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::token::text;
use jeton_oauth::authorization::{AuthorizationRequest, Prompt, ResponseMode};
use jeton_oauth::device::{DeviceAuthorizationRequest, UserCode};
use jeton_oauth::token::{AuthorizationCodeRequest, DeviceCodeRequest};
use jeton_store::store::{Fault, FaultKind};
use jeton_token::{Kind, Token};

use super::{GrantedTokens, check_registered};
use crate::authorizations::{Destination, Unauthorized};
use crate::beside::beside;
use crate::failure::Failure;
use crate::identify::Identified;
use crate::keys::read::damaged;
use crate::service::Service;

/// What a device is told that comes for an answer (RFC 8628 section 3.5).
pub enum Answered {
    /// Somebody said yes.
    Granted(Box<GrantedTokens>),
    /// Nobody said anything yet.
    Pending,
    /// The same, and it came too early.
    TooEarly,
    /// Nobody said yes in time.
    Expired,
    /// Somebody said no.
    Denied,
}

impl Service {
    /// Keeps what a device asks for, once it is what its client may ask.
    ///
    /// # Errors
    /// [`Unauthorized`].
    pub async fn begin_device(
        &self,
        client: &Identified,
        asked: &DeviceAuthorizationRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Begun, Unauthorized> {
        let mut moments = moment.clone();
        if let Err(refused) = self.check_device(client, asked, &moments.split()).await {
            return Err(self.spend_proof_of_refused(client, refused, &moments.split()).await);
        }
        let moment = moments.split();
        let begun = self.transact(&moment, &client.record().id.0, |reading, moment| {
            let entry = self.still_identified(client, reading, moment.now.seconds())?;
            let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
            let mut outcome = device::begin(&entry.client.record, asked, sender, &policies, (&self.prefix, &root_keys), moment);
            outcome.commit.marks.extend(client.mark().cloned());
            Ok(outcome)
        });
        Ok(begun.await?)
    }

    /// Whether it may be asked at all.
    async fn check_device(&self, client: &Identified, asked: &DeviceAuthorizationRequest, moment: &Moment) -> Result<(), Unauthorized> {
        check_registered(client.record(), GrantType::DeviceCode)?;
        let request = request_of(client.record().id.as_str(), asked);
        self.authorize(&request, Destination::Device(None), moment.now.seconds(), None, None, moment).await.map(drop)
    }

    /// What a device asks for that shows this code; `None`: none does, or it was answered, or is over.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be known now.
    pub async fn device_of(&self, user_code: &UserCode, moment: &Moment) -> Result<Option<DeviceRequest>, Failure> {
        let keys: Vec<_> = device::keys_of(user_code, &self.registry.root_keys()).collect();
        let store = self.store.clone();
        let found = beside(move || {
            let view = store.view()?;
            for key in keys {
                if let Some(row) = view.get(&device::USER_CODE, &key)? {
                    return Ok(Some(row));
                }
            }
            Ok(None)
        });
        let found = found.await.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let Some(row) = found else { return Ok(None) };
        let id = device::named_by(&row.record).map_err(damaged)?;
        let Some(request) = self.device_request(id).await? else { return Ok(None) };
        let is_answered = self.fetch(&code::TABLE, Value::Id(id.0)).await?.is_some();
        let is_open = request.is_open(self.registry.marks_known_from(), moment.now.seconds());
        Ok((is_open && !is_answered).then_some(request))
    }

    /// Somebody says no to a device.
    ///
    /// # Errors
    /// [`Failure`]; `Conflict` where it was answered already.
    pub async fn deny_device(&self, request: &DeviceRequest, session: &Session, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &request.client.0, |_, moment| Ok(device::deny(request, session, moment))).await
    }

    /// What became of what a device asked for (RFC 8628 section 3.4). What it is given is given once: a code that comes again ends it.
    ///
    /// # Errors
    /// [`Failure`]; nothing is issued then.
    pub async fn answer_device(
        &self,
        client: &Identified,
        request: &DeviceCodeRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Answered, Failure> {
        check_registered(client.record(), GrantType::DeviceCode)?;
        let Some(presented) = self.made_here(request.device_code.expose(), Kind::DeviceCode) else {
            return self.unanswered(client, Err(of_no_use()), moment).await;
        };
        let text = request.device_code.expose();
        match self.code_of(text, Kind::DeviceCode).await? {
            // Whoever else tries a code learns nothing of it.
            Some(code) if code.client != client.record().id => self.unanswered(client, Err(of_no_use()), moment).await,
            Some(code) if code.sent == Sent::Denied => self.unanswered(client, Ok(Answered::Denied), moment).await,
            Some(code) => {
                self.device_polls.forget(code.id);
                let id = code.id;
                let spent = AuthorizationCodeRequest {
                    code: request.device_code.clone(),
                    redirect_uri: None,
                    verifier: None,
                    resources: request.resources.clone(),
                };
                if moment.now.seconds() >= code.expires_at && self.grant(id).await?.is_none() {
                    return self.unanswered(client, Ok(Answered::Expired), moment).await;
                }
                let granted = Box::pin(self.redeem(client, code, &spent, sender, moment)).await;
                self.count_granted(client, &granted, None, moment);
                granted.map(|granted| Answered::Granted(Box::new(granted)))
            }
            None => {
                let waits = self.waiting(client, &presented, text, moment).await?;
                self.unanswered(client, waits, moment).await
            }
        }
    }

    /// How it stands with a device that nobody answered.
    async fn waiting(
        &self,
        client: &Identified,
        presented: &Token,
        text: &str,
        moment: &Moment,
    ) -> Result<Result<Answered, Refusal>, Failure> {
        let (id, now) = (GrantId(presented.id().to_bytes()), moment.now.seconds());
        // It was made here and has left with its time.
        let Some(request) = self.device_request(id).await? else { return Ok(Ok(Answered::Expired)) };
        if request.client != client.record().id || !text::is(text, &request.proof, &self.registry.root_keys()) {
            return Ok(Err(of_no_use()));
        }
        Ok(Ok(match () {
            () if !request.is_open(self.registry.marks_known_from(), now) => Answered::Expired,
            () if self.device_polls.is_too_early(id, now) => Answered::TooEarly,
            () => Answered::Pending,
        }))
    }

    /// Nothing is given: the proof of who asks is spent all the same.
    async fn unanswered(&self, client: &Identified, said: Result<Answered, Refusal>, moment: &Moment) -> Result<Answered, Failure> {
        self.spend_proof(client, moment).await?;
        Ok(said?)
    }

    async fn device_request(&self, id: GrantId) -> Result<Option<DeviceRequest>, Failure> {
        let Some(row) = self.fetch(&device::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        DeviceRequest::from_row(&row.record).map(Some).map_err(damaged)
    }
}

/// What a device asks, as an application would: somebody is always asked, whatever they said before, since whoever sent them the code may have
/// begun it.
#[must_use]
pub fn request_of<'r>(client: &'r str, asked: &DeviceAuthorizationRequest) -> AuthorizationRequest<'r> {
    AuthorizationRequest {
        client_id: client,
        redirect_uri: None,
        response_mode: ResponseMode::Query,
        scope: asked.scope.clone(),
        state: None,
        nonce: None,
        prompt: Prompt { consent: true, ..Prompt::default() },
        max_age_seconds: None,
        acr_values: Vec::new(),
        login_hint: None,
        ui_locales: Vec::new(),
        resources: asked.resources.clone(),
        challenge: None,
    }
}

fn of_no_use() -> Refusal {
    Refusal::new(Reason::InvalidGrant, "the device code is unknown, or another client's")
}
