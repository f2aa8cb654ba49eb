//! Proving that who asks is the client (RFC 6749 section 2.3).

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::client::{AuthenticationMethod, assertion, secret};
use jeton_core::commit::{Commit, Mark};
use jeton_core::id::{ClientId, SecretId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::rule::Subject;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage;
use jeton_jose::jws::{MAX_TOKEN_BYTES, Unverified};
use jeton_oauth::ClientAuthentication;
use jeton_verify::negatives;

use crate::failure::Failure;
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::text_digest::TextDigest;
use crate::transact::Reading;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

/// A client that proved who it is.
pub struct Authenticated {
    /// The client, as it was when it proved it.
    pub entry: Arc<ClientEntry>,
    /// What must be written for the proof to count: that its assertion is spent.
    pub mark: Option<Mark>,
    proof: Proof,
}

/// What proved it: gone, it proves nothing any more.
enum Proof {
    /// This secret.
    Secret(SecretId),
    /// A key of its set.
    Key,
    /// The word of an administrator, who acts for it.
    Administrator(Administrator),
}

impl Authenticated {
    /// A client that an administrator acts for.
    #[must_use]
    pub fn by_administrator(entry: Arc<ClientEntry>, administrator: Administrator) -> Authenticated {
        Authenticated { entry, mark: None, proof: Proof::Administrator(administrator) }
    }

    /// Who acts for the client, where it does not itself.
    pub(crate) fn administrator(&self) -> Option<&Administrator> {
        match &self.proof {
            Proof::Administrator(administrator) => Some(administrator),
            Proof::Secret(_) | Proof::Key => None,
        }
    }
}

impl Service {
    /// Authenticates a client by the one method it is registered for. What is seen of the request is noted of whoever proves itself.
    ///
    /// # Errors
    /// `invalid_client`, the same for an unknown client and a wrong secret.
    pub fn authenticate(&self, presented: &ClientAuthentication, marks: &Marks<'_>, moment: &Moment) -> Result<Authenticated, Refusal> {
        let authenticated = self.prove_client(presented, marks, moment)?;
        if self.is_client_suspended(&authenticated.entry.client.record.id) {
            return Err(Refusal::new(Reason::InvalidClient, "this client is suspended: nothing of it counts until it is resumed"));
        }
        if self.is_fenced(&authenticated.entry, &authenticated.proof) {
            let detail = "this deployment was restored from a backup that may lack its end, and what this client proves itself with is older: an \
                          operator accepts the gap with `jeton backup restore accept-gap`, or gives the client a new secret";
            return Err(Refusal::new(Reason::InvalidClient, detail));
        }
        Ok(authenticated)
    }

    /// Whether a proof is older than a gap that nobody accepted: it may have been taken back in between. Of a client's own keys it counts
    /// when the client last changed.
    fn is_fenced(&self, entry: &ClientEntry, proof: &Proof) -> bool {
        let fence = self.registry.fence();
        match proof {
            Proof::Secret(id) => entry.secrets.iter().any(|secret| secret.record.id == *id && fence.holds_back(secret.record.created_at)),
            Proof::Key => fence.holds_back(entry.client.record.updated_at),
            Proof::Administrator(_) => false,
        }
    }

    fn is_client_suspended(&self, client: &ClientId) -> bool {
        self.registry.negatives.is_subject_suspended(negatives::Subject::Client, client.as_str())
    }

    fn prove_client(&self, presented: &ClientAuthentication, marks: &Marks<'_>, moment: &Moment) -> Result<Authenticated, Refusal> {
        match presented {
            ClientAuthentication::Basic { client_id, client_secret } | ClientAuthentication::Post { client_id, client_secret } => {
                let entry = self.registry.clients.get(client_id).ok_or_else(unknown)?;
                let method = entry.client.record.authentication;
                let (secret, outcome) = self.secret_of(&entry, client_secret.expose(), moment).ok_or_else(unknown)?;
                let subject = usage::Subject::Secret(secret.clone());
                self.record(Seen { subject, api: None, outcome, refused_by: None, marks: *marks, at: moment.now });
                if outcome != usage::Outcome::Authenticated {
                    return Err(unknown());
                }
                self.secret_uses.note(&secret, moment.now);
                if method.name() != presented.method() {
                    return Err(wrong_method(method));
                }
                Ok(Authenticated { entry, mark: None, proof: Proof::Secret(secret) })
            }
            ClientAuthentication::PrivateKeyJwt { client_id, assertion } => {
                let authenticated = self.authenticate_assertion(client_id.as_deref(), assertion.expose(), moment)?;
                self.recorder.mark(usage::Subject::Client(authenticated.entry.client.record.id.clone()), None, marks);
                Ok(authenticated)
            }
            _ => Err(Refusal::new(Reason::InvalidClient, "this client must authenticate")),
        }
    }

    /// The secret that is presented, and what that is counted as.
    fn secret_of(&self, entry: &ClientEntry, presented: &str, moment: &Moment) -> Option<(SecretId, usage::Outcome)> {
        let now_seconds = self.ledger_time(moment).seconds();
        let digest = TextDigest::of(presented)?;
        if let Some(id) = entry.seen.get(&digest) {
            let seen = entry.secrets.iter().find(|secret| secret.record.id == *id)?;
            return Some((id.clone(), self.counted_as(&seen.record, now_seconds)));
        }
        let root_keys = self.registry.root_keys();
        let known = (&**self.registry.policies(), &**root_keys);
        let secrets = || entry.secrets.iter().map(|secret| &secret.record);
        let Some(proven) = secret::authenticate(secrets(), presented, known, now_seconds) else {
            return secret::ended(secrets(), presented, known, now_seconds)
                .map(|ended| (ended.id.clone(), self.counted_as(ended, now_seconds)));
        };
        entry.seen.note(digest, &proven.id);
        Some((proven.id.clone(), self.counted_as(proven, now_seconds)))
    }

    fn authenticate_assertion(&self, client_id: Option<&str>, text: &str, moment: &Moment) -> Result<Authenticated, Refusal> {
        let claimed =
            claimed_subject(text).ok_or_else(|| Refusal::new(Reason::InvalidClient, "the client assertion is no readable JWT"))?;
        if client_id.is_some_and(|client_id| client_id != claimed) {
            return Err(Refusal::new(Reason::InvalidClient, "`client_id` and the assertion's `sub` name different clients"));
        }
        let entry = self.registry.clients.get(&claimed).ok_or_else(unknown)?;
        let method = entry.client.record.authentication;
        // Nothing is proven yet: a stranger does not learn how a client authenticates.
        let (AuthenticationMethod::PrivateKeyJwt, Some(keys)) = (method, &entry.keys) else {
            return Err(unknown());
        };
        let now_seconds = self.ledger_time(moment).seconds();
        let client = ClientId::from(claimed.as_str());
        let max_seconds = self.registry.policies().effective(CredentialKind::ClientAssertion, &Subject::Client(client.clone())).max_seconds;
        let allowed = assertion::Allowed { max_seconds, marks_known_from: self.registry.marks_known_from() };
        let mark = assertion::verify(&client, keys, self.issuer.as_str(), text, allowed, now_seconds)?;
        Ok(Authenticated { entry, mark: Some(mark), proof: Proof::Key })
    }
}

impl Service {
    /// The client as it is now, if what proved it still would: what a decision that is made again stands on.
    pub(crate) fn still(&self, client: &Authenticated, reading: &Reading<'_>, now_seconds: i64) -> Result<Arc<ClientEntry>, Refusal> {
        let before = &client.entry.client.record;
        let entry = self.registry.clients.get(before.id.as_str()).ok_or_else(unknown)?;
        let record = &entry.client.record;
        let is_proven = record.authentication == before.authentication
            && match &client.proof {
                Proof::Secret(id) => {
                    entry.secrets.iter().any(|secret| secret.record.id == *id && self.accepts(&secret.record, now_seconds))
                }
                Proof::Key => record.jwks == before.jwks,
                Proof::Administrator(_) => true,
            };
        if !is_proven || self.is_fenced(&entry, &client.proof) {
            return Err(unknown());
        }
        reading.rely_on_client(&entry);
        if let Proof::Secret(id) = &client.proof {
            reading.rely_on_secret(&entry, id);
        }
        Ok(entry)
    }
}

/// Whom an assertion speaks of, read before its signature is checked: only to find the keys to check it with.
fn claimed_subject(text: &str) -> Option<String> {
    let unverified = Unverified::parse(text, MAX_TOKEN_BYTES).ok()?;
    let claims = jeton_jose::jwt::Claims::parse(unverified.untrusted_payload()).ok()?;
    claims.subject
}

fn unknown() -> Refusal {
    Refusal::new(Reason::InvalidClient, "the client is unknown, or its secret is wrong or has ended")
}

fn wrong_method(method: AuthenticationMethod) -> Refusal {
    Refusal::new(Reason::InvalidClient, format!("this client is registered to authenticate with {}", method.name()))
}

impl Service {
    /// Spends the proof of a client whose request changes nothing else.
    ///
    /// # Errors
    /// [`Failure`]; an assertion that was used before is refused.
    pub async fn spend(&self, client: &Authenticated, moment: &Moment) -> Result<(), Failure> {
        let Some(mark) = &client.mark else { return Ok(()) };
        // Boxed, so that requests without one do not carry what a commit needs.
        Box::pin(self.transact(moment, &client.entry.client.record.id.0, |_, moment| {
            let mut commit = Commit::new(moment);
            commit.marks.push(mark.clone());
            Ok(Outcome::grant((), commit))
        }))
        .await
    }

    /// Whether a client that follows the feed for an audience still may.
    #[must_use]
    pub fn still_follows(&self, client: &ClientId, audience: &str) -> bool {
        let api = self.registry.api_of_audience(audience);
        let entry = self.registry.clients.get(client.as_str());
        entry.zip(api).is_some_and(|(entry, api)| {
            let record = &entry.client.record;
            record.may_introspect && record.apis.contains(&api.record.id) && !self.is_client_suspended(client)
        })
    }

    /// The audience that a client may follow the feed for: one of its APIs, the only one when it names none.
    ///
    /// # Errors
    /// `unauthorized_client` or `invalid_target`.
    pub fn followable(&self, client: &Authenticated, audience: Option<&str>) -> Result<Arc<str>, Refusal> {
        let record = &client.entry.client.record;
        if !record.may_introspect {
            return Err(Refusal::new(
                Reason::UnauthorizedClient,
                "this client may not follow revocations: `jeton client update --may-introspect`",
            ));
        }
        let api = match (audience, record.apis.as_slice()) {
            (Some(audience), _) => self.registry.api_of_audience(audience).filter(|api| record.apis.contains(&api.record.id)),
            (None, [only]) => self.registry.api(only.as_str()),
            (None, _) => None,
        };
        let target = || Refusal::new(Reason::InvalidTarget, "name the `audience` of an API that this client was registered for");
        api.map(|api| api.record.audience.clone()).ok_or_else(target)
    }
}
