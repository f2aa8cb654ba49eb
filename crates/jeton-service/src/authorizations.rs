//! Authorization requests: where the answer goes, what comes next, and the code.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::authorize::Asked;
use jeton_core::authorize::answer::{Facts as Answering, answer};
use jeton_core::authorize::check::{Facts as Checking, check};
use jeton_core::authorize::device::DeviceRequest;
use jeton_core::authorize::next::{Facts, Next, Stronger, next};
use jeton_core::authorize::target::{NoTarget, target};
use jeton_core::client::{Client, GrantType};
use jeton_core::consent::Consent;
use jeton_core::consent::needed::NewConsent;
use jeton_core::id::{ApiId, ClientId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::session::Session;
use jeton_oauth::authorization::{AuthorizationForm, AuthorizationRequest};
use jeton_oauth::{ErrorCode, ErrorResponse, RedirectUri};
use jeton_token::Secret;
use jeton_verify::negatives::Subject;

use crate::failure::Failure;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

/// Why a person is shown a page of ours and sent nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// There is no such client.
    UnknownClient,
    /// There is, and the answer can go nowhere.
    Target(NoTarget),
}

/// Why an application gets no code.
#[derive(Clone, Debug)]
pub enum Unauthorized {
    /// It is told so.
    Denied(ErrorResponse),
    /// Nothing can be decided now.
    Failed(Failure),
}

impl From<ErrorResponse> for Unauthorized {
    fn from(denied: ErrorResponse) -> Unauthorized {
        Unauthorized::Denied(denied)
    }
}

impl<F: Into<Failure>> From<F> for Unauthorized {
    fn from(failure: F) -> Unauthorized {
        Unauthorized::Failed(failure.into())
    }
}

