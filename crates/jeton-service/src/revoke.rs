//! Revocation of one token by its client (RFC 7009), and of tokens by those who administer.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{CredentialId, GroupId, PersonId};
use jeton_core::moment::{Moment, Time};
use jeton_core::outcome::Outcome;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::token::cut_off::{cut_off, lives_from};
use jeton_core::token::revoke::{revoke, revoke_own};
use jeton_core::token::standing::Standing;
use jeton_core::token::suspend::{resume, suspend};
use jeton_core::token::suspend_subject::{resume_subject, suspend_subject};
use jeton_core::why::{Because, Speaker};
use jeton_oauth::scope::ScopeSet;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::identify::Identified;
use crate::registry::judged;
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// What is done to one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// Final.
    Revoke,
    /// Until it is resumed.
    Suspend,
    /// Accepted again.
    Resume,
}

impl Service {
    /// Revokes a token that its client hands in. An unknown, foreign or dead token is no error (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// [`Failure`]; the token is not known to be revoked then.
    pub async fn revoke_own(&self, client: &Identified, text: &str, moment: &Moment) -> Result<(), Failure> {
        if self.revoke_refresh_token(client, text, moment).await? {
            return self.spend_proof(client, moment).await;
        }
        let proven = self.prove_once(text).await?;
        if proven.is_none()
            && let Some((entry, _)) = self.presented_key(text).await?
        {
            return match client {
                Identified::Proven(client) => self.revoke_own_key(client, entry.key.record.id, moment).await,
                // Nothing but its name says that it is whose key this is.
                Identified::Public(_) => Ok(()),
            };
        }
        self.transact(moment, &client.record().id.0, |_, moment| {
            let mut outcome = match &proven {
                None => Outcome::grant((), jeton_core::commit::Commit::new(moment)),
                Some(proven) => match self.stand(proven, moment) {
                    (_, Some(api)) => {
                        let is_dead = self.is_dead_for_good(proven, &api, moment);
                        revoke_own(&proven.token, &api.record.audience, &client.record().id, is_dead, moment)
                    }
                    (_, None) => Outcome::grant((), jeton_core::commit::Commit::new(moment)),
                },
            };
            outcome.commit.marks.extend(client.mark().cloned());
            Ok(outcome)
        })
        .await
    }

