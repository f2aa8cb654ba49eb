//! Issuing an access token to a client for itself.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::Client;
use jeton_core::commit::Mark;
use jeton_core::id::{CredentialId, GrantId, SessionId};
use jeton_core::moment::{Moment, Time};
use jeton_core::once::Remembered;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::session::proof::{Authenticated as Proof, Method};
use jeton_core::token::AccessToken;
use jeton_core::token::cut_off::issuable_from;
use jeton_core::token::issue::{Facts, Issued, issue, once_more};
use jeton_core::token::standing::Standing;
use jeton_core::token::suspend_subject::check_may_get;
use jeton_core::usage::{self, Outcome};
use jeton_oauth::token::ClientCredentialsRequest;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use jeton_verify::negatives::Subject;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::authenticate::Authenticated;
use crate::failure::Failure;
use crate::once::gone;
use crate::service::Service;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

/// A token and what the client is told of it (RFC 6749 section 5.1).
pub struct IssuedToken {
    /// The token.
    pub access_token: Secret,
    /// How long it lives, in seconds.
    pub expires_in_seconds: i64,
    /// What it allows.
    pub scope: Arc<str>,
    /// What is kept of it.
    pub token: AccessToken,
}

/// The version of our claims: whoever relies on them refuses versions that it does not know.
pub const CLAIMS_VERSION: u32 = 1;

/// How long an issue waits at a time where a cut-off lies too far ahead, in microseconds; and how often, before it is refused.
const WAIT_MICROS: i64 = 1_000_000;
const WAITS: u32 = 3;

/// How many tokens of one request cut-offs may overtake before it is refused: each is a row.
const OVERTAKEN_MAX: u32 = 4;

impl Service {
    /// Grants client credentials (RFC 6749 section 4.4), for one resource (RFC 8707).
    ///
    /// # Errors
    /// [`Failure`]; nothing is issued then.
    pub async fn issue(&self, client: &Authenticated, request: &ClientCredentialsRequest, moment: &Moment) -> Result<IssuedToken, Failure> {
        let make = async |moment: Moment| self.issue_counted(client, request, &moment).await;
        let again = async |made: Remembered| {
            if let Some(by) = client.administrator() {
                by.check_gives_client(&client.entry.client.record)?;
            }
            self.issued_once_more(&made, moment).await
        };
        self.once(moment, make, again).await
    }

    /// The token that a request was issued, told again: it lives as long as it did.
    async fn issued_once_more(&self, made: &Remembered, moment: &Moment) -> Result<IssuedToken, Failure> {
        let id = CredentialId::parse(&made.made).ok_or_else(gone)?;
        let state = self.token_state(id, moment).await.map_err(|_| gone())?;
        // A JWT is signed anew, and must not outlive what ended it.
        let (Standing::Active, None, Some(api)) = (state.standing, state.signed_by_revoked(), &state.api) else { return Err(gone()) };
        let token = state.token.clone();
        let access_token = match token.proof {
            Some(_) => once_more(&token, &made.salt, self.prefix, &self.registry.root_keys()).ok_or_else(gone)?.0.into(),
            None => self.sign(&token, &api.record, None)?,
        };
        let expires_in_seconds = state.expires_at.saturating_sub(moment.now.seconds());
        Ok(IssuedToken { access_token, expires_in_seconds, scope: token.scope.clone(), token })
    }

    async fn issue_counted(
        &self,
        client: &Authenticated,
        request: &ClientCredentialsRequest,
        moment: &Moment,
    ) -> Result<IssuedToken, Failure> {
        let issued = self.issue_uncounted(client, request, moment).await;
        let (api, outcome, refused_by) = match &issued {
            Ok(issued) => (Some(issued.token.api.clone()), Outcome::Issued, None),
            Err(Failure::Refused(refusal)) => (None, Outcome::IssueRefused, Some(refusal.reason.name())),
            Err(_) => (None, Outcome::IssueFailed, None),
        };
        let subject = usage::Subject::Client(client.entry.client.record.id.clone());
        // What nobody asked for by name nobody exercised, though the token allows it.
        let marks = Marks { scopes: request.scope.as_ref(), ..Marks::default() };
        self.record(Seen { subject, api, outcome, refused_by, marks, at: moment.now });
        issued
    }

    async fn issue_uncounted(
        &self,
        client: &Authenticated,
        request: &ClientCredentialsRequest,
        moment: &Moment,
    ) -> Result<IssuedToken, Failure> {
        let mut moments = moment.clone();
        let mut mark = client.mark.clone();
        let (mut waits, mut overtaken) = (WAITS, 0);
        let (issued, api) = loop {
            let (issued, api) = match self.issue_once(client, mark.clone(), request, &moments.split().repeating(moment)).await {
                Err(failure) => {
                    moments.now = self.wait_out(failure, &mut waits).await?;
                    continue;
                }
                Ok(issued) => issued,
            };
            mark = None;
            // A cut-off that was committed first has overtaken it: this token is dead already, the next one is not.
            let not_before = self.registry.negatives.not_before(issued.token.client.as_str(), &api.record.audience);
            if not_before <= issued.token.issued_at {
                break (issued, api);
            }
            overtaken += 1;
            if overtaken == OVERTAKEN_MAX {
                return Err(Failure::Contended);
            }
        };
        let Issued { token, clear, expires_in_seconds } = issued;
        let access_token = match clear {
            Some(clear) => Secret::from(clear.0),
            None => self.sign(&token, &api.record, None)?,
        };
        Ok(IssuedToken { access_token, expires_in_seconds, scope: token.scope.clone(), token })
    }