/// What comes next for a person.
#[derive(Clone, Debug)]
pub enum NextStep {
    /// They sign in.
    SignIn,
    /// They show their second factor.
    SecondFactor,
    /// They are asked for this of what is asked.
    Consent(NewConsent, Asked),
    /// The application gets this code.
    Answer(Secret),
    /// The device comes for it with the code that it has.
    Allowed,
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// To an address of the application.
    Address(&'a RedirectUri),
    /// To a device, which asked this; `None`: it is about to.
    Device(Option<&'a DeviceRequest>),
}

impl Service {
    /// Who asks, and where the answer goes.
    ///
    /// # Errors
    /// [`NoPlace`]: what is wrong stays on a page.
    pub fn authorization_target(&self, form: &AuthorizationForm<'_>) -> Result<(Arc<ClientEntry>, RedirectUri), NoPlace> {
        let entry = self.registry.clients.get(form.client_id()).ok_or(NoPlace::UnknownClient)?;
        let uri = target(&entry.client.record, form.redirect_uri()).map_err(NoPlace::Target)?;
        Ok((entry, uri))
    }

    /// What comes next for a request that came at `begun_at`, in seconds: with `allows`, the person was shown what is new and says yes to it.
    ///
    /// # Errors
    /// [`Unauthorized`].
    pub async fn authorize(
        &self,
        request: &AuthorizationRequest<'_>,
        to: Destination<'_>,
        begun_at: i64,
        session: Option<&Versioned<Session>>,
        allows: Option<&NewConsent>,
        moment: &Moment,
    ) -> Result<NextStep, Unauthorized> {
        let lane = Arc::from(request.client_id);
        for _ in 0..ATTEMPTS {
            let consents = match session {
                Some(session) => self.consents_of(&session.record.person, &ClientId::from(request.client_id)).await?,
                None => Vec::new(),
            };
            let stronger = match session {
                Some(session) if asks_for_more(request, &session.record) => self.stronger_of(&session.record.person).await?,
                _ => Stronger::Nothing,
            };
            let mut step = None;
            let decided = self.attempt(moment, &lane, |reading, moment| {
                match self.decide(request, to, begun_at, (session, stronger), (allows, &consents), reading, moment) {
                    Ok(Decided::Answer(outcome)) => Ok(outcome.map(Some)),
                    Ok(Decided::Step(next)) => {
                        step = Some(Ok(next));
                        Ok(jeton_core::outcome::Outcome::grant(None, jeton_core::commit::Commit::new(moment)))
                    }
                    Err(Unauthorized::Denied(denied)) => {
                        step = Some(Err(denied));
                        Ok(jeton_core::outcome::Outcome::grant(None, jeton_core::commit::Commit::new(moment)))
                    }
                    Err(Unauthorized::Failed(failure)) => Err(failure),
                }
            });
            match (decided.await?, step) {
                (Some(Some(Some(clear))), _) => return Ok(NextStep::Answer(clear.0.into())),
                (Some(Some(None)), _) => return Ok(NextStep::Allowed),
                (Some(None), Some(step)) => return Ok(step?),
                _ => {}
            }
        }
        Err(Failure::Contended.into())
    }

    /// By what somebody can prove more than by a password.
    async fn stronger_of(&self, person: &PersonId) -> Result<Stronger, Failure> {
        if self.second_factor_of(person).await?.is_some() {
            return Ok(Stronger::SecondFactor);
        }
        let has_passkey = self.relying_party().is_some() && !self.passkeys_of(person).await?.is_empty();
        Ok(if has_passkey { Stronger::Passkey } else { Stronger::Nothing })
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is known to the one who decides")]
    fn decide(
        &self,
        request: &AuthorizationRequest<'_>,
        to: Destination<'_>,
        begun_at: i64,
        (session, stronger): (Option<&Versioned<Session>>, Stronger),
        (allows, consents): (Option<&NewConsent>, &[Versioned<Consent>]),
        reading: &Reading<'_>,
        moment: &mut Moment,
    ) -> Result<Decided, Unauthorized> {
        let asked = self.asked(request, to, reading)?;
        // Whether what was said before was taken back since is not known: it is asked anew.
        let known_from = self.registry.sessions_known_from();
        let records: Vec<Consent> =
            consents.iter().map(|consent| &consent.record).filter(|consent| consent.given_at >= known_from).cloned().collect();
        let person = session.map(|session| &session.record.person);
        let rights = |api: &ApiId| match person {
            Some(person) => self.rights_at(person, self.registry.api(api.as_str()).as_ref().map(|api| &api.record)),
            None => self.rights_at(&PersonId::from(""), None),
        };
        let facts = Facts {
            begun_at,
            session: session.map(|session| &session.record),
            stronger,
            reauthentication_seconds: person.map_or(0, |person| self.reauthentication_seconds(person)),
            consents: &records,
            rights: &rights,
        };
        let (new, asked) = match (next(&asked, &facts, moment.now.seconds())?, allows) {
            (Next::SignIn, _) => return Ok(Decided::Step(NextStep::SignIn)),
            (Next::SecondFactor, _) => return Ok(Decided::Step(NextStep::SecondFactor)),
            (Next::Answer(asked), _) => (NewConsent::default(), asked),
            // They say yes to what they were shown, and to nothing else.
            (Next::Consent(new, asked), Some(shown)) if new == *shown => (new, asked),
            (Next::Consent(new, asked), _) => return Ok(Decided::Step(NextStep::Consent(new, asked))),
        };
        let session = session.ok_or(Failure::Contended)?;
        reading.rely_on_session(session.record.id, Some(session.version));
        consents.iter().for_each(|consent| reading.rely_on_consent(consent));
        if let Some(person) = self.registry.people.all.get(session.record.person.as_str()) {
            reading.rely_on_person(&person);
        }
        let not_before = self.code_not_before(&asked, &session.record, moment)?;
        let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
        let facts = Answering {
            asked: &asked,
            device: match to {
                Destination::Address(_) => None,
                // Nobody is here yet who could say yes.
                Destination::Device(device) => Some(device.ok_or(Failure::Contended)?),
            },
            session: &session.record,
            new: &new,
            consents: &records,
            not_before_seconds: not_before,
            policies: &policies,
            prefix: &self.prefix,
            root_keys: &root_keys,
        };
        Ok(Decided::Answer(answer(&facts, moment)))
    }

    fn code_not_before(&self, asked: &Asked, session: &Session, moment: &Moment) -> Result<i64, Failure> {
        let (person, client) = (&session.person, &asked.client);
        let between = crate::grants::Between { person, client, session: Some(session.id), family: None };
        let not_before_seconds = self.not_before(&between, None);
        self.check_issuable(not_before_seconds, moment)?;
        Ok(not_before_seconds)
    }

    /// What is asked for, checked.
    fn asked(&self, request: &AuthorizationRequest<'_>, to: Destination<'_>, reading: &Reading<'_>) -> Result<Asked, ErrorResponse> {
        let unauthorized = |detail: &'static str| ErrorResponse::new(ErrorCode::UnauthorizedClient, detail);
        let entry = self.registry.clients.get(request.client_id).ok_or_else(|| unauthorized("this client is gone"))?;
        reading.rely_on_client(&entry);
        let client = &entry.client.record;
        if self.registry.negatives.is_subject_suspended(Subject::Client, client.id.as_str()) {
            return Err(unauthorized("this client is suspended"));
        }
        // It may have been taken from it since the request came.
        let still = still_there(client, to).ok_or_else(|| unauthorized("this client may not be answered there"))?;
        let apis: Vec<Option<Arc<Versioned<Api>>>> = if request.resources.is_empty() {
            client.apis.iter().map(|id| self.registry.api(id.as_str())).collect()
        } else {
            request.resources.iter().map(|resource| self.registry.api_of_audience(resource.as_str())).collect()
        };
        apis.iter().flatten().for_each(|api| reading.rely_on_api(api));
        let records: Vec<Option<&Api>> = apis.iter().map(|api| api.as_ref().map(|api| &api.record)).collect();
        check(&Checking { client, apis: &records }, request, still)
    }
}

/// Whether anything but what a session says of how it was proved is asked for: then it matters what its person has.
fn asks_for_more(request: &AuthorizationRequest<'_>, session: &Session) -> bool {
    request.acr_values.iter().any(|name| *name != session.authenticated.acr.name())
}

/// The address that an answer goes to, if it may go there; `Some(None)`: a device comes for it.
fn still_there(client: &Client, to: Destination<'_>) -> Option<Option<RedirectUri>> {
    match to {
        Destination::Address(uri) => target(client, Some(uri.as_str())).ok().map(Some),
        Destination::Device(_) => client.grant_types.contains(&GrantType::DeviceCode).then_some(None),
    }
}

/// What an attempt came to.
enum Decided {
    Step(NextStep),
    Answer(jeton_core::outcome::Outcome<Option<jeton_core::token::mint::Clear>>),
}