    /// Changes one token by its id, and says how it stood before.
    ///
    /// # Errors
    /// `NotFound` when there is no such token, or it has left.
    pub async fn change_token(
        &self,
        id: CredentialId,
        change: (TokenChange, &Because),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Standing, Failure> {
        let proven = self.find(id).await?.ok_or_else(no_token)?;
        self.change_proven(&proven, change, by, moment).await
    }

    /// Changes a token that was handed in by its text.
    ///
    /// # Errors
    /// `NotFound` when it is none of ours.
    pub async fn change_token_text(
        &self,
        text: &str,
        change: (TokenChange, &Because),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Standing, Failure> {
        let proven = self.prove(text).await?.ok_or_else(no_token)?;
        self.change_proven(&proven, change, by, moment).await
    }

    pub(crate) async fn change_proven(
        &self,
        proven: &Arc<Proven>,
        (change, why): (TokenChange, &Because),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Standing, Failure> {
        let (mut before, said) = (Standing::Revoked, (&by.actor, why));
        self.transact(moment, &Arc::from(""), |_, moment| {
            let (standing, api) = self.stand(proven, moment);
            before = standing;
            let Some(api) = api else { return Err(no_token().into()) };
            let (token, audience) = (&proven.token, &api.record.audience);
            if change == TokenChange::Resume {
                by.check_gives(&token.api, &ScopeSet::parse(&token.scope).unwrap_or_default())?;
            }
            Ok(match change {
                TokenChange::Revoke => revoke(token, audience, said, self.is_dead_for_good(proven, &api, moment), moment),
                // What is merely early would live once its time comes: it is suspended like any other.
                TokenChange::Suspend if standing == Standing::Suspended && !self.is_suspended(proven, &api, moment) => {
                    suspend(token, audience, Standing::Active, said, moment)
                }
                TokenChange::Resume if self.is_subject_suspended(proven, &api, moment) => {
                    let detail = "the client or the API of this token is suspended: `jeton resume --client` or `--api` it";
                    return Err(Refusal::new(Reason::Conflict, detail).into());
                }
                TokenChange::Suspend => suspend(token, audience, standing, said, moment),
                TokenChange::Resume => resume(token, audience, standing, by, moment),
            })
        })
        .await?;
        Ok(before)
    }

    /// From where on tokens would live if a subject were cut off now, as [`cut_off`](Self::cut_off) decides it.
    ///
    /// # Errors
    /// As of `cut_off`.
    pub fn would_live_from(&self, subject: CutOffSubject, name: &str, before: Option<Time>, moment: &Moment) -> Result<Time, Refusal> {
        let name = self.cut_off_name(subject, name)?;
        lives_from(before, self.ledger_time(moment), self.registry.latest_cut_off(subject, &name))
    }

    /// Cuts off everything of a subject that was issued before a time: `None` means now. Answers the second from which tokens live. Of a
    /// person, a session, a family or a key nobody asks whether there is one: [`survey`](Self::survey) does, for those who administer.
    ///
    /// # Errors
    /// `NotFound` when there is no such client or API; `InvalidRequest` when the time lies ahead.
    pub async fn cut_off<'a>(
        &self,
        subject: CutOffSubject,
        name: &str,
        before: Option<Time>,
        by: impl Into<Speaker<'a>>,
        moment: &Moment,
    ) -> Result<Time, Failure> {
        let by = by.into();
        let mut decided = self.cut_off_once((subject, name), before, by, moment).await?;
        for _ in 1..ATTEMPTS {
            // It took until beyond its own time: what was issued in between without knowing it lives, and `now` is later by now.
            if before.is_some() || self.moments.time() < decided {
                break;
            }
            decided = self.cut_off_once((subject, name), None, by, &self.moments.now()).await?;
        }
        Ok(decided)
    }

    async fn cut_off_once(
        &self,
        (subject, name): (CutOffSubject, &str),
        before: Option<Time>,
        by: Speaker<'_>,
        moment: &Moment,
    ) -> Result<Time, Failure> {
        let mut decided = Time::EPOCH;
        self.transact(moment, &Arc::from(""), |_, moment| {
            let name = self.cut_off_name(subject, name)?;
            decided = lives_from(before, moment.now, self.registry.latest_cut_off(subject, &name))?;
            let commit = jeton_core::commit::Commit::new(moment);
            Ok(Outcome::grant((), cut_off(commit, subject, name, decided, by, moment)))
        })
        .await?;
        Ok(decided)
    }

    /// Suspends everything of a subject, or resumes it. Whether it changed anything.
    ///
    /// # Errors
    /// `NotFound` when there is no such subject; any other [`Failure`]: nothing is known to have changed.
    pub async fn suspend_all(
        &self,
        (subject, name): (CutOffSubject, &str),
        (suspends, why): (bool, &Because),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<bool, Failure> {
        let mut was_suspended = false;
        self.transact(moment, &Arc::from(""), |_, moment| {
            let name = self.cut_off_name(subject, name)?;
            was_suspended = self.registry.negatives.is_subject_suspended(judged(subject), &name);
            if suspends {
                return Ok(suspend_subject(subject, name, was_suspended, (&by.actor, why), moment));
            }
            self.check_gives_back(by, subject, &name)?;
            Ok(resume_subject(subject, name, was_suspended, by, moment))
        })
        .await?;
        Ok(was_suspended != suspends)
    }

    /// Nobody gives back what they have not.
    fn check_gives_back(&self, by: &Administrator, subject: CutOffSubject, name: &str) -> Result<(), Refusal> {
        match subject {
            CutOffSubject::Client => by.check_gives_client(&self.find_client(name)?.client.record),
            CutOffSubject::Api => by.check_gives_api(&self.find_api(name)?.record.id),
            CutOffSubject::User => self.check_gives_holder(by, &Holder::Person(PersonId::from(name))),
            CutOffSubject::Group => self.check_gives_holder(by, &Holder::Group(GroupId::from(name))),
            // Nothing belongs to a session or a family yet; a key is resumed by itself, and everything is never suspended.
            CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key | CutOffSubject::Everything => Ok(()),
        }
    }

    /// Whether they may give what a person or a group has by roles.
    pub(crate) fn check_gives_holder(&self, by: &Administrator, holder: &Holder) -> Result<(), Refusal> {
        by.check_gives_roles(self.registry.people.roles_of(holder).iter().map(|held| &held.role.record))
    }

    /// Whether everything of a subject is suspended.
    ///
    /// # Errors
    /// `NotFound` when there is no such subject.
    pub fn is_all_suspended(&self, subject: CutOffSubject, name: &str) -> Result<bool, Refusal> {
        let name = self.cut_off_name(subject, name)?;
        Ok(self.registry.negatives.is_subject_suspended(judged(subject), &name))
    }

    pub(crate) fn cut_off_name(&self, subject: CutOffSubject, name: &str) -> Result<Arc<str>, Refusal> {
        match subject {
            CutOffSubject::Client => Ok(self.find_client(name)?.client.record.id.0.clone()),
            CutOffSubject::Api => Ok(self.find_api(name)?.record.audience.clone()),
            CutOffSubject::Everything => Ok(Arc::from("")),
            CutOffSubject::User => Ok(self.find_user(name).map_or_else(|_| Arc::from(name), |person| person.record.id.0.clone())),
            CutOffSubject::Group => Ok(self.find_group(name)?.record.id.0.clone()),
            CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => Ok(Arc::from(name)),
        }
    }
}

fn no_token() -> Refusal {
    Refusal::new(Reason::NotFound, "there is no such token: it was never issued here, or it has left with its time")
}