    /// Waits where a cut-off lies a moment too far ahead: the time after it.
    async fn wait_out(&self, failure: Failure, waits: &mut u32) -> Result<Time, Failure> {
        let wait_micros = match &failure {
            Failure::CutOffAhead { wait_micros } if *wait_micros <= WAIT_MICROS && *waits > 0 => *wait_micros,
            _ => return Err(failure),
        };
        *waits -= 1;
        if self.moments.pass(wait_micros).await { Ok(self.moments.time()) } else { Err(failure) }
    }

    async fn issue_once(
        &self,
        client: &Authenticated,
        mark: Option<Mark>,
        request: &ClientCredentialsRequest,
        moment: &Moment,
    ) -> Result<(Issued, Arc<Versioned<Api>>), Failure> {
        let mut chosen = None;
        let issued = self
            .transact(moment, &client.entry.client.record.id.0, |reading, moment| {
                let entry = self.still(client, reading, moment.now.seconds())?;
                let record = &entry.client.record;
                let api = self.requested_api(record, request)?;
                reading.rely_on_api(&api);
                let not_before_seconds = self.registry.negatives.not_before(record.id.as_str(), &api.record.audience);
                let is_suspended = |subject, name| self.registry.negatives.is_subject_suspended(subject, name);
                check_may_get(is_suspended(Subject::Client, record.id.as_str()), is_suspended(Subject::Api, &api.record.audience))?;
                let from = issuable_from(not_before_seconds);
                if moment.now < from {
                    return Err(Failure::CutOffAhead { wait_micros: from.micros().saturating_sub(self.moments.time().micros()) });
                }
                let root_keys = self.registry.root_keys();
                let (policies, by) = (self.registry.policies(), client.administrator());
                if let Some(by) = by {
                    by.check_gives_client(record)?;
                }
                let facts = Facts {
                    client: record,
                    api: &api.record,
                    not_before_seconds,
                    policies: &policies,
                    prefix: &self.prefix,
                    root_keys: &root_keys,
                    by: by.map(|by| &by.actor),
                };
                let mut outcome = issue(&facts, request.scope.as_ref(), moment).remembering(moment, |issued| issued.token.id.to_string());
                outcome.commit.marks.extend(mark.clone());
                chosen = Some(api);
                Ok(outcome)
            })
            .await?;
        chosen.map(|api| (issued, api)).ok_or(Failure::Contended)
    }

    fn requested_api(&self, client: &Client, request: &ClientCredentialsRequest) -> Result<Arc<Versioned<Api>>, Refusal> {
        let target = |detail: &'static str| Refusal::new(Reason::InvalidTarget, detail);
        match request.resources.as_slice() {
            [] => {
                // An API that was removed is no choice any more.
                let mut left = client.apis.iter().filter_map(|id| self.registry.api(id.as_str()));
                match (left.next(), left.next()) {
                    (Some(only), None) => Ok(only),
                    (None, _) => Err(target("this client may not ask for tokens for any resource")),
                    (Some(_), Some(_)) => Err(target("this client may ask for more than one resource: name one with `resource`")),
                }
            }
            [resource] => self
                .registry
                .api_of_audience(resource.as_str())
                .filter(|api| client.apis.contains(&api.record.id))
                .ok_or_else(|| target("the resource is unknown, or not one that this client may ask for")),
            _ => Err(target("a token is for one resource: ask for each by itself")),
        }
    }

    /// Signs the JWT of a token that is durable (RFC 9068 section 2).
    pub(crate) fn sign(&self, token: &AccessToken, api: &Api, proof: Option<&Proof>) -> Result<Secret, Failure> {
        debug_assert!(token.proof.is_none(), "an opaque token has a text of its own");
        let jti = token.id.to_string();
        let held = token.held.as_ref();
        let claims = Claims {
            iss: self.issuer.as_str(),
            sub: held.map_or(token.client.as_str(), |held| held.person.as_str()),
            aud: &api.audience,
            client_id: token.client.as_str(),
            iat: token.issued_at,
            exp: token.expires_at,
            jti: &jti,
            scope: Some(&*token.scope).filter(|scope| !scope.is_empty()),
            sid: held.and_then(|held| held.session),
            gid: held.map(|held| held.grant),
            auth_time: proof.map(|proof| proof.at),
            acr: proof.map(|proof| proof.acr.name()),
            amr: proof.map(|proof| proof.amr.iter().map(Method::name).collect()),
            ver: CLAIMS_VERSION,
            declared: self.claims_of_token(token, api),
        };
        let missing = || Failure::Fault(Fault::new(FaultKind::Engine, format!("no signing key for {}", api.signing_algorithm.name())));
        let mut payload = Vec::with_capacity(384);
        serde_json::to_writer(&mut payload, &claims).map_err(|_| missing())?;
        let keys = self.registry.keys();
        let signer = keys.signer(api.signing_algorithm).ok_or_else(missing)?;
        signer.sign(&payload).map(Secret::new).map_err(|_| missing())
    }
}

/// The claims of RFC 9068 section 2.2, borrowed.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<GrantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'static str>>,
    ver: u32,
    #[serde(flatten)]
    declared: Map<String, Value>,
}
