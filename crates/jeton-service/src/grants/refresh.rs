//! Refreshing.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::GrantType;
use jeton_core::grant::Grant;
use jeton_core::grant::refresh::{Facts, Refresh, Refreshed, needs_last, refresh};
use jeton_core::id::{CredentialId, GrantId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::sender::Sender;
use jeton_core::token::AccessToken;
use jeton_core::token::standing::Standing;
use jeton_core::usage;
use jeton_oauth::token::RefreshRequest;
use jeton_token::{Secret, Token};

use super::surroundings::Between;
use super::{GrantedTokens, check_registered};
use crate::failure::Failure;
use crate::identify::Identified;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading, failure};

/// What was read for one attempt.
struct Read {
    grant: Versioned<Grant>,
    /// The access token of the current generation, where one that was spent stands within its window.
    last: Option<AccessToken>,
}

/// What one attempt came to.
struct Answered {
    refreshed: Refreshed,
    grant: Grant,
    api: Arc<Versioned<Api>>,
}

/// How often a token is made anew that was overtaken.
const OVERTAKEN_MAX: usize = 4;

/// What was decided, and for which API.
type Decided = (Outcome<Refreshed>, Option<Arc<Versioned<Api>>>);

impl Service {
    /// Spends a refresh token, or answers as before (RFC 6749 section 6).
    ///
    /// # Errors
    /// [`Failure`]; the client keeps what it has, unless it is refused.
    pub async fn refresh(
        &self,
        client: &Identified,
        request: &RefreshRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<GrantedTokens, Failure> {
        let refreshed = self.refresh_uncounted(client, request, sender, moment).await;
        self.count_granted(client, &refreshed, request.scope.as_ref(), moment);
        refreshed
    }

    async fn refresh_uncounted(
        &self,
        client: &Identified,
        request: &RefreshRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<GrantedTokens, Failure> {
        check_registered(client.record(), GrantType::RefreshToken)?;
        let Some((id, presented)) = self.grant_named_by(request.refresh_token.expose()) else {
            self.spend_proof(client, moment).await?;
            return Err(of_no_use().into());
        };
        let mut moments = moment.clone();
        let mut is_proof_spent = false;
        for _ in 0..OVERTAKEN_MAX {
            let attempt = moments.split();
            let Answered { refreshed, grant, api } =
                self.refresh_once(client, is_proof_spent, (id, &presented), request, sender, &attempt).await?;
            is_proof_spent = true;
            if self.is_overtaken(&refreshed.issued.token, &Between::of(&grant), &api.record) {
                self.unissue(&refreshed.issued.token, &moments.split()).await?;
                continue;
            }
            let access_token = match refreshed.issued.clear {
                Some(clear) => clear.0.into(),
                None => self.sign(&refreshed.issued.token, &api.record, Some(&grant.proof))?,
            };
            return Ok(GrantedTokens {
                access_token,
                expires_in_seconds: refreshed.issued.expires_in_seconds,
                scope: refreshed.issued.token.scope.clone(),
                token: refreshed.issued.token,
                refresh_token: Some(Secret::from(refreshed.refresh.0)),
                grant,
                nonce: None,
            });
        }
        Err(Failure::Contended)
    }

    async fn refresh_once(
        &self,
        client: &Identified,
        is_proof_spent: bool,
        (id, presented): (GrantId, &Token),
        request: &RefreshRequest,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Answered, Failure> {
        for _ in 0..ATTEMPTS {
            let Some(read) = self.read_for_refresh(id, presented, moment).await? else {
                if !is_proof_spent {
                    self.spend_proof(client, moment).await?;
                }
                return Err(of_no_use().into());
            };
            let mut asked = None;
            let attempt = self.attempt(moment, &client.record().id.0, |reading, moment| {
                let (mut outcome, api) = self.decide_refresh(client, presented, &read, request, sender, reading, moment)?;
                outcome.commit.marks.extend(client.mark().filter(|_| !is_proof_spent).cloned());
                asked = api;
                Ok(outcome)
            });
            if let (Some(refreshed), Some(api)) = (attempt.await?, asked) {
                // What another request spent, which was told that it is not kept yet, is not handed out meanwhile.
                self.be_durable_by_now().await.map_err(failure)?;
                return Ok(Answered { refreshed, grant: read.grant.record, api });
            }
        }
        Err(Failure::Contended)
    }

    /// One row; and the access token's where its request may be repeated.
    async fn read_for_refresh(&self, id: GrantId, presented: &Token, moment: &Moment) -> Result<Option<Read>, Failure> {
        let Some(grant) = self.grant(id).await? else { return Ok(None) };
        let Some(family) = &grant.record.family else { return Ok(None) };
        let root_keys = self.registry.root_keys().clone();
        let Some(generation) = family.generation_of(id, presented, &root_keys) else { return Ok(None) };
        self.check_not_fenced(id.issued_at())?;
        let window_seconds = self.refresh_window_of(&grant.record);
        let last = if needs_last(family, generation, window_seconds, self.ledger_time(moment).seconds()) {
            self.standing_token(family.token, moment).await?
        } else {
            None
        };
        Ok(Some(Read { grant, last }))
    }

    /// An access token that is accepted now.
    async fn standing_token(&self, id: CredentialId, moment: &Moment) -> Result<Option<AccessToken>, Failure> {
        let found = self.find(id).await?;
        Ok(found.filter(|proven| self.stand(proven, moment).0 == Standing::Active).map(|proven| proven.token.clone()))
    }

    fn refresh_window_of(&self, grant: &Grant) -> i64 {
        self.registry.clients.get(grant.client.as_str()).map_or(0, |entry| entry.client.record.refresh_window())
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is known to the one who decides")]
    fn decide_refresh(
        &self,
        client: &Identified,
        presented: &Token,
        read: &Read,
        request: &RefreshRequest,
        sender: &Sender,
        reading: &Reading<'_>,
        moment: &mut Moment,
    ) -> Result<Decided, Failure> {
        let grant = &read.grant.record;
        let entry = self.still_identified(client, reading, moment.now.seconds())?;
        let record = &entry.client.record;
        let root_keys = self.registry.root_keys();
        let family = grant.family.as_ref().ok_or_else(of_no_use)?;
        let generation = family.generation_of(grant.id, presented, &root_keys).ok_or_else(of_no_use)?;
        reading.rely_on_grant(grant.id, Some(read.grant.version));
        let between = Between::of(grant);
        let api = self.api_asked_for(&request.resources, &grant.api)?;
        if let Some(api) = &api {
            reading.rely_on_api(api);
        }
        let api_record = api.as_ref().map(|api| &api.record);
        let person = self.registry.people.all.get(grant.person.as_str());
        if let Some(person) = &person {
            reading.rely_on_person(person);
        }
        // Whoever presents it is told of a suspension only where the token is theirs.
        if record.id == grant.client {
            self.check_not_suspended(&between, api_record)?;
        }
        let policies = self.registry.policies();
        let not_before_seconds = self.not_before(&between, api_record);
        let facts = Facts {
            grant,
            family,
            client: record,
            api: api_record,
            is_person_active: person.as_ref().is_some_and(|person| person.record.is_active()),
            rights: &self.rights_at(&grant.person, api_record),
            ended_before_seconds: self.ended_before(&between),
            api_ended_before_seconds: api_record.map_or(i64::MIN, |api| self.api_ended_before(api)),
            reauthenticated_at: self.registry.authenticated.at(&grant.person).unwrap_or(grant.proof.at),
            reauthentication_seconds: self.reauthentication_seconds(&grant.person),
            last: read.last.as_ref(),
            policies: &policies,
            window_seconds: record.refresh_window(),
            not_before_seconds,
            known_from_seconds: self.registry.marks_known_from(),
            prefix: &self.prefix,
            root_keys: &root_keys,
        };
        // Of a client that binds its tokens to a key there is none yet.
        let asked = Refresh { generation, scope: request.scope.as_ref(), confirmation: None, sender };
        let outcome = refresh(&facts, &asked, moment);
        // Only what is issued waits for a cut-off that lies ahead.
        if outcome.verdict.is_ok() {
            self.check_issuable(not_before_seconds, moment)?;
        }
        Ok((outcome, api))
    }

    /// Counts what a client asked for on behalf of a person.
    pub(super) fn count_granted(
        &self,
        client: &Identified,
        granted: &Result<GrantedTokens, Failure>,
        scopes: Option<&jeton_oauth::ScopeSet>,
        moment: &Moment,
    ) {
        let (api, outcome, refused_by) = match granted {
            Ok(granted) => (Some(granted.token.api.clone()), usage::Outcome::Issued, None),
            Err(Failure::Refused(refusal)) => (None, usage::Outcome::IssueRefused, Some(refusal.reason.name())),
            Err(_) => (None, usage::Outcome::IssueFailed, None),
        };
        let subject = usage::Subject::Client(client.record().id.clone());
        let marks = crate::usage::marks::Marks { scopes, ..crate::usage::marks::Marks::default() };
        self.record(crate::usage::recorder::Seen { subject, api, outcome, refused_by, marks, at: moment.now });
    }
}

fn of_no_use() -> Refusal {
    Refusal::new(Reason::InvalidGrant, "the refresh token is unknown, was ended, or has expired: let the person sign in again")
}
