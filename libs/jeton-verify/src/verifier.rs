//! A verifier that follows its server: keys, revocations, and questions about single tokens.

mod alert;
mod builder;
mod credentials;
mod follow;
mod former;
mod http;
mod introspection;
mod key_set;
mod remembered;
mod report;
mod reporter;
mod shared;
mod status;
mod usage;

use std::fmt;
use std::sync::Arc;

use jeton_jose::{Segment, TokenError};
use jeton_oauth::usage_report::Outcome;
use jeton_token::{Malformed, Prefix, Token};

use crate::clock::Reading;
use crate::jwt::{Digest, Rejected, is_jwt};
use crate::negatives::Judgement;
use crate::presented::Presented;
use crate::refused::Refused;
use crate::staleness::{Decision, Form, Server, decide};
use crate::token::VerifiedToken;
use crate::verifier::builder::Running;
use crate::verifier::introspection::{Answer, Keep, Reply};
use crate::verifier::key_set::Fetched;
use crate::verifier::remembered::Remembered;
use crate::verifier::shared::Shared;
use crate::verifier::status::Counting;
use crate::verifier::usage::{Checked, Whose};

pub use alert::Alert;
pub use builder::{Builder, StartError};
pub use former::FormerIssuer;
pub use status::{Counters, FeedStatus, Status};

/// No opaque token is longer, imported ones included.
const MAX_OPAQUE_LEN: usize = 512;
/// How often a question is sent again whose answer may have changed meanwhile.
const QUESTIONS_MAX: usize = 4;

/// Checks the tokens of one issuer for one API. Cheap to copy; its tasks end with the last copy.
#[derive(Clone)]
pub struct Verifier(Arc<Running>);

impl Verifier {
    /// Begins to make a verifier: whose tokens, and which `aud` they must be for.
    pub fn builder(issuer: &str, audience: &str) -> Builder {
        Builder::new(issuer, audience)
    }

    /// Checks a token: a JWT by itself, an opaque token from memory or by asking the server, either as far as
    /// [`decide`] allows.
    ///
    /// # Errors
    /// [`Refused`] says why it is not accepted.
    pub async fn check(&self, token: &str) -> Result<VerifiedToken, Refused> {
        self.check_presented(token, &Presented::default()).await
    }

    /// Checks a token for a request: it must have the scopes that the request needs, and what is counted tells where the request came from.
    ///
    /// # Errors
    /// [`Refused`] says why it is not accepted.
    pub async fn check_presented(&self, token: &str, presented: &Presented<'_>) -> Result<VerifiedToken, Refused> {
        let mut decided = Decided::Here(0);
        let result = match if is_jwt(token) { Some(self.check_jwt(token, &mut decided).await) } else { None } {
            Some(result) if !is_no_jwt(&result) => result,
            // A key that was imported may have any form.
            _ => self.check_opaque(token, &mut decided).await,
        };
        let result = result.and_then(|token| match presented.scopes.map_or(Ok(()), |scopes| token.require(scopes)) {
            Ok(()) => Ok(token),
            Err(refused) => Err(Rejected::of(refused, token)),
        });
        let counting = &self.shared().counting;
        Counting::add(if result.is_ok() { &counting.accepted } else { &counting.refused });
        if let (Some(reporter), Decided::Here(seconds)) = (&self.shared().reporter, decided) {
            let (token, outcome) = outcome(&result);
            let whose = match token {
                Some(token) if token.is_key() => Whose::Key(token.id()),
                Some(token) if token.is_revocation_watched() => Whose::Client(token.client_id()),
                _ => Whose::Unknown,
            };
            reporter.count(&Checked::new(seconds, whose, outcome, presented));
        }
        result.map_err(|rejected| rejected.refused)
    }

    /// Reports what was counted and not yet reported, as the background does every ten seconds: for an end in order. `false`: the server is out
    /// of reach, or would not take all of it.
    pub async fn report(&self) -> bool {
        report::report(self.shared()).await
    }

    #[cfg(feature = "layer")]
    pub(crate) fn now_seconds(&self) -> i64 {
        self.shared().now().seconds()
    }

