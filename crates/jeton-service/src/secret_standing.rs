//! Whether a client's secret is accepted, and what is known of its use.

use jeton_core::api_key::state::State;
use jeton_core::client::secret::ClientSecret;
use jeton_core::id::SecretId;
use jeton_core::policy::idle::{Idle, Used};
use jeton_core::usage::Outcome;
use jeton_verify::negatives::Subject;

use crate::revoke::TokenChange;
use crate::service::Service;

impl Service {
    /// When a client's secret was last used, to the minute, in seconds.
    #[must_use]
    pub fn secret_last_used(&self, id: &SecretId) -> Option<i64> {
        self.secret_uses.last(id)
    }

    /// What is known of the use of a client's secret; while the client is suspended, nobody can say.
    #[must_use]
    pub fn secret_used(&self, secret: &ClientSecret) -> Used {
        let usable_since = self.usable_since([Some((Subject::Client, secret.client.as_str())), None, None]);
        Used { last_at: self.secret_uses.last(&secret.id), counted_since: self.usage_counted_since().max(usable_since) }
    }

    /// What it is counted as that a client proves itself with a secret.
    pub(crate) fn counted_as(&self, secret: &ClientSecret, now_seconds: i64) -> Outcome {
        secret.counted_as(&self.registry.policies(), self.secret_used(secret), now_seconds)
    }

    /// Whether a change of a client's secret would change anything.
    pub(crate) fn would_change_secret(&self, secret: &ClientSecret, change: TokenChange, now_seconds: i64) -> bool {
        let policies = self.registry.policies();
        let idle = secret.idle(&policies, self.secret_used(secret), now_seconds);
        let has_ended = secret.has_ended(&policies, now_seconds);
        let is_accepted = secret.state == State::Active && idle == Idle::No;
        match change {
            TokenChange::Revoke => !has_ended,
            TokenChange::Suspend => !has_ended && is_accepted,
            TokenChange::Resume => !has_ended && idle != Idle::Revoked && !is_accepted,
        }
    }

    /// Whether a client's secret is accepted.
    pub(crate) fn accepts(&self, secret: &ClientSecret, now_seconds: i64) -> bool {
        let policies = self.registry.policies();
        secret.is_live(&policies, now_seconds) && secret.idle(&policies, self.secret_used(secret), now_seconds) == Idle::No
    }
}
