//! Exchanging a code.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::GrantType;
use jeton_core::grant::Grant;
use jeton_core::grant::code::AuthorizationCode;
use jeton_core::grant::exchange::{Exchange, Exchanged, Facts, exchange, too_many};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_oauth::token::AuthorizationCodeRequest;
use jeton_token::Kind;

use super::read::OF_PAIR_MAX;
use super::surroundings::Between;
use super::{GrantedTokens, check_registered};
use crate::failure::Failure;
use crate::identify::Identified;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

/// What was read for one attempt.
struct Read {
    code: AuthorizationCode,
    earlier: Option<Versioned<Grant>>,
    session: Option<Versioned<Session>>,
    over_the_cap: Vec<Versioned<Grant>>,
}

/// What was decided, and for which API.
type Decided = (Outcome<Exchanged>, Option<Arc<Versioned<Api>>>);

impl Service {
    /// Exchanges a code for tokens (RFC 6749 section 4.1.3), once.
    ///
    /// # Errors
    /// [`Failure`]; nothing is issued then.
    pub async fn exchange(
        &self,
        client: &Identified,
        request: &AuthorizationCodeRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<GrantedTokens, Failure> {
        let exchanged = self.exchange_uncounted(client, request, sender, moment).await;
        self.count_granted(client, &exchanged, None, moment);
        exchanged
    }

    async fn exchange_uncounted(
        &self,
        client: &Identified,
        request: &AuthorizationCodeRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<GrantedTokens, Failure> {
        check_registered(client.record(), GrantType::AuthorizationCode)?;
        let Some(code) = self.code_of(request.code.expose(), Kind::AuthorizationCode).await? else {
            self.spend_proof(client, moment).await?;
            return Err(Refusal::new(Reason::InvalidGrant, "the code is unknown, was used, or has expired").into());
        };
        self.redeem(client, code, request, sender, moment).await
    }

    /// Gives what a code stands for, once.
    pub(super) async fn redeem(
        &self,
        client: &Identified,
        code: AuthorizationCode,
        request: &AuthorizationCodeRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<GrantedTokens, Failure> {
        self.check_not_fenced(code.id.issued_at())?;
        let nonce = code.nonce.clone();
        let (exchanged, api) = self.exchange_once(client, code, request, sender, moment).await?;
        let Exchanged { issued, refresh, grant } = exchanged;
        if self.is_overtaken(&issued.token, &Between::of(&grant), &api.record) {
            // Its code is used: the person comes again.
            self.end_grant(grant.id, &jeton_core::id::Actor::system(), &moment.clone().split()).await?;
            return Err(Refusal::new(Reason::InvalidGrant, "the code is unknown, was used, or has expired").into());
        }
        let access_token = match issued.clear {
            Some(clear) => clear.0.into(),
            None => self.sign(&issued.token, &api.record, Some(&grant.proof))?,
        };
        Ok(GrantedTokens {
            access_token,
            expires_in_seconds: issued.expires_in_seconds,
            scope: issued.token.scope.clone(),
            token: issued.token,
            refresh_token: refresh.map(|clear| clear.0.into()),
            grant,
            nonce,
        })
    }

    async fn exchange_once(
        &self,
        client: &Identified,
        code: AuthorizationCode,
        request: &AuthorizationCodeRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<(Exchanged, Arc<Versioned<Api>>), Failure> {
        let mut read = Read { code, earlier: None, session: None, over_the_cap: vec![] };
        for _ in 0..ATTEMPTS {
            read = self.read_for_exchange(read.code, moment).await?;
            let mut asked = None;
            let attempt = self.attempt(moment, &client.record().id.0, |reading, moment| {
                let (mut outcome, api) = self.decide_exchange(client, &read, request, sender, reading, moment)?;
                outcome.commit.marks.extend(client.mark().cloned());
                asked = api;
                Ok(outcome)
            });
            if let (Some(exchanged), Some(api)) = (attempt.await?, asked) {
                return Ok((exchanged, api));
            }
        }
        Err(Failure::Contended)
    }

    async fn read_for_exchange(&self, code: AuthorizationCode, moment: &Moment) -> Result<Read, Failure> {
        let earlier = self.grant(code.id).await?;
        let session = self.session_row(code.session).await?;
        let of_pair = self.grants_of(&code.person, Some(&code.client), OF_PAIR_MAX).await?;
        let over_the_cap = self.grants_named(&too_many(&of_pair, self.ledger_time(moment).seconds())).await?;
        Ok(Read { code, earlier, session, over_the_cap })
    }

    fn decide_exchange(
        &self,
        client: &Identified,
        read: &Read,
        request: &AuthorizationCodeRequest,
        sender: &Sender,
        reading: &Reading<'_>,
        moment: &mut Moment,
    ) -> Result<Decided, Failure> {
        let code = &read.code;
        let entry = self.still_identified(client, reading, moment.now.seconds())?;
        reading.rely_on_grant(code.id, read.earlier.as_ref().map(|earlier| earlier.version));
        reading.rely_on_session(code.session, read.session.as_ref().map(|session| session.version));
        read.over_the_cap.iter().for_each(|grant| reading.rely_on_grant(grant.record.id, Some(grant.version)));
        let api = self.api_asked_for(&request.resources, &code.api)?;
        if let Some(api) = &api {
            reading.rely_on_api(api);
        }
        let api_record = api.as_ref().map(|api| &api.record);
        let person = self.registry.people.all.get(code.person.as_str());
        if let Some(person) = &person {
            reading.rely_on_person(person);
        }
        let between = Between { person: &code.person, client: &code.client, session: Some(code.session), family: Some(code.id) };
        if entry.client.record.id == code.client {
            self.check_not_suspended(&between, api_record)?;
        }
        let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
        let over_the_cap: Vec<Grant> = read.over_the_cap.iter().map(|grant| grant.record.clone()).collect();
        let not_before_seconds = self.not_before(&between, api_record);
        let facts = Facts {
            code,
            earlier: read.earlier.as_ref().map(|earlier| &earlier.record),
            session: read.session.as_ref().map(|session| &session.record),
            over_the_cap: &over_the_cap,
            client: &entry.client.record,
            api: api_record,
            is_person_active: person.as_ref().is_some_and(|person| person.record.is_active()),
            rights: &self.rights_at(&code.person, api_record),
            ended_before_seconds: self.ended_before(&between),
            policies: &policies,
            not_before_seconds,
            known_from_seconds: self.registry.marks_known_from(),
            prefix: &self.prefix,
            root_keys: &root_keys,
        };
        let asked = Exchange { redirect_uri: request.redirect_uri.as_deref(), verifier: request.verifier.as_ref(), sender };
        let outcome = exchange(&facts, &asked, moment);
        // Only what is issued waits for a cut-off that lies ahead.
        if outcome.verdict.is_ok() {
            self.check_issuable(not_before_seconds, moment)?;
        }
        Ok((outcome, api))
    }
}