    /// How the verifier stands, for health endpoints.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared().status()
    }

    /// Waits until the status is as wished. Passing time alone does not wake it: events of the feed, fetched keys and alerts do.
    pub async fn wait_for(&self, mut wished: impl FnMut(&Status) -> bool) -> Status {
        let mut changed = self.shared().changed.subscribe();
        loop {
            let status = self.status();
            if wished(&status) || changed.changed().await.is_err() {
                return status;
            }
        }
    }

    async fn check_jwt(&self, text: &str, decided: &mut Decided) -> Result<VerifiedToken, Rejected> {
        let shared = self.shared();
        let now = shared.now();
        *decided = Decided::Here(now.seconds());
        if let Some(former) = shared.former.as_ref().filter(|former| former.is_meant(text)) {
            let token = former.check(text, &*shared.clock).await?;
            Counting::add(&shared.counting.accepted_former);
            return Ok(token);
        }
        // What was heard is read before the negatives are: they are at least as new.
        let hearing = shared.knowledge.hearing(&now);
        let token = match self.check_offline(text, &now) {
            Err(Rejected { refused: Refused::Token(TokenError::UnknownKey), .. })
                if shared.fetch_unknown_key().await == Fetched::Changed =>
            {
                self.check_offline(text, &now)?
            }
            result => result?,
        };
        let token = if shared.knowledge.has_refused() { self.judge(token)? } else { token };
        match decide(Form::Jwt, hearing, &shared.patience, shared.introspection.server(&now)) {
            Decision::Accept => Ok(token),
            Decision::Ask => self.ask_about_jwt(text, token, decided).await,
            Decision::AcceptStale => Ok(self.accept_stale(token)),
            Decision::Refuse => Err(self.refuse_unasked()),
        }
    }

    fn check_offline(&self, text: &str, now: &Reading) -> Result<VerifiedToken, Rejected> {
        let shared = self.shared();
        shared.check.check(text, &shared.keys.load(), &shared.knowledge.negatives(), now.seconds())
    }

    async fn ask_about_jwt(&self, text: &str, token: VerifiedToken, decided: &mut Decided) -> Result<VerifiedToken, Rejected> {
        let shared = self.shared();
        match self.ask(text, decided).await {
            Reply::Active(answer) if answer.token.id() == token.id() => self.judge(token),
            Reply::Active(..) => Err(Refused::Inactive.into()),
            Reply::Refused(refused) => {
                let until = token.expires_at_seconds().saturating_add(shared.check.leeway_seconds());
                shared.knowledge.refuse(token.id().to_bytes(), until, &shared.now());
                Err(refused.into())
            }
            Reply::Busy => Err(self.refuse_unasked()),
            Reply::Unreachable | Reply::Forbidden => {
                let hearing = shared.knowledge.hearing(&shared.now());
                let token = self.judge(token)?;
                match decide(Form::Jwt, hearing, &shared.patience, Server::Unreachable) {
                    Decision::Accept => Ok(token),
                    Decision::AcceptStale => Ok(self.accept_stale(token)),
                    Decision::Ask | Decision::Refuse => Err(self.refuse_unasked()),
                }
            }
        }
    }

    async fn check_opaque(&self, text: &str, decided: &mut Decided) -> Result<VerifiedToken, Rejected> {
        let shared = self.shared();
        let now = shared.now();
        *decided = Decided::Here(now.seconds());
        // The checksum inside a token of ours turns mistyped ones away before anybody is asked.
        let mistyped = Token::parse(text, &Prefix::default()).err().is_some_and(|problem| problem == Malformed::Checksum);
        if text.is_empty() || text.len() > MAX_OPAQUE_LEN || mistyped {
            return Err(Refused::Token(TokenError::NotCompact).into());
        }
        let hearing = shared.knowledge.hearing(&now);
        let digest = Digest::of(text);
        let is_young =
            |remembered: &Remembered| remembered.counts(&now) && !shared.knowledge.is_old(remembered.token.id(), remembered.changes_heard);
        let remembered = self.0.remembered.get(&digest).filter(is_young);
        let form = if remembered.is_some() { Form::Remembered } else { Form::Opaque };
        match (decide(form, hearing, &shared.patience, shared.introspection.server(&now)), remembered) {
            (Decision::Accept, Some(Remembered { token, .. })) => self.judge(token),
            (Decision::Ask, _) => self.ask_about_opaque(text, digest, now, decided).await,
            _ => Err(self.refuse_unasked()),
        }
    }

    async fn ask_about_opaque(&self, text: &str, digest: Digest, asked: Reading, decided: &mut Decided) -> Result<VerifiedToken, Rejected> {
        for _ in 0..QUESTIONS_MAX {
            match self.ask(text, decided).await {
                // It is of before a change that was heard by now.
                Reply::Active(Answer { token, changes_heard, .. }) if self.shared().knowledge.is_old(token.id(), changes_heard) => {}
                Reply::Active(Answer { token, keep: Keep::No, .. }) => {
                    self.0.remembered.remove(&digest);
                    return self.judge(token);
                }
                Reply::Active(Answer { token, keep: Keep::Yes, changes_heard }) => {
                    let token = self.judge(token)?;
                    self.0.remembered.insert(digest, Remembered { token: token.clone(), asked, changes_heard });
                    return Ok(token);
                }
                Reply::Refused(refused) => {
                    self.0.remembered.remove(&digest);
                    return Err(refused.into());
                }
                Reply::Busy | Reply::Unreachable | Reply::Forbidden => return Err(self.refuse_unasked()),
            }
        }
        Err(self.refuse_unasked())
    }

    async fn ask(&self, text: &str, decided: &mut Decided) -> Reply {
        let shared = self.shared();
        Counting::add(&shared.counting.asked);
        let reply = shared.introspection.ask(text, &shared.http, &shared.check, &*shared.clock, &shared.knowledge).await;
        match reply {
            Reply::Active(..) | Reply::Refused(_) => *decided = Decided::Asked,
            Reply::Forbidden => shared.raise(Alert::CredentialsRefused),
            Reply::Busy | Reply::Unreachable => {}
        }
        reply
    }

    /// Judges a token again by what came while an answer was under way.
    fn judge(&self, token: VerifiedToken) -> Result<VerifiedToken, Rejected> {
        let shared = self.shared();
        if shared.knowledge.refuses(&token.id().to_bytes()) {
            return Err(Rejected::of(Refused::Negative(Judgement::Suspended), token));
        }
        shared.check.judged(token, &shared.knowledge.negatives(), shared.now().seconds())
    }

    fn accept_stale(&self, token: VerifiedToken) -> VerifiedToken {
        Counting::add(&self.shared().counting.accepted_stale);
        self.shared().raise(Alert::AcceptedStale);
        token
    }

    fn refuse_unasked(&self) -> Rejected {
        self.shared().raise(Alert::RefusedUnasked);
        Refused::Unavailable.into()
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

/// Who decided about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    /// This verifier by itself, at this second: nobody else can count it.
    Here(i64),
    /// The server was asked: it has counted the check.
    Asked,
}

