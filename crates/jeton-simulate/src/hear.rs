//! What an answer means for what must hold from then on.

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::token::AccessToken;
use jeton_jose::jws::{MAX_TOKEN_BYTES, Unverified};
use jeton_service::Proven;
use jeton_service::revoke::TokenChange;

use crate::request::{Answer, Credentials, Request};
use crate::subject::{ApiSubject, ClientSubject, TokenSubject};
use crate::world::{Pending, World};

const DAY_SECONDS: i64 = 86_400;

impl World {
    /// Takes every answer that came.
    ///
    /// # Errors
    /// When an answer says what cannot be.
    pub(crate) fn hear(&mut self) -> Result<(), String> {
        for (pending, answer) in self.answers() {
            match answer {
                Answer::No(why) => self.trace.note(format!("#{} hears no: {why}", pending.number)),
                Answer::Unsure(why) => self.trace.note(format!("#{} hears a fault: {why}", pending.number)),
                answer => {
                    self.trace.note(format!("#{} hears yes{}", pending.number, describe(&answer)));
                    self.tally.acknowledged += 1;
                    self.acknowledge(&pending, answer)?;
                }
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self, pending: &Pending, answer: Answer) -> Result<(), String> {
        let asked_at = pending.asked_at;
        match (&pending.request, answer) {
            (Request::SetUp { .. }, _) => self.is_set_up = true,
            (Request::Issue { .. }, Answer::Issued { text, token }) => self.hear_issue(text, token)?,
            (Request::RevokeOwn { text, .. } | Request::ChangeByText { text, change: TokenChange::Revoke }, _) => {
                self.bury(|token| token.text == *text);
            }
            (Request::ChangeById { id, change: TokenChange::Revoke }, _) => self.bury(|token| token.kept().id == *id),
            (Request::ChangeById { id, change: TokenChange::Suspend }, _) => {
                let is_resumed = |other: &Pending| matches!(&other.request, Request::ChangeById { id: other, change: TokenChange::Resume } if other == id);
                if !self.pending.iter().any(is_resumed) {
                    let of_it = self.tokens.iter_mut().filter(|token| token.kept().id == *id);
                    of_it.for_each(|token| {
                        token.is_suspended = !token.may_be_resumed && token.resume_asked_at.is_none_or(|resume| resume < asked_at);
                    });
                }
            }
            (Request::CutOff { subject, name, before }, Answer::CutOff(decided)) => {
                let (subject, seconds) = (*subject, decided.seconds());
                let reaches = |token: &TokenSubject| token.kept().issued_at < seconds;
                if before.is_none() {
                    self.bury_before(asked_at, |token| token.is_of(subject, name));
                }
                self.bury(|token| token.is_of(subject, name) && reaches(token));
            }
            (Request::DeleteApi { api }, _) => {
                let audience = self.apis.iter().find(|known| known.id == *api).map(|known| known.audience.clone()).unwrap_or_default();
                self.bury_before(asked_at, |token| token.is_of(CutOffSubject::Api, &audience));
            }
            (Request::DeleteClient { client }, _) => {
                self.bury_before(asked_at, |token| token.is_of(CutOffSubject::Client, client));
            }
            (Request::RevokeKey { key }, _) => self.bury(|token| token.proven.signing_key.as_deref() == Some(key)),
            (Request::CreateApi { lifetime_seconds, .. }, Answer::ApiCreated { id, audience }) => {
                self.apis.push(ApiSubject { id, audience, shortest_lifetime_seconds: *lifetime_seconds, may_be_gone: false });
            }
            (Request::CreateClient { apis, .. }, Answer::ClientCreated { id, secret }) => {
                let api = self.apis.iter().position(|known| apis.contains(&known.id)).unwrap_or(0);
                self.clients.push(ClientSubject { credentials: Credentials { client: id, secret }, api, may_be_gone: false });
            }
            (Request::CreateSecret { client }, Answer::SecretCreated { secret }) => {
                let known = self.clients.iter_mut().find(|known| known.credentials.client == *client);
                known.into_iter().for_each(|known| known.credentials.secret.clone_from(&secret));
            }
            _ => {}
        }
        Ok(())
    }

    /// What was heard of before "now" was said is older than it, whatever second it names; unless its time was one of a clock that an
    /// operator took back.
    fn bury_before(&mut self, asked_at: u64, is_meant: impl Fn(&TokenSubject) -> bool) {
        let incarnation = self.history.incarnations;
        self.bury(|token| is_meant(token) && token.heard_at < asked_at && token.incarnation == incarnation);
    }

    /// Tokens that are dead for good, since somebody heard so.
    fn bury(&mut self, is_dead: impl Fn(&TokenSubject) -> bool) {
        let now = self.passing.micros();
        for token in self.tokens.iter_mut().filter(|token| token.dead_since_micros.is_none()) {
            if is_dead(token) {
                token.dead_since_micros = Some(now);
                self.tally.killed += 1;
            }
        }
    }

    fn hear_issue(&mut self, text: String, token: AccessToken) -> Result<(), String> {
        if self.tokens.iter().any(|known| known.kept().id == token.id) {
            return Err(format!("the id {} was issued twice", token.id));
        }
        let api = self.apis.iter().position(|api| api.id == token.api.as_str()).ok_or("a token for an API that nobody heard of")?;
        let audience = self.apis.get(api).map(|api| api.audience.clone()).unwrap_or_default();
        let signing_key = match token.proof {
            Some(_) => None,
            None => Unverified::parse(&text, MAX_TOKEN_BYTES).ok().and_then(|jwt| jwt.header().key_id.as_deref().map(Arc::from)),
        };
        let not_before = token.issued_at;
        // Where the clock was accepted twice, also what is new may be older than what left.
        let may_have_left = token.expires_at.saturating_add(DAY_SECONDS) <= self.purged_at_seconds;
        let mut subject = TokenSubject {
            text,
            proven: Arc::new(Proven { token, signing_key, not_before }),
            audience,
            api,
            heard_at: self.step,
            incarnation: self.history.incarnations,
            dead_since_micros: None,
            is_suspended: false,
            may_be_resumed: false,
            resume_asked_at: None,
            killed_by: None,
            suspensions: vec![],
            refused_by: vec![],
            may_have_left,
        };
        self.history.tell(&mut subject, self.purged_at_seconds);
        self.tokens.push(subject);
        self.tally.issued += 1;
        Ok(())
    }
}

fn describe(answer: &Answer) -> String {
    match answer {
        Answer::Issued { token, .. } => format!(": token {}, iat {}, exp {}", token.id, token.issued_at, token.expires_at),
        Answer::CutOff(before) => format!(": before {}", before.seconds()),
        Answer::ApiCreated { id, audience } => format!(": {id} for {audience}"),
        Answer::ClientCreated { id, .. } => format!(": {id}"),
        _ => String::new(),
    }
}