/// Whether a text is no JWT after all: what lies before its first dot is no header.
fn is_no_jwt(result: &Result<VerifiedToken, Rejected>) -> bool {
    let refused = result.as_ref().err().map(|rejected| &rejected.refused);
    matches!(refused, Some(Refused::Token(TokenError::Encoding(Segment::Header) | TokenError::HeaderJson(_))))
}

/// How a check is counted, and by whose token, where that is known.
fn outcome(result: &Result<VerifiedToken, Rejected>) -> (Option<&VerifiedToken>, Outcome) {
    let rejected = match result {
        Ok(token) if token.is_revocation_watched() => return (Some(token), Outcome::Accepted),
        Ok(token) => return (Some(token), Outcome::FormerIssuer),
        Err(rejected) => rejected,
    };
    let outcome = match &rejected.refused {
        Refused::Token(TokenError::Expired) | Refused::Negative(Judgement::Outlived) => Outcome::Expired,
        Refused::Negative(Judgement::Suspended) => Outcome::Suspended,
        Refused::Negative(_) => Outcome::Revoked,
        Refused::InsufficientScope(_) => Outcome::InsufficientScope,
        Refused::Unavailable => Outcome::Unavailable,
        _ => Outcome::Invalid,
    };
    (rejected.token.as_ref(), outcome)
}

impl Builder {
    /// Fetches the key set, starts to follow the feed, and waits until it has begun, at most 5 s or as said.
    ///
    /// # Errors
    /// [`StartError`]: something is missing or wrong, or the key set cannot be had.
    ///
    /// # Panics
    /// Outside a tokio runtime, as everything in tokio does.
    pub async fn start(self) -> Result<Verifier, StartError> {
        Ok(Verifier(Arc::new(self.run().await?)))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.shared().issuer)
            .field("audience", &self.shared().check.audience())
            .finish_non_exhaustive()
    }
}
